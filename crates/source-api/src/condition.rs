//! One condition of a source, in Knative's form.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube_derive::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The condition that summarizes all [`Dependent`]s; the one that generic tools read.
pub const READY: &str = "Ready";

/// One aspect of a source's state.
#[derive(Clone, Debug, PartialEq, KubeSchema, Serialize, Deserialize)]
#[x_kube(crates(kube_core = ::kube_core))]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What the condition is about, such as `Ready` or `SinkProvided`.
    #[serde(rename = "type")]
    pub type_: String,
    /// `True`, `False` or `Unknown`.
    pub status: ConditionStatus,
    /// How much a status other than `True` matters: absent means that the source is not
    /// ready then, `Warning` and `Info` only inform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// When any other field of the condition last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
    /// Why, in one word for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why, in a sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Whether something holds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize, Deserialize,
)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not, and that is a failure.
    False,
    /// Not known yet.
    Unknown,
}

/// How much a condition that is not `True` matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub enum Severity {
    /// A person should look, but the source works.
    Warning,
    /// No action is needed.
    Info,
}

/// What must hold for a source to be ready, in the order in which it comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dependent {
    /// The sink has an address.
    SinkProvided,
    /// The dead letter sink has an address, or the source has none.
    DeadLetterSinkResolved,
    /// No sink expects a token, or there is an identity to get one for.
    OidcIdentityCreated,
    /// The Secret holds credentials.
    CredentialsProvided,
    /// The queue exists, with the right attributes if the controller created it.
    QueueReady,
    /// The queue is subscribed to the topic, or is filled in another way.
    Subscribed,
    /// The event rule exists, or the source has none.
    EventRuleReady,
    /// The adapter is available, in its latest generation.
    Deployed,
}

impl Dependent {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::SinkProvided,
        Self::DeadLetterSinkResolved,
        Self::OidcIdentityCreated,
        Self::CredentialsProvided,
        Self::QueueReady,
        Self::Subscribed,
        Self::EventRuleReady,
        Self::Deployed,
    ];

    /// The condition's type.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SinkProvided => "SinkProvided",
            Self::DeadLetterSinkResolved => "DeadLetterSinkResolved",
            Self::OidcIdentityCreated => "OIDCIdentityCreated",
            Self::CredentialsProvided => "CredentialsProvided",
            Self::QueueReady => "QueueReady",
            Self::Subscribed => "Subscribed",
            Self::EventRuleReady => "EventRuleReady",
            Self::Deployed => "Deployed",
        }
    }
}

/// A condition that informs and does not count for `Ready`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The sink's API version is one that the cluster serves; `False` if another version of the
    /// same group is used instead.
    SinkVersionServed,
    /// All resources of earlier generations in MNS were removed; `False` while some are left.
    CleanedUp,
    /// KEDA scales the adapter, as annotations of the source request; `False` while
    /// `spec.consumers` decides instead.
    AutoscalerReady,
}

impl Notice {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::SinkVersionServed,
        Self::CleanedUp,
        Self::AutoscalerReady,
    ];

    /// The condition's type.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SinkVersionServed => "SinkVersionServed",
            Self::CleanedUp => "CleanedUp",
            Self::AutoscalerReady => "AutoscalerReady",
        }
    }
}
