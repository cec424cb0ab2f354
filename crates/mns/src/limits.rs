//! The ranges that MNS allows, as types that cannot leave them.
//!
//! A value is checked where it is made, so that a call never fails because of a number. What
//! MNS reports is not forced into these types: older queues may hold values beyond today's
//! ranges.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// A number that MNS would refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{what} must be {least} to {most}, not {value}")]
pub struct OutOfRange {
    what: &'static str,
    value: u64,
    least: u32,
    most: u32,
}

impl OutOfRange {
    fn check(what: &'static str, value: u64, least: u32, most: u32) -> Result<u32, Self> {
        u32::try_from(value)
            .ok()
            .filter(|value| (least..=most).contains(value))
            .ok_or(Self {
                what,
                value,
                least,
                most,
            })
    }
}

/// Whole seconds, rounded up, so that nothing ends sooner than asked for.
fn whole_seconds(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_add(u64::from(duration.subsec_nanos() > 0))
}

macro_rules! seconds {
    ($(#[$doc:meta])* $name:ident, $what:literal, $least:literal..=$most:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The shortest.
            pub const MIN: Self = Self($least);
            /// The longest.
            pub const MAX: Self = Self($most);

            /// Takes a duration, rounded up to whole seconds, that is in range.
            pub fn try_new(duration: Duration) -> Result<Self, OutOfRange> {
                OutOfRange::check($what, whole_seconds(duration), $least, $most).map(Self)
            }

            /// The value in range nearest to `duration` rounded up to whole seconds.
            #[must_use]
            pub fn saturating(duration: Duration) -> Self {
                Self::try_new(duration).unwrap_or(if duration < Self::MIN.get() { Self::MIN } else { Self::MAX })
            }

            /// The duration.
            #[must_use]
            pub fn get(self) -> Duration {
                Duration::from_secs(self.0.into())
            }
        }

        impl fmt::Display for $name {
            /// Whole seconds, without a unit, as MNS writes them.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! count {
    ($(#[$doc:meta])* $name:ident, $what:literal, $least:literal..=$most:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The least.
            pub const MIN: Self = Self($least);
            /// The most.
            pub const MAX: Self = Self($most);

            /// Takes a number that is in range.
            pub fn try_new(value: u32) -> Result<Self, OutOfRange> {
                OutOfRange::check($what, value.into(), $least, $most).map(Self)
            }

            /// The number.
            #[must_use]
            pub fn get(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

seconds! {
    /// How long a received message stays hidden from other receivers: 1 s to 12 h.
    VisibilityTimeout, "a visibility timeout in seconds", 1..=43_200
}
seconds! {
    /// How long a receive may wait for a message: 0 to 30 s.
    PollingWait, "a polling wait in seconds", 0..=30
}
seconds! {
    /// How long a sent message stays hidden at first: 0 s to 7 days.
    Delay, "a delay in seconds", 0..=604_800
}
seconds! {
    /// How long a message is kept: 60 s to 7 days.
    Retention, "a message retention period in seconds", 60..=604_800
}
count! {
    /// The largest message of a queue or topic, in bytes: 1 to 64 KiB.
    MaximumMessageSize, "a maximum message size in bytes", 1_024..=65_536
}
count! {
    /// The rank of a message, 1 first and 16 last. Messages without one have 8.
    Priority, "a priority", 1..=16
}
count! {
    /// How many messages one call may move: 1 to 16.
    BatchSize, "a batch size", 1..=16
}
count! {
    /// How many names one page of a list may hold: 1 to 1,000.
    PageSize, "a page size", 1..=1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn durations_are_rounded_up_and_checked() {
        let cases = [
            ("zero", Duration::ZERO, None),
            ("a part of a second", Duration::from_millis(1), Some(1)),
            ("one and a half", Duration::from_millis(1500), Some(2)),
            ("the longest", 43_200 * SECOND, Some(43_200)),
            (
                "a little longer",
                43_200 * SECOND + Duration::from_nanos(1),
                None,
            ),
            ("for ever", Duration::MAX, None),
        ];
        for (name, duration, expected) in cases {
            let timeout = VisibilityTimeout::try_new(duration).ok();
            assert_eq!(timeout.map(|timeout| timeout.0), expected, "{name}");
        }
    }

    #[test]
    fn saturating_stays_in_range() {
        assert_eq!(
            VisibilityTimeout::saturating(Duration::ZERO),
            VisibilityTimeout::MIN
        );
        assert_eq!(
            VisibilityTimeout::saturating(Duration::MAX),
            VisibilityTimeout::MAX
        );
        assert_eq!(VisibilityTimeout::saturating(3 * SECOND).get(), 3 * SECOND);
        assert_eq!(PollingWait::saturating(31 * SECOND), PollingWait::MAX);
    }

    #[test]
    fn refusal_says_what_is_allowed() {
        let refusals = [
            Delay::try_new(604_801 * SECOND).unwrap_err(),
            Retention::try_new(59 * SECOND).unwrap_err(),
            MaximumMessageSize::try_new(1_023).unwrap_err(),
            Priority::try_new(17).unwrap_err(),
            BatchSize::try_new(0).unwrap_err(),
            PageSize::try_new(1_001).unwrap_err(),
        ];
        insta::assert_snapshot!(refusals.map(|refusal| refusal.to_string()).join("\n"), @r#"
    a delay in seconds must be 0 to 604800, not 604801
    a message retention period in seconds must be 60 to 604800, not 59
    a maximum message size in bytes must be 1024 to 65536, not 1023
    a priority must be 1 to 16, not 17
    a batch size must be 1 to 16, not 0
    a page size must be 1 to 1000, not 1001
    "#);
    }
}
