//! A bounded number of mutations of the corpus, from a seed that can be set.

use std::env;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use fuzz_entries::{TARGETS, Target};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::corpus;
use crate::mutator::mutated;
use crate::trial::{Trial, TrialOutcome};

/// Repeats a run: the seed that a failure names.
const SEED: &str = "FUZZ_SEED";

/// Seeded, so that a failure can be repeated; a fuzzer looks further.
const USUAL_SEED: u64 = 5_251_708_684_917_165_190;

/// Inputs per target.
const INPUTS: usize = 3000;

/// Time per target, for machines on which the inputs take longer.
const BUDGET: Duration = Duration::from_secs(1);

#[test]
fn mutations_of_the_corpus_hold() {
    let seed = env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(USUAL_SEED);
    println!("{SEED}={seed}");
    for target in &TARGETS {
        let tried = try_out(target, seed);
        println!("{}: {tried} inputs", target.name);
    }
}

/// Returns how many inputs were tried.
fn try_out(target: &Target, seed: u64) -> usize {
    let mut random = StdRng::seed_from_u64(seed);
    let corpus = corpus::of(target);
    let trial = Trial::start(target);
    let started = Instant::now();
    for tried in 0..INPUTS {
        if started.elapsed() > BUDGET {
            return tried;
        }
        let (one, other) = (
            corpus.choose(&mut random).unwrap(),
            corpus.choose(&mut random).unwrap(),
        );
        let input = mutated(&mut random, &one.bytes, &other.bytes);
        if let TrialOutcome::Broken(why) = trial.run(&input) {
            panic!(
                "`{}` breaks on a mutation of `{}` ({SEED}={seed}, input {tried}): {why}\n\
                 keep the input as e2e/fuzz/corpus/{}/<what it is>: printf '{}'",
                target.name,
                one.name,
                target.name,
                printf(&input)
            );
        }
    }
    INPUTS
}

/// The bytes as an argument of `printf` in a shell.
fn printf(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        match byte {
            b'%' => text.push_str("%%"),
            b' '..=b'~' if !matches!(byte, b'\\' | b'\'') => text.push(char::from(*byte)),
            _ => {
                let _ = write!(text, "\\{byte:03o}");
            }
        }
        text
    })
}

#[test]
fn the_same_seed_makes_the_same_inputs() {
    let made = |seed| {
        let mut random = StdRng::seed_from_u64(seed);
        (0..50)
            .map(|_| mutated(&mut random, b"<a>1</a>", b"{}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(made(7), made(7));
    assert_ne!(made(7), made(8));
}

#[test]
fn an_input_is_shown_as_printf_takes_it() {
    assert_eq!(printf(b"a%'\\\n\xff"), "a%%\\047\\134\\012\\377");
}
