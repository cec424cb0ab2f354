//! Nonces that were used, so that a recorded request cannot be sent again.
//!
//! Only as many are kept as matter: after the time a signature is good for, the date of a
//! request refuses it anyway.

use std::collections::{HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

/// Used nonces, each with the time it was used.
#[derive(Debug)]
pub(crate) struct Nonces {
    /// How long a nonce must be remembered.
    lifetime: SignedDuration,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    by_age: VecDeque<(Timestamp, String)>,
    all: HashSet<String>,
}

impl Nonces {
    /// None used yet.
    pub(crate) fn new(lifetime: SignedDuration) -> Self {
        Self {
            lifetime,
            used: Mutex::default(),
        }
    }

    /// Uses a nonce; `false` if it was used before.
    pub(crate) fn use_up(&self, nonce: &str, now: Timestamp) -> bool {
        let mut used = self.used.lock();
        while let Some((at, _)) = used.by_age.front() {
            if now.duration_since(*at) <= self.lifetime {
                break;
            }
            if let Some((_, forgotten)) = used.by_age.pop_front() {
                used.all.remove(&forgotten);
            }
        }
        let is_new = used.all.insert(nonce.to_owned());
        if is_new {
            used.by_age.push_back((now, nonce.to_owned()));
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_works_once_until_it_is_forgotten() {
        let nonces = Nonces::new(SignedDuration::from_mins(30));
        let start = Timestamp::UNIX_EPOCH;
        let later = |minutes| start + SignedDuration::from_mins(minutes);
        assert!(nonces.use_up("a", start));
        assert!(!nonces.use_up("a", later(30)));
        assert!(nonces.use_up("b", later(30)));
        assert!(nonces.use_up("a", later(31)));
        assert!(!nonces.use_up("b", later(31)));
    }
}
