//! Sinks that expect tokens (OIDC): whose tokens the adapter shows, and whom an `EventPolicy` that
//! names the source admits.

use http::Method;
use serde_json::{Value, json};
use source_api::names;

use crate::support::fixture::{BROKER, SOURCE, UID, World, deployment_path};

const AUDIENCE: &str = "eventing.knative.dev/broker/shop/default";
const KEPT: &str = "photos-oidc-sources.eventing.knative.dev-mnsosssource";

const ACCOUNTS: &str = "/api/v1/namespaces/shop/serviceaccounts";

fn path() -> String {
    format!("{ACCOUNTS}/{KEPT}")
}

/// What Knative does when `authentication-oidc` is turned on or off.
fn announce(world: &World, audience: Value) {
    world.cluster.change(BROKER, |broker| {
        broker["status"]["address"]["audience"] = audience;
    });
}

fn pod(world: &World) -> Value {
    world.deployment()["spec"]["template"]["spec"].clone()
}

/// Audience and file of each token that is mounted, with the variable that names the file.
fn tokens(world: &World) -> Vec<String> {
    let pod = pod(world);
    let volumes = pod["volumes"].as_array().cloned().unwrap_or_default();
    let volume = volumes.iter().find(|volume| volume["name"] == "oidc-token");
    let Some(volume) = volume else {
        return Vec::new();
    };
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    let mount = mounts.iter().find(|mount| mount["name"] == "oidc-token");
    let directory = mount.unwrap()["mountPath"].as_str().unwrap();
    let sources = volume["projected"]["sources"].as_array().unwrap().iter();
    let line = |source: &Value| {
        let token = &source["serviceAccountToken"];
        assert_eq!(token["expirationSeconds"], 3600);
        let file = format!("{directory}/{}", token["path"].as_str().unwrap());
        let names = ["K_OIDC_TOKEN_FILE", "DELIVERY_DEAD_LETTER_TOKEN_FILE"];
        let mut names = names.into_iter();
        let variable = names.find(|name| world.variable(name).as_ref() == Some(&file));
        format!(
            "{} {file} {variable:?}",
            token["audience"].as_str().unwrap()
        )
    };
    sources.map(line).collect()
}

fn identity(world: &World) -> Value {
    let condition = world.condition("OIDCIdentityCreated");
    json!([
        condition["status"],
        condition["reason"],
        world.status()["auth"]
    ])
}

#[tokio::test]
async fn source_of_a_sink_that_expects_tokens_has_an_account_of_its_own() {
    let world = World::start().await;
    announce(&world, json!(AUDIENCE));
    world.settle_ready().await;
    let account = world.cluster.get(&path()).expect("an account");
    assert_eq!(account["metadata"]["labels"][names::OIDC_LABEL], "enabled");
    let owner = &account["metadata"]["ownerReferences"][0];
    assert_eq!(
        (&owner["uid"], &owner["controller"]),
        (&json!(UID), &json!(true))
    );
    assert_eq!(world.status()["sinkAudience"], AUDIENCE);
    assert_eq!(
        identity(&world),
        json!(["True", null, {"serviceAccountName": KEPT}])
    );
    assert_eq!(pod(&world)["serviceAccountName"], KEPT);
    assert_eq!(pod(&world)["automountServiceAccountToken"], false);
    assert_eq!(world.variable("K_AUDIENCE").as_deref(), Some(AUDIENCE));
    let expected = [format!(
        "{AUDIENCE} /oidc/token Some(\"K_OIDC_TOKEN_FILE\")"
    )];
    assert_eq!(tokens(&world), expected);
}

#[tokio::test]
async fn each_sink_has_a_token_for_its_audience() {
    let world = World::start().await;
    announce(&world, json!(AUDIENCE));
    world.edit(|spec| {
        spec["delivery"] =
            json!({"deadLetterSink": {"uri": "https://dead.test/", "audience": "dead"}});
    });
    world.settle_ready().await;
    let dead = "dead /oidc/dead-letter-token Some(\"DELIVERY_DEAD_LETTER_TOKEN_FILE\")";
    let sink = format!("{AUDIENCE} /oidc/token Some(\"K_OIDC_TOKEN_FILE\")");
    assert_eq!(tokens(&world), [sink.as_str(), dead]);

    // One that expects no token is not shown that of the other.
    world.edit(|spec| spec["delivery"]["deadLetterSink"] = json!({"uri": "https://dead.test/"}));
    world.settle_ready().await;
    assert_eq!(tokens(&world), [sink.as_str()]);
    announce(&world, Value::Null);
    world.edit(|spec| spec["delivery"]["deadLetterSink"]["audience"] = json!("dead"));
    world.settle_ready().await;
    assert_eq!(tokens(&world), [dead]);
}

