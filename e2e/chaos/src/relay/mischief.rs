//! Which requests a relay treats badly, and how.
//!
//! A trick counts when it did what it is called, not when it was meant to: an answer can
//! only be lost where there was one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// What is done to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    /// Answer with this status; the upstream hears nothing of it.
    Refuse(StatusCode),
    /// Close the connection; the upstream hears nothing of it.
    Drop,
    /// Pass it on and close the connection.
    LoseAnswer,
    /// Pass it on and answer by half.
    Halve,
    /// Pass it on twice at the same time.
    Double,
    /// Pass it on and keep the answer for so long.
    Hold(Duration),
}

/// The trick in force, if any. At most one at a time.
#[derive(Debug, Default)]
pub(crate) struct Mischief(Mutex<Option<Active>>);

#[derive(Debug)]
struct Active {
    trick: Trick,
    chance: f64,
    chances: StdRng,
    struck: u64,
}

impl Mischief {
    /// From now on `trick` strikes each request with this chance.
    pub(crate) fn begin(&self, trick: Trick, chance: f64, seed: u64) {
        *self.lock() = Some(Active {
            trick,
            chance,
            chances: StdRng::seed_from_u64(seed),
            struck: 0,
        });
    }

    /// Ends it and tells how many requests were struck.
    pub(crate) fn end(&self) -> u64 {
        self.lock().take().map_or(0, |active| active.struck)
    }

    /// How many requests were struck so far.
    pub(crate) fn struck(&self) -> u64 {
        self.lock().as_ref().map_or(0, |active| active.struck)
    }

    /// What is to be done to the next request.
    pub(crate) fn trick(&self) -> Option<Trick> {
        let mut active = self.lock();
        let active = active.as_mut()?;
        let strikes = active.chances.random_bool(active.chance);
        strikes.then_some(active.trick)
    }

    /// The trick was played on a request. Nothing counts once it has ended.
    pub(crate) fn played(&self, trick: Trick) {
        let mut active = self.lock();
        if let Some(active) = active.as_mut().filter(|active| active.trick == trick) {
            active.struck += 1;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Active>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tricks_strike_while_they_are_in_force() {
        let mischief = Mischief::default();
        assert_eq!(mischief.trick(), None);
        mischief.begin(Trick::Drop, 1.0, 0);
        assert_eq!(mischief.trick(), Some(Trick::Drop));
        assert_eq!(mischief.trick(), Some(Trick::Drop));
        assert_eq!((mischief.trick(), mischief.end()), (Some(Trick::Drop), 0));
        assert_eq!((mischief.trick(), mischief.end()), (None, 0));
    }

    #[test]
    fn a_trick_counts_when_it_was_played() {
        let mischief = Mischief::default();
        mischief.played(Trick::Drop);
        mischief.begin(Trick::Drop, 1.0, 0);
        mischief.played(Trick::Double);
        assert_eq!(mischief.struck(), 0, "the one before it");
        mischief.played(Trick::Drop);
        assert_eq!((mischief.struck(), mischief.end()), (1, 1));
        assert_eq!(mischief.struck(), 0, "it has ended");
    }
}
