//! The version of a Secret that the controller and the face service's pods use.
//!
//! A changed Secret changes no generation: a source that was ready stays ready until its
//! controller has read the Secret again, and a pod reads the old keys for up to a minute more.
//! So a source counts as ready only once its status names the Secret's version, and a Knative
//! Service that mounts a Secret gets a new revision for each version of it. The version is used and
//! not a digest, which could reveal short keys.

use anyhow::Result;
use kube::ResourceExt as _;
use kube::api::DynamicObject;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::identity::Identity;

/// On the template of a Knative Service: the Secrets' versions.
const ANNOTATION: &str = "deploy.mnsoss/secret-version";

/// In a source's status: the version of the Secret that its conditions are about.
const STATUS: &str = "/status/secretResourceVersion";

/// Annotates a Knative Service with the versions of its Secrets; any other object stays as it is.
///
/// # Errors
/// When the API server does not respond.
pub(crate) async fn note(cluster: &Cluster, object: &DynamicObject) -> Result<DynamicObject> {
    let mut noted = object.clone();
    let identity = Identity::of(object);
    if (identity.group(), identity.kind.as_str()) != ("serving.knative.dev", "Service") {
        return Ok(noted);
    }
    let volumes = object.data.pointer("/spec/template/spec/volumes");
    let volumes = volumes.and_then(Value::as_array).into_iter().flatten();
    let names = volumes.filter_map(|volume| volume.pointer("/secret/secretName")?.as_str());
    let mut versions = Vec::new();
    for name in names {
        versions.extend(version(cluster, object, name).await?);
    }
    if !versions.is_empty() {
        noted.data["spec"]["template"]["metadata"]["annotations"][ANNOTATION] =
            json!(versions.join(","));
    }
    Ok(noted)
}

/// Why the status of a source is not about the current version of its Secret; none if it is, and
/// for other objects.
///
/// # Errors
/// When the API server does not respond.
pub(crate) async fn outdated(cluster: &Cluster, object: &DynamicObject) -> Result<Option<String>> {
    if Identity::of(object).kind != "MnsOssSource" {
        return Ok(None);
    }
    let text = |path| object.data.pointer(path).and_then(Value::as_str);
    let Some(name) = text("/spec/accessToken/secretKeyRef/name") else {
        return Ok(None);
    };
    let now = version(cluster, object, name).await?;
    let is_known = now.is_none() || now.as_deref() == text(STATUS);
    Ok((!is_known).then(|| {
        format!("the controller has not read the current version of the Secret {name} yet")
    }))
}

/// The version of a Secret beside `object`; none if it is not there.
async fn version(cluster: &Cluster, object: &DynamicObject, name: &str) -> Result<Option<String>> {
    let secret = Identity {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        namespace: object.namespace(),
        name: name.to_owned(),
    };
    let secret = cluster.get(&secret).await?;
    Ok(secret.and_then(|secret| secret.resource_version()))
}
