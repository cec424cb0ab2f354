//! Runs inputs one after another and notices a panic as well as a hang.
//!
//! Inputs run on a thread of their own, because a reader that does not end cannot be stopped
//! in any other way than by failing the test while it runs.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use fuzz_entries::Target;

/// Much longer than any input takes, on a machine that does a lot else.
const PATIENCE: Duration = Duration::from_secs(20);

thread_local! {
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The outcome of one input.
pub(crate) enum TrialOutcome {
    Held,
    Broken(String),
}

/// A target at work.
pub(crate) struct Trial {
    inputs: SyncSender<Vec<u8>>,
    verdicts: Receiver<TrialOutcome>,
}

impl Trial {
    pub(crate) fn start(target: &Target) -> Self {
        quiet();
        let run = target.run;
        let (inputs, todo) = sync_channel::<Vec<u8>>(1);
        let (done, verdicts) = sync_channel(1);
        // Ends when the trial is dropped; nobody waits for one that hangs.
        thread::spawn(move || {
            for input in todo {
                let outcome = catch_unwind(AssertUnwindSafe(|| run(&input)));
                let verdict =
                    outcome.map_or_else(|_| TrialOutcome::Broken(said()), |()| TrialOutcome::Held);
                if done.send(verdict).is_err() {
                    return;
                }
            }
        });
        Self { inputs, verdicts }
    }

    pub(crate) fn run(&self, input: &[u8]) -> TrialOutcome {
        self.inputs.send(input.to_vec()).unwrap();
        let verdict = self.verdicts.recv_timeout(PATIENCE);
        verdict.unwrap_or_else(|_| TrialOutcome::Broken(format!("no end within {PATIENCE:?}")))
    }
}

/// Keeps what a panic on a trial's thread says for the verdict; all others print it as ever.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let printing = take_hook();
        set_hook(Box::new(move |panic| {
            if thread::current().name().is_none() {
                SAID.set(Some(panic.to_string()));
            } else {
                printing(panic);
            }
        }));
    });
}

fn said() -> String {
    SAID.take()
        .unwrap_or_else(|| "a panic without a word".to_owned())
}

#[test]
fn a_panic_and_its_words_are_noticed() {
    let target = Target {
        name: "broken",
        run: |input| assert!(input.is_empty(), "{} bytes", input.len()),
    };
    let trial = Trial::start(&target);
    assert!(matches!(trial.run(b""), TrialOutcome::Held));
    let TrialOutcome::Broken(why) = trial.run(b"abc") else {
        panic!("a panic was overlooked");
    };
    assert!(why.contains("3 bytes"), "{why}");
    assert!(
        matches!(trial.run(b""), TrialOutcome::Held),
        "the trial goes on"
    );
}
