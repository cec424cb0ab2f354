//! Scaling by KEDA, as annotations request it.
//!
//! Their names, and what they mean, are those of Knative's Kafka source
//! (`control-plane/pkg/autoscaler/autoscaler_api.go` of eventing-kafka-broker). Where that has
//! defaults of its own, these are KEDA's: each query of a queue is a call that costs money.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use thiserror::Error;

/// The only class of autoscaler.
const KEDA: &str = "keda.autoscaling.knative.dev";
/// The same as no annotation.
const DISABLED: &str = "disabled";
/// The maximum of `spec.consumers`.
const MAX_CONSUMERS: i32 = 1000;
const DAY_SECONDS: i32 = 86_400;

/// How KEDA scales the adapter of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Autoscaling {
    /// Minimum number of adapter pods; with 0, an idle source has none.
    pub min_scale: i32,
    /// Maximum number of adapter pods.
    pub max_scale: i32,
    /// Interval of KEDA's calls.
    pub polling_interval_seconds: i32,
    /// How long after the last activity the last pod is stopped.
    pub cooldown_period_seconds: i32,
    /// Number of messages per pod.
    pub lag_threshold: i32,
}

/// An invalid annotation. Permanent. Its value is not quoted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AutoscalingError {
    /// There is no such autoscaler.
    #[error("annotation `{}` must be `{KEDA}` or `{DISABLED}`", key("class"))]
    Class,
    /// It is not a number, or too small or large.
    #[error(
        "annotation `{}` must be a whole number from {} to {}",
        key(.name), .range.start(), .range.end()
    )]
    Number {
        /// Last part of the annotation's name.
        name: &'static str,
        /// The valid values.
        range: RangeInclusive<i32>,
    },
    /// The minimum is above the maximum.
    #[error(
        "annotation `{}` must not be more than `{}`, which is {max}",
        key("min-scale"),
        key("max-scale")
    )]
    Order {
        /// The maximum.
        max: i32,
    },
}

impl Autoscaling {
    /// Default number of messages per pod.
    pub const LAG_THRESHOLD: i32 = 100;
    /// Valid values of [`lag_threshold`](Self::lag_threshold).
    pub const LAG_THRESHOLDS: RangeInclusive<i32> = 1..=1_000_000;

    /// Parses a source's annotations; `None` if they request no autoscaler.
    ///
    /// # Errors
    /// Permanent: an annotation is invalid.
    pub fn try_of(
        annotations: &BTreeMap<String, String>,
    ) -> Result<Option<Self>, AutoscalingError> {
        let text = |name: &str| annotations.get(&key(name)).map(|text| text.trim());
        match text("class") {
            None | Some("" | DISABLED) => return Ok(None),
            Some(KEDA) => {}
            Some(_) => return Err(AutoscalingError::Class),
        }
        let number = |name: &'static str, default: i32, range: RangeInclusive<i32>| {
            let number = text(name).map_or(Some(default), |text| text.parse().ok());
            number
                .filter(|number| range.contains(number))
                .ok_or(AutoscalingError::Number { name, range })
        };
        let scaling = Self {
            min_scale: number("min-scale", 0, 0..=MAX_CONSUMERS)?,
            max_scale: number("max-scale", 50, 1..=MAX_CONSUMERS)?,
            polling_interval_seconds: number("polling-interval", 30, 1..=DAY_SECONDS)?,
            cooldown_period_seconds: number("cooldown-period", 300, 0..=DAY_SECONDS)?,
            lag_threshold: number("lag-threshold", Self::LAG_THRESHOLD, Self::LAG_THRESHOLDS)?,
        };
        let max = scaling.max_scale;
        if scaling.min_scale > max {
            return Err(AutoscalingError::Order { max });
        }
        Ok(Some(scaling))
    }
}

fn key(name: &str) -> String {
    format!("autoscaling.eventing.knative.dev/{name}")
}
