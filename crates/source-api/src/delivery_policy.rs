//! `spec.delivery`, parsed.
//!
//! Absent fields stay absent: the adapter has the defaults.

use std::time::Duration;

use thiserror::Error;

use crate::delivery::{BackoffPolicy, DeliverySpec, EventFormat};
use crate::duration::{DurationError, parse_duration};
use crate::sink::{Sink, SinkError};

/// How events are delivered and what happens when that fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The dead letter sink.
    pub dead_letter_sink: Option<Sink>,
    /// Attempts after the first.
    pub retries: Option<u32>,
    /// How waits grow.
    pub backoff_policy: Option<BackoffPolicy>,
    /// The first wait.
    pub backoff_delay: Option<Duration>,
    /// Timeout of one delivery; never zero.
    pub timeout: Option<Duration>,
    /// Maximum `Retry-After` that is honoured.
    pub retry_after_max: Option<Duration>,
    /// Encoding of events.
    pub format: Option<EventFormat>,
}

/// Why a `spec.delivery` is invalid. Permanent: the user must change it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// The dead letter sink is invalid.
    #[error("`deadLetterSink` cannot be used")]
    DeadLetterSink(#[source] SinkError),
    /// A negative count.
    #[error("`retry` is `{0}`: it must not be negative")]
    Retry(i32),
    /// Not a duration.
    #[error("`{field}` cannot be used")]
    Duration {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        source: DurationError,
    },
    /// The timeout is zero.
    #[error("`timeout` is zero: it must be longer")]
    NoTime,
}

impl TryFrom<&DeliverySpec> for Delivery {
    type Error = DeliveryError;

    fn try_from(spec: &DeliverySpec) -> Result<Self, DeliveryError> {
        let DeliverySpec {
            dead_letter_sink,
            retry,
            backoff_policy,
            backoff_delay,
            timeout,
            retry_after_max,
            format,
        } = spec;
        let dead_letter_sink = dead_letter_sink.as_ref().map(Sink::try_from).transpose();
        let timeout = duration("timeout", timeout.as_deref())?;
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(DeliveryError::NoTime);
        }
        Ok(Self {
            dead_letter_sink: dead_letter_sink.map_err(DeliveryError::DeadLetterSink)?,
            retries: retry.map(retries).transpose()?,
            backoff_policy: *backoff_policy,
            backoff_delay: duration("backoffDelay", backoff_delay.as_deref())?,
            timeout,
            retry_after_max: duration("retryAfterMax", retry_after_max.as_deref())?,
            format: *format,
        })
    }
}

fn retries(retry: i32) -> Result<u32, DeliveryError> {
    u32::try_from(retry).map_err(|_| DeliveryError::Retry(retry))
}

fn duration(field: &'static str, text: Option<&str>) -> Result<Option<Duration>, DeliveryError> {
    text.map(parse_duration)
        .transpose()
        .map_err(|source| DeliveryError::Duration { field, source })
}