#[tokio::test]
async fn account_goes_when_no_sink_expects_tokens_any_more() {
    let world = World::start().await;
    announce(&world, json!(AUDIENCE));
    world.settle_ready().await;
    announce(&world, Value::Null);
    world.reconcile().await.unwrap();
    let written = world.cluster.writes();
    let deployment = written.iter().position(|line| line.contains("deployments"));
    let deleted = written
        .iter()
        .position(|line| line.starts_with("DELETE serviceaccounts"));
    assert!(deployment.unwrap() < deleted.unwrap(), "{written:?}");
    world.settle_ready().await;
    assert_eq!(world.cluster.get(&path()), None);
    assert_eq!(tokens(&world), [""; 0]);
    assert_eq!(pod(&world)["serviceAccountName"], "default");
    let off = "authentication-oidc feature disabled";
    assert_eq!(identity(&world), json!(["True", off, null]));
}

/// The pods could not be started again without it.
#[tokio::test]
async fn account_stays_as_long_as_the_adapter_runs_as_it() {
    let world = World::start().await;
    announce(&world, json!(AUDIENCE));
    world.settle_ready().await;
    announce(&world, Value::Null);
    world
        .cluster
        .fail(Method::PATCH, &deployment_path(), 403, "Forbidden");
    world.reconcile().await.unwrap();
    assert!(world.cluster.get(&path()).is_some());
    assert_eq!(pod(&world)["serviceAccountName"], KEPT);
    world.cluster.heal();
    world.settle_ready().await;
    assert_eq!(pod(&world)["serviceAccountName"], "default");
    assert_eq!(world.cluster.get(&path()), None);
}

#[tokio::test]
async fn deleted_account_is_created_again() {
    let world = World::start().await;
    announce(&world, json!(AUDIENCE));
    world.settle_ready().await;
    world.cluster.remove(&path());
    world.settle().await;
    assert!(world.cluster.get(&path()).is_some());
}

#[tokio::test]
async fn identity_outlives_that_the_sink_is_not_there_for_a_while() {
    let world = World::start().await;
    announce(&world, json!(AUDIENCE));
    world.settle_ready().await;
    let before = (identity(&world), world.deployment());
    world.cluster.remove(BROKER);
    world.settle().await;
    assert_eq!(world.ready(), "False");
    assert_eq!((identity(&world), world.deployment()), before);
    assert!(world.cluster.get(&path()).is_some());
}

/// A token can only be of the account that the pod runs as, and RAM trusts the one of `auth`.
#[tokio::test]
async fn account_that_the_source_names_is_its_identity() {
    let world = World::start().await;
    announce(&world, json!(AUDIENCE));
    world.settle_ready().await;
    world.edit(|spec| spec["serviceAccountName"] = json!("mnsoss-sa"));
    world.settle_ready().await;
    let named = json!(["True", "ServiceAccountNamed", {"serviceAccountName": "mnsoss-sa"}]);
    assert_eq!(identity(&world), named);
    insta::assert_snapshot!(world.condition("OIDCIdentityCreated")["message"].as_str().unwrap(), @"the tokens are of ServiceAccount `mnsoss-sa`, which the source names: whatever else runs as it counts as this source");
    assert_eq!(pod(&world)["serviceAccountName"], "mnsoss-sa");
    assert_eq!(tokens(&world).len(), 1);
    assert_eq!(world.cluster.get(&path()), None, "not needed any more");
}

