//! The demand that a backlog makes on an autoscaler. Pure.

use crate::mns::{Backlog, MnsProblem};

/// The demand of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Demand {
    /// Messages that wait or are in flight, at least.
    pub(super) messages: u64,
    /// Whether there must be a pod.
    pub(super) is_active: bool,
}

impl Demand {
    /// The counters are used while they are not zero: MNS has announced that it will stop keeping
    /// them, and then only the peeked messages are known, which may be fewer than there are.
    ///
    /// A message in flight keeps the source active. Otherwise the pod that processes it would be
    /// stopped, and a message that returns after a failure would find no pod.
    ///
    /// # Errors
    /// Peeking failed, and the counters are zero.
    pub(super) fn of(backlog: &Backlog) -> Result<Self, MnsProblem> {
        let counted = backlog.active.saturating_add(backlog.in_flight);
        match &backlog.peeked {
            Ok(peeked) => Ok(Self {
                messages: counted.max(peeked.count),
                is_active: peeked.count > 0 || backlog.in_flight > 0,
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
    use crate::mns::{MnsResource, PeekedMessages};

    #[test]
    fn counters_are_used_until_they_are_zero() {
        let peeked = |count| {
            Ok(PeekedMessages {
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
            ("nothing", 0, 0, peeked(0), demand(0, false)),
            ("waiting", 7, 0, peeked(1), demand(7, true)),
            ("waiting and in flight", 7, 2, peeked(1), demand(9, true)),
            ("in flight alone", 0, 2, peeked(0), demand(2, true)),
            ("no counters", 0, 0, peeked(16), demand(16, true)),
            ("taken meanwhile", 1, 0, peeked(0), demand(1, false)),
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
                peeked(1),
                demand(u64::MAX, true),
            ),
        ];
        for (name, active, in_flight, peeked, expected) in table {
            let backlog = Backlog {
                active,
                in_flight,
                peeked,
            };
            assert_eq!(Demand::of(&backlog), expected, "{name}");
        }
    }
}
