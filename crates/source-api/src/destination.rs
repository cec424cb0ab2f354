//! Where events go, as the API server stores it: Knative's `Destination`, and beside it the
//! inline reference that sources had before 2020.

use kube_derive::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::rules;

/// An object that has an address: a Broker, a Channel, a Knative Service, a Service, or
/// anything else with `status.address`.
#[derive(Clone, Debug, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[x_kube(crates(kube_core = ::kube_core))]
#[serde(rename_all = "camelCase")]
pub struct ObjectReference {
    /// API version of the object, such as `eventing.knative.dev/v1`. If the cluster no longer
    /// serves it, a version that it does serve is used.
    #[schemars(length(min = 1, max = 317))]
    #[x_kube(validation = rules::api_version())]
    pub api_version: String,
    /// Kind of the object, such as `Broker`.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = rules::kind())]
    pub kind: String,
    /// Name of the object.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::object_name())]
    pub name: String,
    /// Namespace of the object; the source's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = rules::namespace())]
    pub namespace: Option<String>,
    /// Which of the object's `status.addresses` to use, by name; the first if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub address: Option<String>,
}

/// A receiver of events.
#[derive(Clone, Debug, Default, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[x_kube(
    crates(kube_core = ::kube_core),
    validation = rules::destination_is_given(),
    validation = rules::lone_uri_is_absolute("has(self.ref)"),
    validation = rules::uri_beside_object_is_relative("has(self.ref)"),
)]
#[serde(rename_all = "camelCase")]
pub struct DestinationSpec {
    /// An object that has an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "ref")]
    pub reference: Option<ObjectReference>,
    /// An absolute http or https URL; or, beside `ref`, a reference such as `/path` that is
    /// resolved against the object's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub uri: Option<String>,
    /// CA certificates in PEM to trust for https, beside the system's and those that the
    /// object announces.
    #[serde(default, rename = "CACerts", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 65536))]
    #[x_kube(validation = rules::pem())]
    pub ca_certs: Option<String>,
    /// OIDC audience of the target. It wins over the one that the object announces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub audience: Option<String>,
}

/// Where a source sends its events: `ref`, `uri`, or the older form with `apiVersion`, `kind`
/// and `name` right here.
#[derive(Clone, Debug, Default, PartialEq, Eq, KubeSchema, Serialize, Deserialize)]
#[x_kube(
    crates(kube_core = ::kube_core),
    validation = rules::sink_is_given(),
    validation = rules::inline_sink_is_alone(),
    validation = rules::inline_sink_is_complete(),
    validation = rules::lone_uri_is_absolute("has(self.ref) || has(self.kind)"),
    validation = rules::uri_beside_object_is_relative("has(self.ref) || has(self.kind)"),
)]
#[serde(rename_all = "camelCase")]
pub struct SinkSpec {
    /// An object that has an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "ref")]
    pub reference: Option<ObjectReference>,
    /// An absolute http or https URL; or, beside an object, a reference such as `/path` that
    /// is resolved against the object's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub uri: Option<String>,
    /// CA certificates in PEM to trust for https, beside the system's and those that the
    /// object announces.
    #[serde(default, rename = "CACerts", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 65536))]
    #[x_kube(validation = rules::pem())]
    pub ca_certs: Option<String>,
    /// OIDC audience of the sink. It wins over the one that the object announces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub audience: Option<String>,
    /// Older form, use `ref.apiVersion` instead: API version of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 317))]
    #[x_kube(validation = rules::api_version())]
    pub api_version: Option<String>,
    /// Older form, use `ref.kind` instead: kind of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = rules::kind())]
    pub kind: Option<String>,
    /// Older form, use `ref.name` instead: name of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::object_name())]
    pub name: Option<String>,
    /// Older form, use `ref.namespace` instead: namespace of the object; the source's own if
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = rules::namespace())]
    pub namespace: Option<String>,
}