/// Else whoever may create sources could have the API server's token of any account of the namespace
/// sent anywhere.
#[tokio::test]
async fn token_of_a_named_account_is_for_announced_audiences_alone() {
    let world = World::start().await;
    world.settle_ready().await;
    let deployment = world.deployment();
    let everything = "https://kubernetes.default.svc";
    let stranger = json!({"uri": "https://stranger.test/", "audience": everything});
    let broker =
        json!({"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default"});
    announce(&world, json!(AUDIENCE));
    for (name, sink, dead_letter_sink) in [
        ("sink", stranger.clone(), None),
        (
            "dead letter sink",
            json!({"ref": broker}),
            Some(stranger.clone()),
        ),
        (
            "in place of what is announced",
            json!({"ref": broker, "audience": everything}),
            None,
        ),
    ] {
        world.edit(|spec| {
            spec["serviceAccountName"] = json!("powerful");
            spec["sink"] = sink.clone();
            spec["delivery"] = json!({"deadLetterSink": dead_letter_sink});
        });
        world.settle().await;
        let refused = json!(["False", "AudienceNotAnnounced", null]);
        assert_eq!(identity(&world), refused, "{name}");
        assert_eq!(world.deployment(), deployment, "{name}");
    }
    insta::assert_snapshot!(world.condition("OIDCIdentityCreated")["message"].as_str().unwrap(), @"tokens of ServiceAccount `powerful`, which the source names, are for audiences that a sink announces itself: leave out `audience`, or leave out the account for one that is kept for the source");

    // The same as what is announced is as good as nothing.
    world.edit(|spec| spec["sink"]["audience"] = json!(AUDIENCE));
    world.settle_ready().await;
    assert_eq!(pod(&world)["serviceAccountName"], "powerful");
    world.edit(|spec| {
        spec["sink"] = stranger;
        spec["serviceAccountName"] = Value::Null;
    });
    world.settle_ready().await;
    assert_eq!(pod(&world)["serviceAccountName"], KEPT);
}

#[tokio::test]
async fn account_of_another_owner_is_neither_used_nor_deleted() {
    let world = World::start().await;
    world.settle_ready().await;
    let theirs = json!({"metadata": {"name": KEPT, "namespace": "shop", "uid": "theirs"}});
    world.cluster.put(&path(), theirs);
    let theirs = world.cluster.get(&path());
    let deployment = world.deployment();
    announce(&world, json!(AUDIENCE));
    world.settle().await;
    assert_eq!(world.ready(), "False");
    assert_eq!(identity(&world), json!(["False", "NotOwned", null]));
    insta::assert_snapshot!(world.condition("OIDCIdentityCreated")["message"].as_str().unwrap(), @"ServiceAccount `photos-oidc-sources.eventing.knative.dev-mnsosssource` exists, but the source does not control it: remove it, or name one in the source");
    assert_eq!(world.deployment(), deployment, "no pod could start");
    announce(&world, Value::Null);
    world.settle_ready().await;
    assert_eq!(world.cluster.get(&path()), theirs);
}

#[tokio::test]
async fn controller_without_the_right_says_so() {
    let world = World::start().await;
    world.cluster.fail(Method::GET, &path(), 403, "Forbidden");
    world.cluster.fail(Method::POST, ACCOUNTS, 403, "Forbidden");
    announce(&world, json!(AUDIENCE));
    // Each reconcile tries again.
    world.reconcile().await.unwrap();
    assert_eq!(identity(&world), json!(["False", "Forbidden", null]));
    assert_eq!(world.cluster.get(&deployment_path()), None);
}

/// What `AuthenticatableResolver` of Knative Eventing makes of an `EventPolicy` whose `from.ref`
/// names the source: the account of its status, in the namespace of the reference.
#[tokio::test]
async fn event_policy_that_names_the_source_admits_its_tokens_and_no_others() {
    let world = World::start().await;
    announce(&world, json!(AUDIENCE));
    world.settle_ready().await;
    let source = world.cluster.get(SOURCE).unwrap();
    let account = source["status"]["auth"]["serviceAccountName"]
        .as_str()
        .unwrap();
    let admitted = format!("system:serviceaccount:shop:{account}");
    let running = pod(&world)["serviceAccountName"]
        .as_str()
        .unwrap()
        .to_owned();
    // The kubelet makes the token's `sub` of the account that the pod runs as.
    assert_eq!(admitted, format!("system:serviceaccount:shop:{running}"));
    assert!(
        running.starts_with("photos-"),
        "another source has another one: {running}"
    );
}
