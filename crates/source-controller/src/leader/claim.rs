//! Decides what to do about a Lease. Pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use tokio::time::Instant;

use super::LEASE_DURATION;

/// The next step of a candidate.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Claim {
    /// There is no Lease: create one.
    Create(Lease),
    /// The Lease is free: replace it by this.
    Replace(Lease),
    /// Another candidate holds it.
    Wait { holder: String },
}

/// A version of the Lease, and since when it has not changed.
#[derive(Clone, Debug)]
pub(super) struct ObservedLease {
    version: Option<String>,
    since: Instant,
}

impl ObservedLease {
    /// Records the Lease as it is now, and returns for how long it has not changed.
    pub(super) fn observe(
        last: &mut Option<Self>,
        lease: Option<&Lease>,
        now: Instant,
    ) -> Duration {
        let version = lease.and_then(|lease| lease.metadata.resource_version.clone());
        match last {
            Some(observed) if observed.version == version => now - observed.since,
            _ => {
                *last = Some(Self {
                    version,
                    since: now,
                });
                Duration::ZERO
            }
        }
    }
}

pub(super) fn decide(
    lease: Option<&Lease>,
    identity: &str,
    name: &str,
    unchanged_for: Duration,
    now: Timestamp,
) -> Claim {
    let Some(lease) = lease else {
        let mut lease = taken(&Lease::default(), identity, now);
        lease.metadata = ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        };
        return Claim::Create(lease);
    };
    match holder(lease) {
        // Ours from before this process was restarted in place.
        Some(holder) if holder == identity => Claim::Replace(renewed(lease, now)),
        Some(holder) if unchanged_for < validity(lease) => Claim::Wait {
            holder: holder.to_owned(),
        },
        _ => Claim::Replace(taken(lease, identity, now)),
    }
}

/// The holder of the Lease.
pub(super) fn holder(lease: &Lease) -> Option<&str> {
    let spec = lease.spec.as_ref()?;
    spec.holder_identity
        .as_deref()
        .filter(|holder| !holder.is_empty())
}

/// The Lease, renewed.
pub(super) fn renewed(lease: &Lease, now: Timestamp) -> Lease {
    let mut lease = lease.clone();
    let spec = lease.spec.get_or_insert_default();
    spec.renew_time = Some(MicroTime(now));
    spec.lease_duration_seconds = Some(seconds(LEASE_DURATION));
    lease
}

/// The Lease without a holder.
pub(super) fn released(lease: &Lease) -> Lease {
    let mut lease = lease.clone();
    lease.spec.get_or_insert_default().holder_identity = None;
    lease
}

fn taken(lease: &Lease, identity: &str, now: Timestamp) -> Lease {
    let mut lease = renewed(lease, now);
    let spec: &mut LeaseSpec = lease.spec.get_or_insert_default();
    spec.holder_identity = Some(identity.to_owned());
    spec.acquire_time = Some(MicroTime(now));
    spec.lease_transitions = Some(spec.lease_transitions.map_or(0, |count| count + 1));
    lease
}

/// The duration that the holder wrote into the Lease; another version of this program may use
/// another one.
fn validity(lease: &Lease) -> Duration {
    let stated = lease
        .spec
        .as_ref()
        .and_then(|spec| spec.lease_duration_seconds);
    stated
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map_or(LEASE_DURATION, Duration::from_secs)
        .min(2 * LEASE_DURATION)
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn lease(holder: &str) -> Lease {
        let spec = LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            lease_duration_seconds: Some(20),
            lease_transitions: Some(3),
            ..LeaseSpec::default()
        };
        let metadata = ObjectMeta {
            name: Some("l".to_owned()),
            resource_version: Some("7".to_owned()),
            ..ObjectMeta::default()
        };
        Lease {
            metadata,
            spec: Some(spec),
        }
    }

    /// Create, Replace or Wait, with holder and transitions of what is written.
    fn outcome(lease: Option<&Lease>, unchanged_s: u64) -> String {
        let unchanged_for = Duration::from_secs(unchanged_s);
        let written = |lease: &Lease| {
            let spec = lease.spec.as_ref().unwrap();
            let version = lease.metadata.resource_version.as_deref().unwrap_or("none");
            let transitions = spec.lease_transitions.unwrap_or_default();
            let is_new = spec.acquire_time.is_some();
            format!(
                "{} over {version}, {transitions} transitions, new: {is_new}",
                holder(lease).unwrap()
            )
        };
        match decide(lease, "me", "l", unchanged_for, NOW) {
            Claim::Create(lease) => format!("create {}", written(&lease)),
            Claim::Replace(lease) => format!("replace {}", written(&lease)),
            Claim::Wait { holder } => format!("wait for {holder}"),
        }
    }

    #[test]
    fn free_and_stale_leases_are_taken() {
        let no_duration = {
            let mut lease = lease("other");
            lease.spec.as_mut().unwrap().lease_duration_seconds = None;
            lease
        };
        let absurd = {
            let mut lease = lease("other");
            lease.spec.as_mut().unwrap().lease_duration_seconds = Some(i32::MAX);
            lease
        };
        let table = [
            (
                "none",
                None,
                0,
                "create me over none, 0 transitions, new: true",
            ),
            (
                "released",
                Some(lease("")),
                0,
                "replace me over 7, 4 transitions, new: true",
            ),
            ("held", Some(lease("other")), 19, "wait for other"),
            (
                "unchanged",
                Some(lease("other")),
                20,
                "replace me over 7, 4 transitions, new: true",
            ),
            (
                "ours from before a restart",
                Some(lease("me")),
                0,
                "replace me over 7, 3 transitions, new: false",
            ),
            (
                "no duration, held",
                Some(no_duration.clone()),
                14,
                "wait for other",
            ),
            (
                "no duration, unchanged",
                Some(no_duration),
                15,
                "replace me over 7, 4 transitions, new: true",
            ),
            (
                "held for years",
                Some(absurd),
                30,
                "replace me over 7, 4 transitions, new: true",
            ),
            (
                "no spec",
                Some(Lease::default()),
                0,
                "replace me over none, 0 transitions, new: true",
            ),
        ];
        for (name, lease, unchanged_s, expected) in table {
            assert_eq!(outcome(lease.as_ref(), unchanged_s), expected, "{name}");
        }
    }

    #[test]
    fn unchanged_time_is_counted_from_the_first_observation() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut last = None;
        let mut other = lease("other");
        assert_eq!(
            ObservedLease::observe(&mut last, Some(&other), at(0)),
            Duration::ZERO
        );
        assert_eq!(
            ObservedLease::observe(&mut last, Some(&other), at(9)),
            Duration::from_secs(9)
        );
        other.metadata.resource_version = Some("8".to_owned());
        assert_eq!(
            ObservedLease::observe(&mut last, Some(&other), at(12)),
            Duration::ZERO
        );
        assert_eq!(
            ObservedLease::observe(&mut last, Some(&other), at(14)),
            Duration::from_secs(2)
        );
    }

    #[test]
    fn released_lease_has_no_holder() {
        let released = released(&lease("me"));
        assert_eq!(holder(&released), None);
        assert_eq!(released.metadata.resource_version.as_deref(), Some("7"));
    }
}
