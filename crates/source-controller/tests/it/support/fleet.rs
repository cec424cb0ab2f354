//! Many sources in one cluster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::cloud::{ACCOUNT, KEY_ID, KEY_SECRET, REGION};
use super::cluster::Cluster;
use super::fixture::{SOURCE, modern_spec};

pub(crate) fn put_secret(cluster: &Cluster, name: &str, url: &str) {
    let document = json!({
        "url": url, "accessKeyId": KEY_ID, "accessKeySecret": KEY_SECRET,
        "accountId": ACCOUNT, "region": REGION,
    });
    let secret = json!({
        "metadata": {"name": name, "namespace": "shop"},
        "data": {"mns": STANDARD.encode(document.to_string())},
    });
    cluster.put(&format!("/api/v1/namespaces/shop/secrets/{name}"), secret);
}

/// Where the source of this name is.
pub(crate) fn path(name: &str) -> String {
    SOURCE.replace("photos", name)
}

pub(crate) fn put_source(cluster: &Cluster, name: &str, secret: &str) {
    let mut spec = modern_spec();
    spec["accessToken"]["secretKeyRef"]["name"] = json!(secret);
    let source = json!({
        "apiVersion": "sources.eventing.knative.dev/v1alpha1",
        "kind": "MnsOssSource",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-of-{name}")},
        "spec": spec,
    });
    cluster.put(&path(name), source);
}
