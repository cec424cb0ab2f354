//! The event rule of a source.

use kube_derive::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::{filter, rules};

/// Which events of which objects OSS announces.
#[derive(Clone, Debug, Default, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[x_kube(crates(kube_core = ::kube_core))]
#[serde(rename_all = "camelCase")]
pub struct EventRuleSpec {
    /// Bucket whose objects are announced. It must be of the account that the credentials are
    /// of.
    #[schemars(length(min = 3, max = 63))]
    #[x_kube(validation = rules::bucket())]
    pub bucket: String,
    /// Region of the bucket, such as `cn-shanghai`; that of MNS if absent. A rule delivers only
    /// within its region, so it must be the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = rules::region())]
    pub region: Option<String>,
    /// Names of the events that are announced, such as `ObjectCreated:PutObject`; a trailing `*`
    /// takes a whole group. `ObjectCreated:*` if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "filter::event_names")]
    #[x_kube(validation = rules::event_names())]
    pub events: Vec<String>,
    /// Only objects whose key starts with this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1023))]
    pub prefix: Option<String>,
    /// Only objects whose key ends with this text, such as `.jpg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1023))]
    pub suffix: Option<String>,
    /// No object whose key starts with this text, such as the folder that results are written
    /// to: then the result of an event causes no further event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1023))]
    pub exclude_prefix: Option<String>,
}

impl EventRuleSpec {
    /// The events that are announced.
    #[must_use]
    pub fn events(&self) -> Vec<&str> {
        if self.events.is_empty() {
            vec!["ObjectCreated:*"]
        } else {
            self.events.iter().map(String::as_str).collect()
        }
    }
}
