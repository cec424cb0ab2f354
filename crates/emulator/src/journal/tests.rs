use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::*;

#[derive(Debug, Default, PartialEq)]
struct Counters(BTreeMap<String, u64>);

#[derive(Debug, Serialize, Deserialize)]
enum Change {
    Add { name: String, amount: u64 },
    Forget { name: String },
}

impl Journaled for Counters {
    type Record = Change;

    const SECTION: &'static str = "counters";

    fn apply(&mut self, record: Change) {
        match record {
            Change::Add { name, amount } => *self.0.entry(name).or_default() += amount,
            Change::Forget { name } => drop(self.0.remove(&name)),
        }
    }

    fn snapshot(&self) -> Vec<Change> {
        let add = |(name, amount): (&String, &u64)| Change::Add {
            name: name.clone(),
            amount: *amount,
        };
        self.0.iter().map(add).collect()
    }
}

fn open(directory: &TempDir) -> (Journal, Counters) {
    let journal = Journal::open(directory.path()).unwrap();
    let counters = journal.restore(Counters::default()).unwrap();
    journal.begin().unwrap();
    (journal, counters)
}

fn append(journal: &Journal, record: &Change) {
    journal.append::<Counters>(record).unwrap();
}

fn add(name: &str, amount: u64) -> Change {
    Change::Add {
        name: name.to_owned(),
        amount,
    }
}

#[test]
fn what_was_appended_is_there_again_and_compacted() {
    let directory = TempDir::new().unwrap();
    let (journal, counters) = open(&directory);
    assert_eq!(counters, Counters::default());
    for record in [
        add("a", 1),
        add("b", 5),
        add("a", 2),
        Change::Forget {
            name: "b".to_owned(),
        },
    ] {
        append(&journal, &record);
    }
    drop(journal);

    let (_journal, counters) = open(&directory);
    assert_eq!(counters.0, BTreeMap::from([("a".to_owned(), 3)]));
    let text = std::fs::read_to_string(directory.path().join(FILE)).unwrap();
    insta::assert_snapshot!(text, @r#"{"section":"counters","record":{"Add":{"name":"a","amount":3}}}"#);
}

#[test]
fn a_line_cut_at_any_byte_loses_only_itself() {
    let directory = TempDir::new().unwrap();
    let (journal, _) = open(&directory);
    append(&journal, &add("first", 1));
    let path = directory.path().join(FILE);
    let kept = std::fs::read(&path).unwrap().len();
    append(&journal, &add("second", 2));
    drop(journal);
    let whole = std::fs::read(&path).unwrap();

    for cut in kept..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let (_journal, counters) = open(&directory);
        assert_eq!(
            counters.0,
            BTreeMap::from([("first".to_owned(), 1)]),
            "cut at {cut}"
        );
    }
}

#[test]
fn a_damaged_line_in_the_middle_is_named() {
    let directory = TempDir::new().unwrap();
    let good = r#"{"section":"counters","record":{"Add":{"name":"a","amount":3}}}"#;
    for bad in ["{", "{}", r#"{"section":"counters","record":7}"#] {
        std::fs::write(
            directory.path().join(FILE),
            format!("{good}\n{bad}\n{good}\n"),
        )
        .unwrap();
        let opened = Journal::open(directory.path());
        let error = opened
            .and_then(|journal| journal.restore(Counters::default()))
            .unwrap_err();
        assert!(
            matches!(error, JournalError::Damaged { line: 2, .. }),
            "{bad}: {error}"
        );
    }
}

#[test]
fn a_kill_while_compacting_loses_nothing() {
    let directory = TempDir::new().unwrap();
    let (journal, _) = open(&directory);
    append(&journal, &add("a", 1));
    drop(journal);

    let interrupted = Journal::open(directory.path()).unwrap();
    interrupted.restore(Counters::default()).unwrap();
    drop(interrupted);

    let (_journal, counters) = open(&directory);
    assert_eq!(counters.0, BTreeMap::from([("a".to_owned(), 1)]));
}

#[test]
fn a_data_directory_serves_one_emulator_at_a_time() {
    let directory = TempDir::new().unwrap();
    let (_journal, _) = open(&directory);
    let error = Journal::open(directory.path()).unwrap_err();
    assert!(matches!(error, JournalError::InUse { .. }), "{error}");
}

#[test]
fn a_journal_in_memory_keeps_nothing() {
    let journal = Journal::in_memory();
    append(&journal, &add("a", 1));
    journal.begin().unwrap();
    assert_eq!(
        journal.restore(Counters::default()).unwrap(),
        Counters::default()
    );
}

#[test]
fn without_room_to_compact_the_old_file_goes_on() {
    let directory = TempDir::new().unwrap();
    let (journal, _) = open(&directory);
    append(&journal, &add("a", 1));
    drop(journal);
    let path = directory.path().join(FILE);
    let mut torn = std::fs::read(&path).unwrap();
    torn.extend_from_slice(b"{\"section\":");
    std::fs::write(&path, torn).unwrap();

    // Whatever is written there finds the disk full.
    std::os::unix::fs::symlink("/dev/full", directory.path().join(COMPACTED)).unwrap();
    let (journal, counters) = open(&directory);
    assert_eq!(counters.0, BTreeMap::from([("a".to_owned(), 1)]));
    append(&journal, &add("a", 2));
    drop(journal);

    let (_journal, counters) = open(&directory);
    assert_eq!(counters.0, BTreeMap::from([("a".to_owned(), 3)]));
}
