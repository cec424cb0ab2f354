//! Scaling by KEDA, as annotations ask for it.
//!
//! Their names, and what they mean, are those of Knative's Kafka source
//! (`control-plane/pkg/autoscaler/autoscaler_api.go` of eventing-kafka-broker). Where that has
//! defaults of its own, these are KEDA's: each look at a queue is a call that costs money.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use thiserror::Error;

/// The only class of autoscaler that there is.
const KEDA: &str = "keda.autoscaling.knative.dev";
/// As if there were no annotation.
const DISABLED: &str = "disabled";
/// As many as `spec.consumers` may say.
const MOST_CONSUMERS: i32 = 1000;
const DAY_SECONDS: i32 = 86_400;

/// How KEDA scales the adapter of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Autoscaling {
    /// Fewest adapter pods; with 0, an idle source has none.
    pub min_scale: i32,
    /// Most adapter pods.
    pub max_scale: i32,
    /// How often KEDA asks whether there is work.
    pub polling_interval_seconds: i32,
    /// How long after the last work the last pod goes.
    pub cooldown_period_seconds: i32,
    /// How many messages one pod is enough for.
    pub lag_threshold: i32,
}

/// Why nobody knows how to scale a source. Permanent. What the annotation says is not quoted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AutoscalingError {
    /// There is no such autoscaler.
    #[error("annotation `{}` must be `{KEDA}` or `{DISABLED}`", key("class"))]
    Class,
    /// The number is none, or too small or large.
    #[error(
        "annotation `{}` must be a whole number from {} to {}",
        key(.name), .range.start(), .range.end()
    )]
    Number {
        /// Last part of the annotation's name.
        name: &'static str,
        /// What it may be.
        range: RangeInclusive<i32>,
    },
    /// The least is more than the most.
    #[error(
        "annotation `{}` must not be more than `{}`, which is {max}",
        key("min-scale"),
        key("max-scale")
    )]
    Order {
        /// The most.
        max: i32,
    },
}

impl Autoscaling {
    /// How many messages one pod is enough for, if nobody says it.
    pub const LAG_THRESHOLD: i32 = 100;
    /// What [`lag_threshold`](Self::lag_threshold) may be.
    pub const LAG_THRESHOLDS: RangeInclusive<i32> = 1..=1_000_000;

    /// Reads a source's annotations; `None` if they ask for no autoscaler.
    ///
    /// # Errors
    /// Permanent: an annotation is not what it must be.
    pub fn try_of(
        annotations: &BTreeMap<String, String>,
    ) -> Result<Option<Self>, AutoscalingError> {
        let text = |name: &str| annotations.get(&key(name)).map(|text| text.trim());
        match text("class") {
            None | Some("" | DISABLED) => return Ok(None),
            Some(KEDA) => {}
            Some(_) => return Err(AutoscalingError::Class),
        }
        let number = |name: &'static str, usual: i32, range: RangeInclusive<i32>| {
            let number = text(name).map_or(Some(usual), |text| text.parse().ok());
            number
                .filter(|number| range.contains(number))
                .ok_or(AutoscalingError::Number { name, range })
        };
        let scaling = Self {
            min_scale: number("min-scale", 0, 0..=MOST_CONSUMERS)?,
            max_scale: number("max-scale", 50, 1..=MOST_CONSUMERS)?,
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
