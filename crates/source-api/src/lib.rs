//! `MnsOssSource`: the custom resource that turns notifications of OSS into CloudEvents.
//!
//! The types as the API server stores them, the rules that it checks them by, and what the
//! controller reads out of them: the parsed sink, the delivery policy, conditions after
//! Knative's rules, names of everything that belongs to a source.
//!
//! There is no client here, no clock and no I/O. Every object that the schema admits decodes, and
//! nothing in this crate depends on the controller that reconciles the resource.

#![expect(
    unreachable_pub,
    reason = "deriving a schema repeats each public struct inside a function"
)]

mod access_token;
mod auth;
mod autoscaling;
mod condition;
mod delivery;
mod delivery_policy;
mod deployment_state;
mod destination;
mod duration;
mod event_rule;
mod event_types;
mod filter;
mod manager;
pub mod names;
mod overrides;
mod pod_token;
mod rules;
mod schema;
mod sink;
mod source;
mod status;
mod template;
mod template_keys;

pub use access_token::{AccessToken, SecretKeyReference};
pub use auth::AuthSpec;
pub use autoscaling::{Autoscaling, AutoscalingError};
pub use condition::{Condition, ConditionStatus, Dependent, Notice, READY, Severity};
pub use delivery::{BackoffPolicy, DeliverySpec, EventFormat};
pub use delivery_policy::{Delivery, DeliveryError};
pub use deployment_state::DeploymentState;
pub use destination::{DestinationSpec, ObjectReference, SinkSpec};
pub use duration::{DurationError, format_duration, parse_duration};
pub use event_rule::EventRuleSpec;
pub use event_types::{EVENT_SOURCE, EVENT_TYPES, EVENT_TYPES_ANNOTATION, EventType, announced};
pub use filter::FilterSpec;
pub use manager::Conditions;
pub use overrides::CloudEventOverrides;
pub use pod_token::{STS_AUDIENCE, STS_TOKEN_FILE, mounted, sts_token, token_volume};
pub use sink::{Sink, SinkError, Target};
pub use source::{
    DeletionPolicy, MnsOssSource, MnsOssSourceSpec, Origin, OriginError, Payload, SpecVersion,
};
pub use status::{Auth, CloudEventAttributes, MnsOssSourceStatus};
pub use template::{PodTemplate, Resources, TaintEffect, Toleration, TolerationOperator};
pub use template_keys::{TemplateKeys, definition};
