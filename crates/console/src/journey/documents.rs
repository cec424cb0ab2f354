//! The event and the reply about each photo, as far as memory allows.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Memory for all of them, in bytes.
const DOCUMENT_BYTES: usize = 32 << 20;

/// The event and the reply about a photo, as JSON.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Documents {
    #[serde(serialize_with = "text")]
    pub(crate) event: Option<Arc<str>>,
    #[serde(serialize_with = "text")]
    pub(crate) reply: Option<Arc<str>>,
}

/// Which of the two.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Event,
    Reply,
}

/// The documents of all photos; the oldest go first.
#[derive(Debug, Default)]
pub(super) struct DocumentStore {
    documents: HashMap<String, Documents>,
    /// Keys, the oldest first.
    kept: VecDeque<String>,
    bytes: usize,
}

impl DocumentStore {
    pub(super) fn get(&self, key: &str) -> Documents {
        self.documents.get(key).cloned().unwrap_or_default()
    }

    pub(super) fn keep(&mut self, key: &str, kind: Kind, document: &Arc<str>) {
        if !self.documents.contains_key(key) {
            self.kept.push_back(key.to_owned());
        }
        let documents = self.documents.entry(key.to_owned()).or_default();
        let place = match kind {
            Kind::Event => &mut documents.event,
            Kind::Reply => &mut documents.reply,
        };
        let replaced = place.replace(Arc::clone(document));
        self.bytes += document.len();
        self.bytes -= replaced.map_or(0, |replaced| replaced.len());
        while self.bytes > DOCUMENT_BYTES
            && let Some(oldest) = self.kept.pop_front()
        {
            let Documents { event, reply } = self.documents.remove(&oldest).unwrap_or_default();
            let both = [event, reply];
            self.bytes -= both.iter().flatten().map(|it| it.len()).sum::<usize>();
        }
    }
}

#[expect(clippy::ref_option, reason = "serde hands over the field")]
fn text<S: Serializer>(text: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_deref().serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded() {
        let mut store = DocumentStore::default();
        let large: Arc<str> = "x".repeat(DOCUMENT_BYTES / 2 + 1).into();
        for key in ["a", "b"] {
            store.keep(key, Kind::Event, &large);
            store.keep(key, Kind::Event, &large);
        }
        assert!(store.get("a").event.is_none());
        assert!(store.get("b").event.is_some());
    }
}
