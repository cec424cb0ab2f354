//! Attributes that a source sets on every event.

use std::collections::BTreeMap;

use kube_derive::KubeSchema;
use schemars::{Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::{rules, schema};

/// Attributes to set on every event that is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[x_kube(crates(kube_core = ::kube_core))]
pub struct CloudEventOverrides {
    /// Extension attributes and their values. Names are lower-case letters and digits. An
    /// attribute that the event already has gets the value given here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "extensions")]
    #[x_kube(validation = rules::extension_names(), validation = rules::extension_names_are_free())]
    pub extensions: BTreeMap<String, String>,
}

fn extensions(_: &mut SchemaGenerator) -> Schema {
    schema::text_map(32, 1024)
}
