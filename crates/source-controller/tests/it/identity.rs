//! Sources without a Secret: the controller acts by its own identity, the adapter by a role.

use jiff::Timestamp;
use serde_json::{Value, json};
use service::ConnectOptions;
use service::credentials::CredentialSource;
use signing::Credentials;
use source_controller::account::CloudIdentity;
use source_controller::context::Parts;
use source_controller::deployment::CloudVariables;
use transport::{Reach, RetryPolicy, Transport};

use crate::support::cloud::{ACCOUNT, KEY_ID, KEY_SECRET, REGION, transport};
use crate::support::fixture::{BROKER, SECRET, SOURCE, World, context_of, modern_spec, parts};

const ROLE: &str = "acs:ram::1234567890123456:role/mnsoss-adapter";
const PROVIDER: &str = "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c0ffee";

/// An identity for sources of these namespaces, whose requests go out through `mns`.
fn identity(namespaces: &str, mns: Transport) -> CloudIdentity {
    let keys = CredentialSource::Fixed(Credentials::new(KEY_ID, KEY_SECRET));
    CloudIdentity::new(namespaces.parse().unwrap(), keys, transport(), mns)
}

/// A source with a role and no Secret, and a controller of this identity.
async fn world(identity: Option<CloudIdentity>, cloud: CloudVariables) -> World {
    let mut world = World::empty().await;
    let mut spec = modern_spec();
    spec.as_object_mut().unwrap().remove("accessToken");
    spec["endpoint"] = json!(world.cloud.url);
    spec["accountId"] = json!(ACCOUNT);
    spec["region"] = json!(REGION);
    spec["auth"] = json!({"serviceAccountName": "photos", "roleArn": ROLE});
    world.put_source(&spec);
    world.put_broker();
    let parts = parts(&world.cluster);
    let mut adapter = parts.adapter.clone();
    adapter.cloud = cloud;
    (world.ctx, world.inputs) = context_of(Parts {
        cloud_identity: identity,
        adapter,
        ..parts
    });
    world
}

/// A source in a listed namespace, in order, and the identity that serves it.
pub(crate) async fn listed() -> (CloudIdentity, World) {
    let identity = identity("shop", transport());
    identity.begin().await;
    let world = world(Some(identity.clone()), cloud()).await;
    world.settle().await;
    (identity, world)
}

fn cloud() -> CloudVariables {
    CloudVariables {
        oidc_provider_arn: Some(PROVIDER.to_owned()),
        sts_region: Some(REGION.to_owned()),
        ..CloudVariables::default()
    }
}

/// The adapter's pods.
fn pod(world: &World) -> Value {
    world.deployment()["spec"]["template"].clone()
}

