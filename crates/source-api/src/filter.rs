//! Which events a source delivers.

use kube_derive::KubeSchema;
use schemars::{Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::{rules, schema};

/// Conditions on events; all that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[x_kube(crates(kube_core = ::kube_core))]
#[serde(rename_all = "camelCase")]
pub struct FilterSpec {
    /// Names of events, such as `ObjectCreated:PutObject`; a trailing `*` takes a whole
    /// group, as in `ObjectCreated:*`. All events if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "event_names")]
    #[x_kube(validation = rules::event_names())]
    pub event_names: Vec<String>,
    /// Only events of objects whose key starts with this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1023))]
    pub key_prefix: Option<String>,
    /// Only events of objects whose key ends with this text, such as `.jpg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1023))]
    pub key_suffix: Option<String>,
}

/// Whether an event of this name (without `oss:`) is among these names and groups.
pub(crate) fn admits(patterns: &[&str], event_name: &str) -> bool {
    let mut patterns = patterns.iter();
    patterns.any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => event_name.starts_with(start),
        None => event_name == *pattern,
    })
}

pub(crate) fn event_names(_: &mut SchemaGenerator) -> Schema {
    schema::text_list(32, 64)
}
