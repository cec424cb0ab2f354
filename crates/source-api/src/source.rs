//! The resource itself.

use kube_derive::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::access_token::AccessToken;
use crate::auth::AuthSpec;
use crate::delivery::DeliverySpec;
use crate::destination::SinkSpec;
use crate::event_rule::EventRuleSpec;
use crate::filter::FilterSpec;
use crate::overrides::CloudEventOverrides;
use crate::status::MnsOssSourceStatus;
use crate::template::PodTemplate;
use crate::{rules, schema};

/// What to receive from MNS, and where to send it.
#[expect(clippy::duplicated_attributes, reason = "several columns hold text")]
#[derive(Clone, Debug, PartialEq, CustomResource, KubeSchema, Serialize, Deserialize)]
#[kube(
    group = "sources.eventing.knative.dev",
    version = "v1alpha1",
    kind = "MnsOssSource",
    plural = "mnsosssources",
    singular = "mnsosssource",
    namespaced,
    status = "MnsOssSourceStatus",
    derive = "PartialEq",
    doc = "Receives notifications of Alibaba Cloud OSS through MNS and sends each as a CloudEvent to a sink.",
    category = "all",
    category = "knative",
    category = "eventing",
    category = "sources",
    label("duck.knative.dev/source", "true"),
    label("eventing.knative.dev/source", "true"),
    label("knative.dev/crd-install", "true"),
    label("app.kubernetes.io/part-of", "mnsoss-source"),
    annotation(
        "registry.knative.dev/eventTypes",
        r#"[
  {"type":"oss:ObjectCreated:AppendObject","description":"Bytes were appended to an object."},
  {"type":"oss:ObjectCreated:CompleteMultipartUpload","description":"A multipart upload was completed."},
  {"type":"oss:ObjectCreated:CopyObject","description":"An object was copied."},
  {"type":"oss:ObjectCreated:InitiateMultipartUpload","description":"A multipart upload was begun."},
  {"type":"oss:ObjectCreated:PostObject","description":"An object was uploaded by an HTML form."},
  {"type":"oss:ObjectCreated:PutObject","description":"An object was uploaded."},
  {"type":"oss:ObjectCreated:PutSymlink","description":"A symbolic link was made."},
  {"type":"oss:ObjectCreated:UploadPart","description":"A part of a multipart upload arrived."},
  {"type":"oss:ObjectCreated:UploadPartCopy","description":"A part of a multipart upload was copied."},
  {"type":"oss:ObjectDownloaded:GetObject","description":"An object was downloaded."},
  {"type":"oss:ObjectRemoved:AbortMultipartUpload","description":"A multipart upload was given up."},
  {"type":"oss:ObjectRemoved:DeleteObject","description":"An object was deleted."},
  {"type":"oss:ObjectRemoved:DeleteObjects","description":"Objects were deleted together."},
  {"type":"oss:ObjectReplication:ObjectCreated","description":"A new object was replicated."},
  {"type":"oss:ObjectReplication:ObjectModified","description":"A changed object was replicated."},
  {"type":"oss:ObjectReplication:ObjectRemoved","description":"A deletion was replicated."}
]"#
    ),
    printcolumn(name = "Sink", type_ = "string", json_path = ".status.sinkUri"),
    printcolumn(
        name = "Bucket",
        type_ = "string",
        json_path = ".spec.eventRule.bucket"
    ),
    printcolumn(
        name = "Topic",
        type_ = "string",
        json_path = ".spec.topic",
        priority = "1"
    ),
    printcolumn(name = "Queue", type_ = "string", json_path = ".status.queue", priority = "1"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].reason"
    ),
    scale(
        spec_replicas_path = ".spec.consumers",
        status_replicas_path = ".status.consumers",
        label_selector_path = ".status.selector"
    ),
    crates(kube_core = "::kube_core")
)]
#[x_kube(crates(kube_core = ::kube_core), validation = rules::one_origin(), validation = rules::one_kind_of_credentials(), validation = rules::endpoint_without_secret(), validation = rules::one_service_account())]
#[serde(rename_all = "camelCase")]
#[schemars(transform = schema::tidy)]
pub struct MnsOssSourceSpec {
    /// Where events go.
    pub sink: SinkSpec,
    /// Events of a bucket to receive. The controller creates a queue and an event rule of OSS that
    /// delivers straight into it, and removes both when the source is deleted. Exactly one of
    /// `eventRule`, `topic` and `queue` must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_rule: Option<EventRuleSpec>,
    /// Topic that an event rule of OSS publishes to. The controller creates a queue, subscribes
    /// it to the topic, and removes both when the source is deleted or names another topic.
    /// Exactly one of `eventRule`, `topic` and `queue` must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 120))]
    #[x_kube(validation = rules::mns_name())]
    pub topic: Option<String>,
    /// Existing queue to receive from. It is never created, changed or deleted by the controller.
    /// Exactly one of `eventRule`, `topic` and `queue` must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 120))]
    #[x_kube(validation = rules::mns_name())]
    pub queue: Option<String>,
    /// Credentials for MNS in a Secret. Exactly one of `accessToken` and `auth` must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<AccessToken>,
    /// A RAM role for the adapter in place of a Secret. The controller then manages queue and
    /// subscription with a role of its own, in namespaces that its administrator lists
    /// (`CLOUD_IDENTITY_NAMESPACES`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthSpec>,
    /// Endpoint of MNS, such as `https://<account>.mns.<region>-internal-vpc.aliyuncs.com`, if no Secret
    /// has it. If absent, it is the public one of `accountId` and `region`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    #[x_kube(validation = rules::mns_endpoint())]
    pub endpoint: Option<String>,
    /// Number of the account that owns the queue, if neither the host of the endpoint nor the
    /// Secret has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32))]
    #[x_kube(validation = rules::account_id())]
    pub account_id: Option<String>,
    /// Region of MNS, such as `cn-shanghai`, if neither the host of the endpoint nor the Secret has
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = rules::region())]
    pub region: Option<String>,
    /// ServiceAccount that the adapter pods run as. It needs no permissions. If absent, it is one
    /// that the controller creates for the source if a sink expects tokens (OIDC), else `default`.
    /// It must be absent with `auth`, which names one itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::object_name())]
    pub service_account_name: Option<String>,
    /// Attributes to set on every event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ce_overrides: Option<CloudEventOverrides>,
    /// How events are delivered and what happens when that fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliverySpec>,
    /// Which events are delivered; all of them if absent. The others are deleted from the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<FilterSpec>,
    /// Form of an event's data: `Json` (a document `{"events": [...]}`, the default) or
    /// `Base64` (a JSON string that holds the document in base64, as the original source sent
    /// it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// Version of CloudEvents that events are sent in: `1.0` (the default), `0.3`, or `0.2`, which
    /// the original source sent. Its consumers accept `payload: Base64` in `0.3` with or without a
    /// Broker, in `0.2` only without one: today's Brokers support no version before 0.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec_version: Option<SpecVersion>,
    /// What happens to the queue, the event rule and the subscription when the source is deleted
    /// or no longer uses them: `Delete` (the default) or `Retain`. A queue given by `queue` is
    /// never deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Adapter pods that share the queue. `kubectl scale`, a HorizontalPodAutoscaler and KEDA
    /// set it; 0 pauses the source. If the annotation `autoscaling.eventing.knative.dev/class`
    /// requests KEDA, KEDA decides and this number is ignored.
    // Not written when it is the default, so that an autoscaler that owns it keeps it.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 0, max = 1000), extend("default" = 1))]
    pub consumers: i32,
    /// Settings for the adapter pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<PodTemplate>,
}

