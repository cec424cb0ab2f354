//! What happens when a delivery fails: Knative's `delivery`, carried by MNS.
//!
//! The count of attempts is the message's dequeue count and the wait is its visibility,
//! so both survive a crash. Waits are whole seconds, because MNS knows no shorter ones.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use service::settings::{any_duration, number};
use transport::Backoff;

use super::SinkAddress;

const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Ample for a Broker, and for most services that start from zero.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Without a dead letter sink a message is tried until its retention ends; this keeps
/// it from being tried too rarely to notice that the sink is back.
const MAX_WAIT: Duration = Duration::from_hours(1);

/// How waits grow from one retry to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackoffPolicy {
    /// `delay * 2^n`, n counted from 0.
    Exponential,
    /// `delay * n`, n counted from 1.
    Linear,
}

/// What happens when a delivery fails.
#[derive(Clone, Debug, clap::Args)]
pub struct Delivery {
    /// Retries after the first delivery, then the event is dead-lettered.
    // As many as a Broker and the other Knative sources make.
    #[arg(long = "delivery-retry", env = "DELIVERY_RETRY", value_name = "COUNT", default_value = "10", value_parser = number(0..=1000_u32))]
    pub retries: u32,
    /// How waits grow.
    #[arg(
        long = "delivery-backoff-policy",
        env = "DELIVERY_BACKOFF_POLICY",
        value_name = "POLICY",
        value_enum,
        ignore_case = true,
        default_value = "exponential"
    )]
    pub backoff_policy: BackoffPolicy,
    /// The first wait, ISO 8601; takes effect in whole seconds.
    #[arg(long = "delivery-backoff-delay", env = "DELIVERY_BACKOFF_DELAY", value_name = "DURATION", default_value = "PT1S", value_parser = any_duration)]
    pub delay: Duration,
    /// Time that a sink has for its answer, ISO 8601 [default: `K_SINK_TIMEOUT`, else PT60S].
    #[arg(long = "delivery-timeout", env = "DELIVERY_TIMEOUT", value_name = "DURATION", value_parser = any_duration)]
    pub delivery_timeout: Option<Duration>,
    /// The same in whole seconds, as Knative sets it.
    #[arg(long, env = "K_SINK_TIMEOUT", value_name = "SECONDS")]
    pub sink_timeout: Option<String>,
    /// The longest `Retry-After` to honour, ISO 8601; not honoured if absent.
    #[arg(long = "delivery-retry-after-max", env = "DELIVERY_RETRY_AFTER_MAX", value_name = "DURATION", default_value = "PT0S", hide_default_value = true, value_parser = any_duration)]
    pub retry_after_max: Duration,
    /// Where events go that the sink refused permanently, or that failed all retries.
    #[arg(long = "delivery-dead-letter-sink", env = "DELIVERY_DEAD_LETTER_SINK", value_name = "URL", hide_env_values = true, value_parser = SinkAddress::parser("an http or https URL"))]
    pub dead_letter_sink: Option<SinkAddress>,
    /// File with an OIDC token for the dead letter sink, read again when it changes.
    #[arg(
        long = "delivery-dead-letter-token-file",
        env = "DELIVERY_DEAD_LETTER_TOKEN_FILE",
        value_name = "PATH"
    )]
    pub dead_letter_token_file: Option<PathBuf>,
}

impl Delivery {
    /// How long a sink may take to answer. Knative takes anything but a positive number of
    /// seconds for "no timeout".
    #[must_use]
    pub fn timeout(&self) -> Duration {
        let knative = || self.sink_timeout.as_ref()?.parse().ok();
        self.delivery_timeout
            .filter(|timeout| !timeout.is_zero())
            .or_else(|| {
                knative()
                    .filter(|seconds| *seconds > 0)
                    .map(Duration::from_secs)
            })
            .unwrap_or(TIMEOUT)
    }

    /// Whether the attempt that has just failed was the last one allowed.
    #[must_use]
    pub fn is_spent(&self, dequeue_count: u32) -> bool {
        dequeue_count > self.retries
    }

