//! Removes the objects that a deployment created, and no others.
//!
//! Sources are removed first, while the controller still runs to finalize them. An object that
//! existed before the first deployment stays, and so does everything whose removal would affect
//! others: the definition of their sources, a namespace that they use, and objects of another
//! deployment.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Preconditions};

use super::apply::is_created_by_us;
use super::cluster::Cluster;
use super::identity::Identity;
use super::inventory::Inventory;
use super::progress::Progress;
use super::{ClusterArgs, order, wait};

/// The kind whose definition is deployed.
const SOURCE: &str = "MnsOssSource";

/// Kinds that people create in a namespace by hand, which show that they use it.
const USED_BY_OTHERS: [(&str, &str); 8] = [
    ("v1", "ConfigMap"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("eventing.knative.dev/v1", "Broker"),
];

/// Created by the cluster in every namespace.
const CLUSTERS_OWN: [&str; 2] = ["kube-root-ca.crt", "openshift-service-ca.crt"];

pub(crate) async fn run(args: &ClusterArgs) -> Result<()> {
    let objects = args.objects(&args.rendering.load()?)?;
    let cluster = Cluster::connect(args.context.as_deref()).await?;
    undeploy(&cluster, &objects, args.timeout(), &Progress::new()).await
}

/// Removes the objects that a deployment created, of `objects` and of this deployment's inventory.
pub(crate) async fn undeploy(
    cluster: &Cluster,
    objects: &[DynamicObject],
    timeout: Duration,
    progress: &Progress,
) -> Result<()> {
    let inventory = Inventory::load(cluster.client.clone(), objects).await?;
    let known = inventory.objects().into_iter();
    let known: BTreeSet<_> = known.chain(objects.iter().map(Identity::of)).collect();
    let (shared, known): (BTreeSet<_>, BTreeSet<_>) = known
        .into_iter()
        .partition(|object| inventory.is_shared(object));
    for identity in &shared {
        progress.say(&format!("{identity} stays: another deployment has it, too"));
    }
    let mut ours = made_by_us(cluster, &known, progress).await?;
    // Backwards, so that objects that others need are removed last.
    ours.sort_by_key(|object| std::cmp::Reverse(order::place(&Identity::of(object))));
    spare_others_sources(cluster, &ours).await?;
    let (namespaces, ours): (Vec<_>, Vec<_>) = ours
        .into_iter()
        .partition(|object| kind(object) == "Namespace");
    let (sources, rest): (Vec<_>, Vec<_>) =
        ours.into_iter().partition(|object| kind(object) == SOURCE);
    for group in [sources, rest] {
        remove(cluster, &group, timeout, progress).await?;
    }
    inventory.delete().await?;
    let namespaces = unused(cluster, namespaces, progress).await?;
    remove(cluster, &namespaces, timeout, progress).await?;
    progress.say("all deployed objects were removed");
    Ok(())
}

fn kind(object: &DynamicObject) -> &str {
    object.types.as_ref().map_or("", |types| &types.kind)
}

async fn made_by_us(
    cluster: &Cluster,
    known: &BTreeSet<Identity>,
    progress: &Progress,
) -> Result<Vec<DynamicObject>> {
    let mut ours = Vec::new();
    for identity in known {
        match cluster.get(identity).await? {
            Some(object) if is_created_by_us(&object) => ours.push(object),
            Some(_) => progress.say(&format!("{identity} stays: no deployment created it")),
            None => {}
        }
    }
    Ok(ours)
}

/// With the definition of a kind, the API server removes every object of it.
async fn spare_others_sources(cluster: &Cluster, ours: &[DynamicObject]) -> Result<()> {
    let definition = ours
        .iter()
        .find(|object| kind(object) == "CustomResourceDefinition");
    let Some(definition) = definition else {
        return Ok(());
    };
    let path = |path| {
        definition
            .data
            .pointer(path)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
    };
    let api_version = format!("{}/{}", path("/spec/group"), path("/spec/versions/0/name"));
    let all = list(cluster, &api_version, path("/spec/names/kind"), None).await?;
    let others: Vec<_> = all
        .iter()
        .map(Identity::of)
        .filter(|source| !ours.iter().any(|object| Identity::of(object) == *source))
        .collect();
    if !others.is_empty() {
        let names: Vec<_> = others.iter().map(ToString::to_string).collect();
        bail!(
            "the cluster has sources that no deployment created, and they would be lost: delete them first: {}",
            names.join(", ")
        );
    }
    Ok(())
}

/// The namespaces with no objects of others in them.
async fn unused(
    cluster: &Cluster,
    namespaces: Vec<DynamicObject>,
    progress: &Progress,
) -> Result<Vec<DynamicObject>> {
    let mut unused = Vec::new();
    for namespace in namespaces {
        let identity = Identity::of(&namespace);
        match first_user(cluster, &identity.name).await? {
            Some(user) => progress.say(&format!("{identity} stays: it holds {user}")),
            None => unused.push(namespace),
        }
    }
    Ok(unused)
}

async fn first_user(cluster: &Cluster, namespace: &str) -> Result<Option<Identity>> {
    for (api_version, kind) in USED_BY_OTHERS {
        let found = list(cluster, api_version, kind, Some(namespace)).await?;
        let by_hand = |object: &&DynamicObject| {
            object.owner_references().is_empty()
                && object.metadata.deletion_timestamp.is_none()
                && !CLUSTERS_OWN.contains(&object.name_any().as_str())
        };
        if let Some(object) = found.iter().find(by_hand) {
            return Ok(Some(Identity::of(object)));
        }
    }
    Ok(None)
}

/// All objects of a kind; none if the kind is not served.
async fn list(
    cluster: &Cluster,
    api_version: &str,
    kind: &str,
    namespace: Option<&str>,
) -> Result<Vec<DynamicObject>> {
    let any = Identity {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.map(ToOwned::to_owned),
        name: String::new(),
    };
    let Some(api) = cluster.api(&any) else {
        return Ok(Vec::new());
    };
    let listed = list_all(&api)
        .await
        .with_context(|| format!("cannot list {kind} of {api_version}"))?;
    // Items of a list have no type.
    let typed = listed.into_iter().map(|mut object| {
        object.types = Some(kube::core::TypeMeta {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
        });
        object
    });
    Ok(typed.collect())
}

async fn list_all(api: &Api<DynamicObject>) -> kube::Result<Vec<DynamicObject>> {
    Ok(api.list(&ListParams::default()).await?.items)
}

/// Deletes objects in their order and waits until they are gone.
async fn remove(
    cluster: &Cluster,
    objects: &[DynamicObject],
    timeout: Duration,
    progress: &Progress,
) -> Result<()> {
    let mut going = Vec::new();
    for object in objects {
        let identity = Identity::of(object);
        delete(cluster, &identity, object.uid()).await?;
        going.push(identity);
    }
    wait::until_gone(cluster, &going, timeout, progress).await
}

/// Deletes exactly the object that was read; a new one with the same name stays.
async fn delete(cluster: &Cluster, identity: &Identity, uid: Option<String>) -> Result<()> {
    let Some(api) = cluster.api(identity) else {
        return Ok(());
    };
    let this_one = Preconditions {
        uid,
        resource_version: None,
    };
    match api
        .delete(
            &identity.name,
            &DeleteParams::background().preconditions(this_one),
        )
        .await
    {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        deleted => deleted
            .map(drop)
            .with_context(|| format!("cannot delete {identity}")),
    }
}
