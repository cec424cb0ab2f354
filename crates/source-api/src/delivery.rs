//! What happens when a delivery fails, in the form of Knative's `DeliverySpec`.

use kube_derive::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::destination::DestinationSpec;
use crate::rules;

/// How events are delivered and what happens when that fails.
#[derive(Clone, Debug, Default, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[x_kube(crates(kube_core = ::kube_core))]
#[serde(rename_all = "camelCase")]
pub struct DeliverySpec {
    /// Sink for events that were rejected permanently or failed all retries, with the attributes
    /// `knativeerrordest`, `knativeerrorcode` and `knativeerrordata`. Without it such an event
    /// stays in the queue, and is retried with growing delay until the queue's retention ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_sink: Option<DestinationSpec>,
    /// Retries after the first attempt, 10 if absent. A response of 404, 408, 409, 429, 500, 502,
    /// 503 or 504, and no response at all, is retried; any other failure is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub retry: Option<i32>,
    /// How waits between retries grow: `exponential` (`backoffDelay * 2^n`, the default) or
    /// `linear` (`backoffDelay * n`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_policy: Option<BackoffPolicy>,
    /// The first wait, as an ISO 8601 duration such as `PT2S`; `PT1S` if absent. Waits are in whole
    /// seconds, because the queue hides the message for that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = rules::duration())]
    pub backoff_delay: Option<String>,
    /// Timeout of one delivery, as an ISO 8601 duration above zero; `PT1M` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = rules::duration(), validation = rules::not_zero())]
    pub timeout: Option<String>,
    /// Maximum `Retry-After` of the sink that is honoured, as an ISO 8601 duration. The header is
    /// ignored if this is absent or `PT0S`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = rules::duration())]
    pub retry_after_max: Option<String>,
    /// Encoding of events: `binary` (attributes in headers, the default) or `json` (one JSON
    /// document).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<EventFormat>,
}

/// How waits between retries grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackoffPolicy {
    /// Doubled each time.
    Exponential,
    /// Longer by the first wait each time.
    Linear,
}

/// Encoding of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventFormat {
    /// Structured mode: one JSON document.
    Json,
    /// Binary mode: attributes in headers.
    Binary,
}