fn volumes(pod: &Value) -> Vec<String> {
    let volumes = pod["volumes"].as_array().unwrap().iter();
    volumes
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn listed_namespace_needs_no_secret() {
    let identity = identity("bakery,shop", transport());
    assert!(identity.begin().await.is_some());
    let world = world(Some(identity), cloud()).await;
    world.settle_ready().await;
    assert_eq!(world.cloud.queues().await, [World::queue_name()]);
    assert!(world.cluster.get(SECRET).is_none());

    let pod = pod(&world)["spec"].clone();
    assert_eq!(pod["serviceAccountName"], "photos");
    assert_eq!(pod["automountServiceAccountToken"], false);
    let token = &pod["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
    let projected =
        json!({"audience": "sts.aliyuncs.com", "expirationSeconds": 3600, "path": "token"});
    assert_eq!(*token, projected);
    assert_eq!(volumes(&pod), ["rrsa-token", "kne-bundle-volume"]);
    let mount = &pod["containers"][0]["volumeMounts"][0];
    assert_eq!(mount["name"], pod["volumes"][0]["name"]);
    let file = world.variable("ALIBABA_CLOUD_OIDC_TOKEN_FILE").unwrap();
    assert_eq!(
        file,
        format!("{}/token", mount["mountPath"].as_str().unwrap())
    );
    for (name, expected) in [
        ("ALIBABA_CLOUD_ROLE_ARN", Some(ROLE)),
        ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", Some(PROVIDER)),
        ("ALIBABA_CLOUD_STS_REGION", Some(REGION)),
        ("ALIBABA_CLOUD_STS_ENDPOINT", None),
        ("MNS_ACCESS_TOKEN_FILE", None),
    ] {
        assert_eq!(world.variable(name).as_deref(), expected, "{name}");
    }
}

/// The token for STS and the one for the sink are of the same account, the one that RAM trusts.
#[tokio::test]
async fn role_and_sink_that_expects_tokens_share_the_account() {
    let identity = identity("shop", transport());
    identity.begin().await;
    let world = world(Some(identity), cloud()).await;
    world.cluster.change(BROKER, |broker| {
        broker["status"]["address"]["audience"] = json!("broker");
    });
    world.settle_ready().await;
    let pod = pod(&world)["spec"].clone();
    assert_eq!(pod["serviceAccountName"], "photos");
    assert_eq!(
        world.status()["auth"],
        json!({"serviceAccountName": "photos"})
    );
    let all = ["rrsa-token", "oidc-token", "kne-bundle-volume"];
    assert_eq!(volumes(&pod), all);
    let audience = |index: usize| {
        let source = &pod["volumes"][index]["projected"]["sources"][0];
        source["serviceAccountToken"]["audience"].clone()
    };
    assert_eq!([audience(0), audience(1)], ["sts.aliyuncs.com", "broker"]);
    let condition = world.condition("OIDCIdentityCreated");
    assert_eq!(condition["reason"], "ServiceAccountNamed");
    let accounts = world
        .cluster
        .under("/api/v1/namespaces/shop/serviceaccounts/");
    assert_eq!(accounts, [json!(null); 0]);
}

#[tokio::test]
async fn namespace_that_is_not_listed_is_reported() {
    let other = identity("bakery", transport());
    other.begin().await;
    for identity in [None, Some(other)] {
        let world = world(identity, cloud()).await;
        world.settle().await;
        let condition = world.condition("CredentialsProvided");
        assert_eq!(condition["status"], "False");
        assert_eq!(condition["reason"], "IdentityNotAllowed");
        insta::allow_duplicates! { insta::assert_snapshot!(condition["message"].as_str().unwrap(), @"a source without a secret needs the controller's own identity, which namespace `shop` may not use: give `accessToken`, or have the administrator list the namespace (CLOUD_IDENTITY_NAMESPACES of the controller)"); }
        assert_eq!(world.cloud.queues().await, [""; 0]);
    }
}

#[tokio::test]
async fn source_waits_for_the_first_keys() {
    let identity = identity("shop", transport());
    let world = world(Some(identity.clone()), cloud()).await;
    world.settle().await;
    let condition = world.condition("CredentialsProvided");
    assert_eq!(condition["reason"], "IdentityPending");
    // What it may have in MNS is not left behind for want of keys.
    world.cluster.change(SOURCE, |source| {
        source["metadata"]["deletionTimestamp"] = json!(Timestamp::now().to_string());
    });
    assert!(world.reconcile().await.is_err());
    identity.begin().await;
    world.reconcile().await.unwrap();
}

#[tokio::test]
async fn keys_of_the_identity_go_to_no_host_that_is_neither_the_vendors_nor_allowed() {
    let reach = Reach::only("".parse().unwrap(), mns::Endpoint::is_vendors_host);
    let connect = ConnectOptions {
        reach,
        ..ConnectOptions::default()
    };
    let mns = Transport::connect(&connect)
        .unwrap()
        .with_retry(RetryPolicy::none());
    let identity = identity("shop", mns);
    identity.begin().await;
    let world = world(Some(identity), cloud()).await;
    world.settle().await;
    assert_eq!(world.condition("QueueReady")["reason"], "EndpointRefused");
    assert_eq!(world.cloud.queues().await, [""; 0]);
}

#[tokio::test]
async fn role_needs_a_provider_or_the_webhook() {
    let identity = identity("shop", transport());
    identity.begin().await;
    let world = world(Some(identity), CloudVariables::default()).await;
    world.settle().await;
    let condition = world.condition("Deployed");
    assert_eq!(condition["reason"], "OidcProviderUnknown");
    insta::assert_snapshot!(condition["message"].as_str().unwrap(), @"`auth.roleArn` needs the cluster's identity provider: give `auth.oidcProviderArn`, or have the administrator set it for all sources (ALIBABA_CLOUD_OIDC_PROVIDER_ARN of the controller)");

    world.edit(|spec| spec["auth"]["oidcProviderArn"] = json!(PROVIDER));
    world.settle_ready().await;
    let provider = world.variable("ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
    assert_eq!(provider.as_deref(), Some(PROVIDER));
    let label = "pod-identity.alibabacloud.com/injection";
    assert!(pod(&world)["metadata"]["labels"][label].is_null());

    world.edit(|spec| spec["auth"] = json!({"serviceAccountName": "photos"}));
    world.settle().await;
    assert_eq!(pod(&world)["metadata"]["labels"][label], "on");
    assert_eq!(volumes(&pod(&world)["spec"]), ["kne-bundle-volume"]);
    assert_eq!(world.variable("ALIBABA_CLOUD_ROLE_ARN"), None);
}
