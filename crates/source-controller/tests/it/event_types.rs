//! Descriptions of events, which Knative keeps for all sources but those with a sink in the
//! older form.

use serde_json::json;

use crate::support::fixture::World;

const EVENT_TYPES: &str = "/apis/eventing.knative.dev/v1beta2/namespaces/shop/eventtypes/";

fn legacy() -> serde_json::Value {
    json!({"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "Broker", "name": "default"})
}

fn one_type() -> serde_json::Value {
    json!({"eventNames": ["ObjectCreated:PutObject"]})
}

#[tokio::test]
async fn older_form_of_a_sink_gets_its_event_types() {
    let world = World::start().await;
    world.edit(|spec| {
        spec["sink"] = legacy();
        spec["filter"] = one_type();
    });
    world.settle_ready().await;
    let mut found = world.cluster.under(EVENT_TYPES);
    assert_eq!(found.len(), 1);
    let metadata = found[0]["metadata"].as_object_mut().unwrap();
    metadata.retain(|name, _| ["name", "labels", "ownerReferences"].contains(&name.as_str()));
    insta::assert_json_snapshot!(found[0], @r#"
    {
      "apiVersion": "eventing.knative.dev/v1beta2",
      "kind": "EventType",
      "metadata": {
        "labels": {
          "eventing.knative.dev/source": "mnsoss-source-controller",
          "eventing.knative.dev/sourceName": "photos"
        },
        "name": "2a21a916f52b8130ee9ebc41dc640d9a",
        "ownerReferences": [
          {
            "apiVersion": "sources.eventing.knative.dev/v1alpha1",
            "kind": "MnsOssSource",
            "name": "photos",
            "uid": "9e107d9d-372b-4b2c-8d2c-0f8e5b6a7c1d"
          }
        ]
      },
      "spec": {
        "description": "An object was uploaded.",
        "reference": {
          "apiVersion": "eventing.knative.dev/v1",
          "kind": "Broker",
          "name": "default",
          "namespace": "shop"
        },
        "source": "acs.oss",
        "type": "oss:ObjectCreated:PutObject"
      }
    }
    "#);
    world.reconcile().await.unwrap();
    assert_eq!(world.cluster.writes(), [""; 0]);
}

#[tokio::test]
async fn event_types_follow_the_filter_and_are_mended() {
    let world = World::start().await;
    world.edit(|spec| spec["sink"] = legacy());
    world.settle_ready().await;
    let all = world.cluster.under(EVENT_TYPES);
    assert_eq!(all.len(), source_api::EVENT_TYPES.len());
    world.edit(|spec| spec["filter"] = one_type());
    world.settle().await;
    let left = world.cluster.under(EVENT_TYPES);
    assert_eq!(left.len(), 1);
    let path = format!(
        "{EVENT_TYPES}{}",
        left[0]["metadata"]["name"].as_str().unwrap()
    );
    world
        .cluster
        .change(&path, |it| it["spec"]["description"] = json!("nonsense"));
    world.settle().await;
    assert_eq!(world.cluster.under(EVENT_TYPES)[0]["spec"], left[0]["spec"]);
}

#[tokio::test]
async fn sink_under_ref_leaves_event_types_to_knative() {
    let world = World::start().await;
    world.edit(|spec| spec["filter"] = one_type());
    world.settle_ready().await;
    assert!(world.cluster.under(EVENT_TYPES).is_empty());
    assert_eq!(
        world.status()["ceAttributes"],
        json!([{"type": "oss:ObjectCreated:PutObject", "source": "acs.oss"}])
    );
}

#[tokio::test]
async fn ours_go_when_the_sink_moves_under_ref_and_knatives_stay() {
    let world = World::start().await;
    world.edit(|spec| {
        spec["sink"] = legacy();
        spec["filter"] = one_type();
    });
    world.settle_ready().await;
    let ours = world.cluster.under(EVENT_TYPES).remove(0);
    let mut knatives = ours.clone();
    knatives["metadata"]["name"] = json!("knatives");
    knatives["metadata"]["ownerReferences"][0]["controller"] = json!(true);
    world
        .cluster
        .put(&format!("{EVENT_TYPES}knatives"), knatives);
    world.edit(|spec| spec["sink"] = json!({"ref": legacy()}));
    world.settle().await;
    let left = world.cluster.under(EVENT_TYPES);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["metadata"]["name"], "knatives");
}

#[tokio::test]
async fn cluster_without_the_older_version_gets_the_newer_one() {
    let world = World::start().await;
    world.cluster.remove("/apis/eventing.knative.dev/v1beta2");
    world.edit(|spec| {
        spec["sink"] = legacy();
        spec["filter"] = one_type();
    });
    world.settle_ready().await;
    let found = world
        .cluster
        .under("/apis/eventing.knative.dev/v1beta3/namespaces/shop/eventtypes/");
    insta::assert_json_snapshot!(found[0]["spec"], @r#"
    {
      "attributes": [
        {
          "name": "type",
          "required": true,
          "value": "oss:ObjectCreated:PutObject"
        },
        {
          "name": "source",
          "required": true,
          "value": "acs.oss"
        },
        {
          "name": "specversion",
          "required": true,
          "value": "1.0"
        },
        {
          "name": "id",
          "required": true
        }
      ],
      "description": "An object was uploaded.",
      "reference": {
        "apiVersion": "eventing.knative.dev/v1",
        "kind": "Broker",
        "name": "default",
        "namespace": "shop"
      }
    }
    "#);
}

#[tokio::test]
async fn source_works_without_event_types() {
    let world = World::start().await;
    world.edit(|spec| spec["sink"] = legacy());
    let list = EVENT_TYPES.trim_end_matches('/');
    world
        .cluster
        .fail(http::Method::GET, list, 403, "Forbidden");
    world.settle_ready().await;
}
