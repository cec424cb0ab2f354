//! What a backlog asks of an autoscaler. Pure.

use crate::mns::{Backlog, MnsProblem};

/// What a source has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Demand {
    /// Messages that wait or are in work, at least.
    pub(super) messages: u64,
    /// Whether there must be a pod.
    pub(super) is_active: bool,
}

impl Demand {
    /// The counters count as long as they are not zero: MNS is about to stop keeping them, and
    /// then only what can be seen is known, which is less than there may be.
    ///
    /// A message in work keeps the source active, or the pod that works on it would be ended, and
    /// one that comes back after a failure would find none.
    ///
    /// # Errors
    /// Nothing can be seen, and the counters say nothing.
    pub(super) fn of(backlog: &Backlog) -> Result<Self, MnsProblem> {
        let counted = backlog.active.saturating_add(backlog.in_work);
        match &backlog.seen {
            Ok(seen) => Ok(Self {
                messages: counted.max(seen.count),
                is_active: seen.count > 0 || backlog.in_work > 0,
            }),
            Err(_) if counted > 0 => Ok(Self {
                messages: counted,
                is_active: true,
            }),
            Err(problem) => Err(problem.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use transport::Disposition;

    use super::*;
    use crate::mns::{MnsResource, Seen};

    #[test]
    fn counters_count_until_they_are_zero() {
        let seen = |count| {
            Ok(Seen {
                count,
                first_enqueued: None,
            })
        };
        let problem = || {
            let message = "MNS answered `AccessDenied`".to_owned();
            let permanent = Disposition::Permanent;
            MnsProblem::new(MnsResource::Queue, "AccessDenied", message, permanent)
        };
        let demand = |messages, is_active| {
            Ok(Demand {
                messages,
                is_active,
            })
        };
        let table = [
            ("nothing", 0, 0, seen(0), demand(0, false)),
            ("waiting", 7, 0, seen(1), demand(7, true)),
            ("waiting and in work", 7, 2, seen(1), demand(9, true)),
            ("in work alone", 0, 2, seen(0), demand(2, true)),
            ("no counters", 0, 0, seen(16), demand(16, true)),
            ("taken meanwhile", 1, 0, seen(0), demand(1, false)),
            ("may not peek", 3, 0, Err(problem()), demand(3, true)),
            (
                "may not peek, no counters",
                0,
                0,
                Err(problem()),
                Err(problem()),
            ),
            (
                "beyond all bounds",
                u64::MAX,
                1,
                seen(1),
                demand(u64::MAX, true),
            ),
        ];
        for (name, active, in_work, seen, expected) in table {
            let backlog = Backlog {
                active,
                in_work,
                seen,
            };
            assert_eq!(Demand::of(&backlog), expected, "{name}");
        }
    }
}
