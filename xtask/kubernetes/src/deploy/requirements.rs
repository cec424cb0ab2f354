//! Requirements on a cluster before anything is applied to it.
//!
//! Everything that is missing is reported at once, with the command that installs it: an apply that
//! stops half-way leaves an incomplete deployment.

use std::collections::BTreeMap;

use anyhow::Result;
use kube::api::DynamicObject;

use super::cluster::Cluster;
use super::identity::Identity;
use crate::versions::Versions;

/// Kinds that only make sense where their software runs, and can be left out elsewhere.
const OPTIONAL_GROUPS: [&str; 1] = ["networking.istio.io"];

/// The APIs that the cluster serves.
#[derive(Debug)]
pub(crate) struct Checked {
    /// To be applied, in order.
    pub(crate) objects: Vec<DynamicObject>,
    /// Left out, because the cluster does not run what they are for.
    pub(crate) left_out: Vec<Identity>,
}

/// Sorts out what cannot be applied.
///
/// # Errors
/// One line for each thing that must be installed first.
pub(crate) fn check(cluster: &Cluster, objects: Vec<DynamicObject>) -> Result<Checked> {
    let ours: Vec<_> = objects.iter().filter_map(defined_group).collect();
    let mut missing = BTreeMap::new();
    let mut checked = Checked {
        objects: Vec::new(),
        left_out: Vec::new(),
    };
    for object in objects {
        let identity = Identity::of(&object);
        if cluster.api(&identity).is_some() || ours.iter().any(|group| group == identity.group()) {
            checked.objects.push(object);
        } else if OPTIONAL_GROUPS.contains(&identity.group()) {
            checked.left_out.push(identity);
        } else {
            let versions = cluster.versions(identity.group());
            missing
                .entry((identity.api_version, identity.kind))
                .or_insert(versions);
        }
    }
    if missing.is_empty() {
        Ok(checked)
    } else {
        Err(report(&missing)?)
    }
}

/// The group of the kinds that an object brings with it.
fn defined_group(object: &DynamicObject) -> Option<String> {
    let is_definition = object
        .types
        .as_ref()
        .is_some_and(|types| types.kind == "CustomResourceDefinition");
    let group = object
        .data
        .pointer("/spec/group")
        .and_then(|group| group.as_str());
    group.filter(|_| is_definition).map(ToOwned::to_owned)
}

/// One paragraph for each thing to do.
fn report(missing: &BTreeMap<(String, String), Vec<String>>) -> Result<anyhow::Error> {
    let mut absent: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut paragraphs = Vec::new();
    for ((api_version, kind), served) in missing {
        if served.is_empty() {
            absent.entry(api_version).or_default().push(kind);
        } else {
            paragraphs.push(format!(
                "the cluster does not know {kind} of {api_version}: it serves the versions {}: deploy with `--profile current`",
                served.join(", ")
            ));
        }
    }
    for (api_version, kinds) in absent {
        paragraphs.push(format!(
            "the cluster does not know {} of {api_version}: {}",
            kinds.join(" and "),
            install(api_version)?
        ));
    }
    Ok(anyhow::anyhow!(paragraphs.join("\n")))
}

/// How to get a group that is not there at all.
fn install(api_version: &str) -> Result<String> {
    let knative = Versions::load()?.knative;
    let (name, manifests) = match api_version.split('/').next() {
        Some("eventing.knative.dev") => ("Knative Eventing", knative.eventing()),
        Some("serving.knative.dev") => ("Knative Serving", knative.serving()),
        _ => return Ok("install what brings it".to_owned()),
    };
    let commands: Vec<_> = manifests
        .iter()
        .map(|url| format!("\n  kubectl apply -f {url}"))
        .collect();
    Ok(format!("install {name}:{}", commands.concat()))
}
