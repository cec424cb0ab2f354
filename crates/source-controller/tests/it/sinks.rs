//! Sinks in all their forms, and what comes late.

use http::Method;
use serde_json::{Value, json};

use crate::support::fixture::{BROKER, World};

const ADDRESS: &str = "http://broker-ingress.knative-eventing.svc.cluster.local/shop/default";

#[tokio::test]
async fn sink_that_comes_late_makes_the_source_ready() {
    let world = World::start().await;
    world.cluster.remove(BROKER);
    world.settle().await;
    insta::assert_snapshot!(world.conditions(), @r"
    CredentialsProvided: True
    DeadLetterSinkResolved: True DeadLetterSinkNotConfigured the source has no dead letter sink
    Deployed: Unknown WaitingForDependents the adapter's Deployment is created once sink, credentials and queue are ready
    EventRuleReady: True EventRuleNotConfigured the source has no event rule
    OIDCIdentityCreated: True authentication-oidc feature disabled no sink expects tokens
    QueueReady: True
    Ready: False NotFound Broker `shop/default` does not exist
    SinkProvided: False NotFound Broker `shop/default` does not exist
    Subscribed: True
    ");
    insta::assert_snapshot!(world.events(), @r"
    Normal QueueCreated: created queue `mnsoss-shop-photos-319a766c722eca78`
    Normal Subscribed: subscribed queue `mnsoss-shop-photos-319a766c722eca78` to topic `mns-en-topics-oss-photos-1`
    Warning SinkNotFound: Broker `shop/default` does not exist
    ");
    assert_eq!(world.status()["sinkUri"], json!(null));

    world.put_broker();
    world.settle_ready().await;
    assert_eq!(world.status()["sinkUri"], ADDRESS);
}

#[tokio::test]
async fn sink_that_goes_leaves_a_running_adapter_alone() {
    let world = World::start().await;
    world.settle_ready().await;
    let deployment = world.deployment();
    world.cluster.remove(BROKER);
    world.settle().await;
    assert_eq!(world.ready(), "False");
    assert_eq!(world.deployment(), deployment);
}

/// What `status.sinkUri`, `sinkCACerts` and `sinkAudience` are for a sink, or why there is none.
async fn resolved(world: &World, sink: &Value) -> String {
    world.edit(|spec| spec["sink"] = sink.clone());
    world.settle().await;
    let status = world.status();
    let Some(uri) = status["sinkUri"].as_str() else {
        let condition = world.condition("SinkProvided");
        let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
        return format!("{}: {}", text("reason"), text("message"));
    };
    let text = |name: &str| status[name].as_str().unwrap_or("-").replace('\n', "|");
    format!("{uri} {} {}", text("sinkCACerts"), text("sinkAudience"))
}

#[tokio::test]
async fn sinks_in_all_forms() {
    let world = World::start().await;
    world.cluster.put(
        "/api/v1/namespaces/shop/services/orders",
        json!({"metadata": {"name": "orders", "namespace": "shop"}}),
    );
    world.cluster.put(
        "/api/v1/namespaces/other/services/orders",
        json!({"metadata": {"name": "orders", "namespace": "other"}}),
    );
    let secured = BROKER.replace("default", "secured");
    world.cluster.put(&secured, json!({
        "metadata": {"name": "secured", "namespace": "shop"},
        "status": {
            "address": {"url": "http://plain.test/"},
            "addresses": [
                {"name": "https", "url": "https://secured.test/", "CACerts": "THEIRS", "audience": "theirs"},
                {"name": "http", "url": "http://plain.test/"},
            ],
        },
    }));
    let broker = |name: &str| json!({"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": name});
    let service = || json!({"apiVersion": "v1", "kind": "Service", "name": "orders"});
    let with = |mut object: Value, name: &str, value: &str| {
        object[name] = json!(value);
        object
    };
    let table = [
        ("broker", json!({"ref": broker("default")}), format!("{ADDRESS} - -")),
        (
            "broker, older form",
            broker("default"),
            format!("{ADDRESS} - -"),
        ),
        (
            "version that is gone",
            json!({"ref": with(broker("default"), "apiVersion", "eventing.knative.dev/v1alpha1")}),
            format!("{ADDRESS} - -"),
        ),
        (
            "path replaces the address's",
            json!({"ref": broker("default"), "uri": "/x?y=1"}),
            "http://broker-ingress.knative-eventing.svc.cluster.local/x?y=1 - -".to_owned(),
        ),
        (
            "first of several addresses, with what it announces",
            json!({"ref": broker("secured"), "CACerts": "OURS"}),
            "https://secured.test/ OURS|THEIRS theirs".to_owned(),
        ),
        (
            "address by name, audience of the user",
            json!({"ref": with(broker("secured"), "address", "http"), "audience": "ours"}),
            "http://plain.test/ - ours".to_owned(),
        ),
        (
            "address that is not announced",
            json!({"ref": with(broker("secured"), "address", "ftp")}),
            "AddressNotFound: Broker `shop/secured` has no address named `ftp`".to_owned(),
        ),
        (
            "service",
            json!({"ref": service()}),
            "http://orders.shop.svc.cluster.local/ - -".to_owned(),
        ),
        (
            "service elsewhere, with a path and certificates",
            json!({"ref": with(service(), "namespace", "other"), "uri": "/in", "CACerts": "OURS"}),
            "https://orders.other.svc.cluster.local/in OURS -".to_owned(),
        ),
        (
            "service that is not there",
            json!({"ref": with(service(), "name", "nowhere")}),
            "NotFound: Service `shop/nowhere` does not exist".to_owned(),
        ),
        (
            "URL",
            json!({"uri": "https://example.com/hook"}),
            "https://example.com/hook - -".to_owned(),
        ),
        (
            "unknown kind",
            json!({"ref": with(broker("default"), "kind", "Breaker")}),
            "NotFound: the cluster does not serve `Breaker` of `eventing.knative.dev/v1`: install the software that provides it, or correct the sink".to_owned(),
        ),
        (
            "unknown group",
            json!({"ref": with(broker("default"), "apiVersion", "example.com/v1")}),
            "NotFound: the cluster does not serve `Broker` of `example.com/v1`: install the software that provides it, or correct the sink".to_owned(),
        ),
        ("nothing", json!({}), "SinkEmpty: neither `ref` nor `uri` is given".to_owned()),
    ];
    for (name, sink, expected) in table {
        assert_eq!(resolved(&world, &sink).await, expected, "{name}");
    }
}

#[tokio::test]
async fn obsolete_version_is_reported_but_not_corrected() {
    let world = World::start().await;
    world.edit(|spec| spec["sink"]["ref"]["apiVersion"] = json!("eventing.knative.dev/v1alpha1"));
    world.settle_ready().await;
    let notice = world.condition("SinkVersionServed");
    assert_eq!(notice["severity"], "Info");
    insta::assert_snapshot!(notice["message"].as_str().unwrap(), @"the cluster does not serve Broker in `eventing.knative.dev/v1alpha1`; `eventing.knative.dev/v1` is used instead");
    assert_eq!(
        world.source()["spec"]["sink"]["ref"]["apiVersion"],
        "eventing.knative.dev/v1alpha1"
    );
    world.edit(|spec| spec["sink"]["ref"]["apiVersion"] = json!("eventing.knative.dev/v1"));
    world.settle().await;
    assert_eq!(world.condition("SinkVersionServed"), json!(null));
}

#[tokio::test]
async fn sink_that_may_not_be_read_is_the_administrators_affair() {
    let world = World::start().await;
    world.cluster.fail(Method::GET, BROKER, 403, "Forbidden");
    world.settle().await;
    let condition = world.condition("SinkProvided");
    assert_eq!(condition["reason"], "Forbidden");
    insta::assert_snapshot!(condition["message"].as_str().unwrap(), @r#"the controller may not read Broker `shop/default`: label a ClusterRole that allows it with `duck.knative.dev/addressable: "true"`"#);
}

#[tokio::test]
async fn dead_letter_sink_is_resolved_like_the_sink() {
    let world = World::start().await;
    world.edit(|spec| {
        spec["delivery"] = json!({
            "retry": 3,
            "deadLetterSink": {"ref": {"apiVersion": "v1", "kind": "Service", "name": "dead"}},
        });
    });
    world.settle().await;
    assert_eq!(world.condition("DeadLetterSinkResolved")["status"], "False");
    assert_eq!(world.ready(), "False");
    world.cluster.put(
        "/api/v1/namespaces/shop/services/dead",
        json!({"metadata": {"name": "dead", "namespace": "shop"}}),
    );
    world.settle_ready().await;
    let url = "http://dead.shop.svc.cluster.local/";
    assert_eq!(world.status()["deadLetterSinkUri"], url);
    assert_eq!(
        world.variable("DELIVERY_DEAD_LETTER_SINK").as_deref(),
        Some(url)
    );
    assert_eq!(world.variable("DELIVERY_RETRY").as_deref(), Some("3"));
}