/// Form of an event's data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub enum Payload {
    /// A JSON document `{"events": [...]}`.
    #[default]
    Json,
    /// A JSON string that holds the document in base64.
    Base64,
}

/// A version of CloudEvents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub enum SpecVersion {
    /// 0.2, of 2019.
    #[serde(rename = "0.2")]
    V02,
    /// 0.3, the oldest that Brokers of today pass on.
    #[serde(rename = "0.3")]
    V03,
    /// 1.0, of today.
    #[default]
    #[serde(rename = "1.0")]
    V10,
}

/// What happens to the resources that the controller created in MNS, once they are no longer used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub enum DeletionPolicy {
    /// It is removed, with the messages that are still in the queue.
    #[default]
    Delete,
    /// It stays, and goes on collecting messages.
    Retain,
}

/// Where a source reads from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// Events of a bucket: the controller creates queue and event rule.
    EventRule(&'a EventRuleSpec),
    /// A topic: the controller creates queue and subscription.
    Topic(&'a str),
    /// An existing queue, which the controller does not manage.
    Queue(&'a str),
}

/// A source that names no origin, or several. Permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("exactly one of `eventRule`, `topic` and `queue` must be given")]
pub struct OriginError;

impl MnsOssSourceSpec {
    /// Where to read from.
    ///
    /// # Errors
    /// Permanent: none or several are given.
    pub fn origin(&self) -> Result<Origin<'_>, OriginError> {
        match (
            self.event_rule.as_ref(),
            self.topic.as_deref(),
            self.queue.as_deref(),
        ) {
            (Some(rule), None, None) => Ok(Origin::EventRule(rule)),
            (None, Some(topic), None) => Ok(Origin::Topic(topic)),
            (None, None, Some(queue)) => Ok(Origin::Queue(queue)),
            _ => Err(OriginError),
        }
    }
}

fn one() -> i32 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_one(consumers: &i32) -> bool {
    *consumers == one()
}