    /// How long to hide a message after its `dequeue_count`th attempt failed. The longer
    /// of the backoff and what the sink asked for counts; the result is whole seconds.
    #[must_use]
    pub fn wait(&self, dequeue_count: u32, asked: Option<Duration>) -> Duration {
        let backoff = match self.backoff_policy {
            BackoffPolicy::Exponential => Backoff::new(self.delay, MAX_WAIT).after(dequeue_count),
            BackoffPolicy::Linear => self
                .delay
                .saturating_mul(dequeue_count.max(1))
                .min(MAX_WAIT),
        };
        let asked = asked.unwrap_or_default().min(self.retry_after_max);
        let wait = backoff.max(asked);
        Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(FIRST_WAIT)
    }

    /// The same for a message that neither the sink nor a dead letter sink accepts. At least doubled
    /// from a second, whatever the policy: its retries have no end, and it would be sent every second
    /// for days.
    #[must_use]
    pub fn retained_wait(&self, dequeue_count: u32, asked: Option<Duration>) -> Duration {
        let least = Backoff::new(FIRST_WAIT, MAX_WAIT).after(dequeue_count);
        self.wait(dequeue_count, asked).max(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(backoff_policy: BackoffPolicy, delay_ms: u64) -> Delivery {
        Delivery {
            retries: 3,
            backoff_policy,
            delay: Duration::from_millis(delay_ms),
            delivery_timeout: None,
            sink_timeout: None,
            retry_after_max: Duration::from_secs(30),
            dead_letter_sink: None,
            dead_letter_token_file: None,
        }
    }

    #[test]
    fn waits_grow_with_the_dequeue_count() {
        let table = [
            (
                "exponential from a second",
                BackoffPolicy::Exponential,
                1000,
                [1, 2, 4, 8, 16],
            ),
            (
                "exponential, fractions rounded up",
                BackoffPolicy::Exponential,
                300,
                [1, 1, 2, 3, 5],
            ),
            ("linear", BackoffPolicy::Linear, 2000, [2, 4, 6, 8, 10]),
            (
                "never without a pause",
                BackoffPolicy::Linear,
                0,
                [1, 1, 1, 1, 1],
            ),
        ];
        for (name, backoff_policy, delay_ms, expected) in table {
            let delivery = delivery(backoff_policy, delay_ms);
            let waits: Vec<_> = (1..=5)
                .map(|count| delivery.wait(count, None).as_secs())
                .collect();
            assert_eq!(waits, expected, "{name}");
        }
    }

    #[test]
    fn message_that_no_sink_accepts_is_tried_ever_more_rarely() {
        let table = [
            (
                "no delay at all",
                BackoffPolicy::Linear,
                0,
                [1, 2, 4, 8, 16],
            ),
            (
                "a longer delay",
                BackoffPolicy::Linear,
                5000,
                [5, 10, 15, 20, 25],
            ),
        ];
        for (name, backoff_policy, delay_ms, expected) in table {
            let delivery = delivery(backoff_policy, delay_ms);
            let waits: Vec<_> = (1..=5)
                .map(|count| delivery.retained_wait(count, None).as_secs())
                .collect();
            assert_eq!(waits, expected, "{name}");
            assert_eq!(delivery.retained_wait(u32::MAX, None), MAX_WAIT, "{name}");
        }
    }

    #[test]
    fn waits_stay_within_what_mns_can_hide() {
        for count in [0, 1, 31, 32, 33, 1000, u32::MAX] {
            let wait = delivery(BackoffPolicy::Exponential, 1000).wait(count, None);
            assert!((FIRST_WAIT..=MAX_WAIT).contains(&wait), "{count}: {wait:?}");
        }
    }

    #[test]
    fn sink_may_ask_for_a_longer_wait_within_bounds() {
        let delivery = delivery(BackoffPolicy::Exponential, 1000);
        let table = [
            ("longer", 10, 10),
            ("shorter than the backoff", 1, 4),
            ("too long", 3600, 30),
        ];
        for (name, asked, expected) in table {
            let wait = delivery.wait(3, Some(Duration::from_secs(asked)));
            assert_eq!(wait.as_secs(), expected, "{name}");
        }
    }

    #[test]
    fn attempts_are_retries_and_one() {
        let delivery = delivery(BackoffPolicy::Linear, 0);
        let spent: Vec<_> = (1..=5).map(|count| delivery.is_spent(count)).collect();
        assert_eq!(spent, [false, false, false, true, true]);
    }
}
