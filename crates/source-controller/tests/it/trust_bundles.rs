//! Trust bundles on their way from ConfigMaps to the adapter.

use serde_json::{Value, json};

use crate::support::fixture::{World, deployment_path};
use crate::support::running::Running;

const OF_ALL: &str = "/api/v1/namespaces/knative-eventing/configmaps/company";
const OF_SHOP: &str = "/api/v1/namespaces/shop/configmaps/partner";

fn pem(body: &str) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}

fn put_bundle(world: &World, path: &str, label: &str, body: &str) {
    let (namespace, name) = path.rsplit_once("/configmaps/").unwrap();
    let namespace = namespace.rsplit_once('/').unwrap().1;
    let bundle = json!({
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"networking.knative.dev/trust-bundle": label},
        },
        "data": {"ca.pem": pem(body)},
    });
    world.cluster.put(path, bundle);
}

/// Where the adapter's certificates are, as its pods have it.
fn ours(world: &World) -> String {
    let pod = world.deployment()["spec"]["template"]["spec"].clone();
    let volumes = pod["volumes"].as_array().unwrap().iter();
    let mut projected = volumes.filter(|it| it["name"] == "kne-bundle-volume");
    let source = &projected.next().unwrap()["projected"]["sources"][0]["configMap"];
    assert_eq!(source["optional"], true);
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    let mount = mounts
        .iter()
        .find(|it| it["name"] == "kne-bundle-volume")
        .unwrap();
    assert_eq!(mount["mountPath"], "/knative-custom-certs");
    assert_eq!(mount["readOnly"], true);
    format!(
        "/api/v1/namespaces/shop/configmaps/{}",
        source["name"].as_str().unwrap()
    )
}

fn trusted(world: &World) -> Option<String> {
    let ours = world.cluster.get(&ours(world))?;
    Some(
        ours["data"]["trust-bundle.pem"]
            .as_str()
            .unwrap()
            .to_owned(),
    )
}

#[tokio::test]
async fn bundles_reach_a_running_adapter_and_replace_no_pod() {
    let running = Running::start(World::start().await);
    running.until_ready().await;
    let world = &running.world;
    assert_eq!(trusted(world), None, "nothing is made for want of bundles");
    let template = world.deployment()["spec"]["template"].clone();
    let follows = async |name: &str, expected: &str| {
        running
            .until(name, |world| trusted(world).as_deref() == Some(expected))
            .await;
    };

    put_bundle(world, OF_ALL, "true", "AAAA");
    follows("one of Knative's", &pem("AAAA")).await;
    let owner = &world.cluster.get(&ours(world)).unwrap()["metadata"]["ownerReferences"][0];
    assert_eq!(owner["name"], "photos");
    put_bundle(world, OF_SHOP, "true", "BBBB");
    follows("one of the namespace", &[pem("AAAA"), pem("BBBB")].concat()).await;
    put_bundle(world, OF_ALL, "true", "CCCC");
    follows("a change", &[pem("BBBB"), pem("CCCC")].concat()).await;
    world.cluster.remove(&ours(world));
    follows("made again", &[pem("BBBB"), pem("CCCC")].concat()).await;
    world.cluster.change(&ours(world), |ours| {
        ours["data"]["trust-bundle.pem"] = json!(pem("FORGED"));
    });
    follows("put right", &[pem("BBBB"), pem("CCCC")].concat()).await;
    world.cluster.remove(OF_SHOP);
    follows("one gone", &pem("CCCC")).await;
    world.cluster.remove(OF_ALL);
    follows("all gone", "").await;
    assert_eq!(world.deployment()["spec"]["template"], template);
    running.end().await;
}

#[tokio::test]
async fn other_config_maps_are_no_bundles() {
    let world = World::start().await;
    put_bundle(&world, OF_ALL, "false", "AAAA");
    put_bundle(&world, OF_SHOP, "no", "BBBB");
    let elsewhere = OF_SHOP.replace("shop", "bakery");
    put_bundle(&world, &elsewhere, "true", "CCCC");
    let plain = json!({"metadata": {"name": "plain", "namespace": "shop"}, "data": {"ca.pem": pem("DDDD")}});
    world
        .cluster
        .put("/api/v1/namespaces/shop/configmaps/plain", plain);
    let running = Running::start(world);
    running.until_ready().await;
    put_bundle(&running.world, OF_ALL, "true", "EEEE");
    running
        .until("a bundle", |world| trusted(world) == Some(pem("EEEE")))
        .await;
    // Content of a ConfigMap without the label is never asked for.
    let calls = running.world.cluster.calls();
    let mut lists = calls
        .iter()
        .filter(|it| it.resource() == "configmaps" && !it.is_write());
    assert!(lists.all(|call| {
        call.path.contains("/knative-eventing/")
            || call.query["labelSelector"] == "networking.knative.dev/trust-bundle"
    }));
    running.end().await;
}

/// Without the right to read them, everything else works.
#[tokio::test]
async fn bundles_that_may_not_be_read_hold_nothing_up() {
    let world = World::start().await;
    for path in [
        "/api/v1/configmaps",
        "/api/v1/namespaces/knative-eventing/configmaps",
    ] {
        world
            .cluster
            .fail(http::Method::GET, path, 403, "Forbidden");
    }
    let running = Running::start(world);
    running.until_ready().await;
    assert!(running.world.cluster.get(&deployment_path()).is_some());
    assert_eq!(trusted(&running.world), None);
    running.end().await;
}

/// A source that may not get them has a status all the same.
#[tokio::test]
async fn bundles_that_may_not_be_written_hold_nothing_up() {
    let world = World::start().await;
    put_bundle(&world, OF_ALL, "true", "AAAA");
    let name = source_api::names::adapter("photos", crate::support::fixture::UID);
    let path = format!("/api/v1/namespaces/shop/configmaps/{name}");
    world
        .cluster
        .fail(http::Method::PATCH, &path, 403, "Forbidden");
    let running = Running::start(world);
    running.until_ready().await;
    assert_eq!(running.world.cluster.get(&path), None::<Value>);
    running.end().await;
}
