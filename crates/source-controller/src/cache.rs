//! Answers of the API server that hold until a watch says otherwise.
//!
//! Many passes ask for the same few Secrets and sinks. An answer is remembered only while
//! the watch on its kind is in working order, is forgotten as soon as that tells of a change,
//! and is believed for a minute at most, because a watch can also fall silent.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kube::ResourceExt;
use kube::runtime::watcher;
use tokio::time::Instant;

/// For how long an answer is believed.
const FRESH: Duration = Duration::from_mins(1);

/// What an answer is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    /// Which watch tells of it.
    pub(crate) watch: String,
    /// Its namespace; empty if its kind lives in none.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
}

/// A question that has been asked, to go with its answer.
#[derive(Debug)]
pub(crate) struct Asked(u64);

/// Remembered answers.
#[derive(Debug)]
pub(crate) struct Answers<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    /// Watches in working order.
    watched: HashSet<String>,
    entries: HashMap<Question, Entry<T>>,
    asked: u64,
    swept: Instant,
}

#[derive(Debug)]
enum Entry<T> {
    /// Somebody is asking; a change in the meantime makes the answer worthless.
    Asked(u64),
    Known(T, Instant),
}

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self(Mutex::new(State {
            watched: HashSet::new(),
            entries: HashMap::new(),
            asked: 0,
            swept: Instant::now(),
        }))
    }
}

impl<T: Clone> Answers<T> {
    /// The answer, or leave to ask.
    pub(crate) fn recall(&self, question: &Question) -> Result<T, Asked> {
        let mut state = self.lock();
        if let Some(Entry::Known(answer, since)) = state.entries.get(question)
            && since.elapsed() < FRESH
        {
            return Ok(answer.clone());
        }
        state.asked += 1;
        let asked = state.asked;
        if state.watched.contains(&question.watch) {
            state.entries.insert(question.clone(), Entry::Asked(asked));
        }
        Err(Asked(asked))
    }

    /// Remembers an answer, unless something changed since it was asked for.
    pub(crate) fn keep(&self, question: &Question, Asked(asked): Asked, answer: &T) {
        let mut state = self.lock();
        state.sweep();
        let entry = state.entries.get_mut(question);
        if let Some(entry @ Entry::Asked(_)) = entry
            && matches!(entry, Entry::Asked(last) if *last == asked)
        {
            *entry = Entry::Known(answer.clone(), Instant::now());
        }
    }

    /// Listens to what a watch says.
    pub(crate) fn hear<K: ResourceExt>(
        &self,
        watch: &str,
        event: &watcher::Result<watcher::Event<K>>,
    ) {
        let mut state = self.lock();
        match event {
            Ok(watcher::Event::Apply(object) | watcher::Event::Delete(object)) => {
                let question = Question {
                    watch: watch.to_owned(),
                    namespace: object.namespace().unwrap_or_default(),
                    name: object.name_any(),
                };
                state.entries.remove(&question);
                state.watched.insert(question.watch);
            }
            Ok(watcher::Event::InitDone) => {
                state.watched.insert(watch.to_owned());
            }
            Ok(watcher::Event::InitApply(_)) => {}
            Ok(watcher::Event::Init) | Err(_) => {
                state.watched.remove(watch);
                state.entries.retain(|question, _| question.watch != watch);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// Now and then drops what nobody may believe any more.
    fn sweep(&mut self) {
        if self.swept.elapsed() < FRESH {
            return;
        }
        self.swept = Instant::now();
        self.entries.retain(|_, entry| match entry {
            Entry::Asked(_) => true,
            Entry::Known(_, since) => since.elapsed() < FRESH,
        });
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::runtime::watcher::Event;
    use tokio::time::advance;

    use super::*;

    const WATCH: &str = "configmaps";

    fn question(name: &str) -> Question {
        Question {
            watch: WATCH.to_owned(),
            namespace: "shop".to_owned(),
            name: name.to_owned(),
        }
    }

    fn hear(answers: &Answers<u8>, event: Event<ConfigMap>) {
        answers.hear(WATCH, &Ok(event));
    }

    fn object(name: &str) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.namespace = Some("shop".to_owned());
        object.metadata.name = Some(name.to_owned());
        object
    }

    fn ask(answers: &Answers<u8>, name: &str, answer: u8) {
        let asked = answers.recall(&question(name)).unwrap_err();
        answers.keep(&question(name), asked, &answer);
    }

    fn recalled(answers: &Answers<u8>, name: &str) -> Option<u8> {
        answers.recall(&question(name)).ok()
    }

    #[tokio::test(start_paused = true)]
    async fn answers_hold_until_their_object_changes() {
        let answers = Answers::default();
        hear(&answers, Event::InitDone);
        ask(&answers, "a", 1);
        ask(&answers, "b", 2);
        hear(&answers, Event::Apply(object("a")));
        assert_eq!(recalled(&answers, "a"), None);
        assert_eq!(recalled(&answers, "b"), Some(2));
        hear(&answers, Event::Delete(object("b")));
        assert_eq!(recalled(&answers, "b"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn answer_that_a_change_overtook_is_worthless() {
        let answers = Answers::default();
        hear(&answers, Event::InitDone);
        let asked = answers.recall(&question("a")).unwrap_err();
        hear(&answers, Event::Apply(object("a")));
        answers.keep(&question("a"), asked, &1);
        assert_eq!(recalled(&answers, "a"), None);

        let (first, second) = (
            answers.recall(&question("a")),
            answers.recall(&question("a")),
        );
        answers.keep(&question("a"), second.unwrap_err(), &2);
        answers.keep(&question("a"), first.unwrap_err(), &1);
        assert_eq!(
            recalled(&answers, "a"),
            Some(2),
            "the later question counts"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_remembered_without_a_working_watch() {
        let answers = Answers::default();
        ask(&answers, "a", 1);
        assert_eq!(recalled(&answers, "a"), None, "no watch yet");
        hear(&answers, Event::InitDone);
        ask(&answers, "a", 1);
        answers.hear::<ConfigMap>(WATCH, &Err(watcher::Error::NoResourceVersion));
        assert_eq!(recalled(&answers, "a"), None, "a watch in trouble");
        hear(&answers, Event::Apply(object("b")));
        ask(&answers, "a", 1);
        assert_eq!(recalled(&answers, "a"), Some(1), "it works again");
        hear(&answers, Event::Init);
        assert_eq!(recalled(&answers, "a"), None, "it starts anew");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_believed_for_ever_or_kept() {
        let answers = Answers::default();
        hear(&answers, Event::InitDone);
        ask(&answers, "a", 1);
        advance(FRESH).await;
        assert_eq!(recalled(&answers, "b"), None);
        ask(&answers, "b", 1);
        assert_eq!(recalled(&answers, "a"), None);
        let known = answers.lock().entries.len();
        assert_eq!(known, 2, "what is asked for now and `b`");
    }
}
