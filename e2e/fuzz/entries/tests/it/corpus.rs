//! The files that are checked in under `e2e/fuzz/corpus`.

use std::fs;
use std::path::PathBuf;

use fuzz_entries::{TARGETS, Target};

use crate::trial::{Trial, TrialOutcome};

/// All files together; they are meant to be read by people.
const MAX_BYTES: usize = 600_000;

/// One input with its name.
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// The corpus of a target, in the order of the names.
pub(crate) fn of(target: &Target) -> Vec<Input> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus"));
    let files = fs::read_dir(folder.join(target.name)).unwrap();
    let mut inputs: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            Input {
                name: path.file_name().unwrap().to_string_lossy().into_owned(),
                bytes: fs::read(&path).unwrap(),
            }
        })
        .collect();
    inputs.sort_by(|one, other| one.name.cmp(&other.name));
    inputs
}

#[test]
fn every_file_of_the_corpus_holds() {
    for target in &TARGETS {
        let trial = Trial::start(target);
        for input in of(target) {
            if let TrialOutcome::Broken(why) = trial.run(&input.bytes) {
                panic!("e2e/fuzz/corpus/{}/{}: {why}", target.name, input.name);
            }
        }
    }
}

#[test]
fn the_corpus_stays_small_and_every_target_has_one() {
    let mut total = 0;
    for target in &TARGETS {
        let inputs = of(target);
        assert!(
            inputs.len() >= 10,
            "{}: {} files",
            target.name,
            inputs.len()
        );
        total += inputs.iter().map(|input| input.bytes.len()).sum::<usize>();
    }
    assert!(total <= MAX_BYTES, "{total} bytes");
}
