//! What Knative and command line tools read off the definition.

use kube_core::CustomResourceExt as _;
use serde_json::{Value, json};
use source_api::{
    EVENT_SOURCE, EVENT_TYPES, EVENT_TYPES_ANNOTATION, MnsOssSource, MnsOssSourceSpec, announced,
};

fn definition() -> Value {
    serde_json::to_value(MnsOssSource::crd()).unwrap()
}

#[test]
fn definition_is_that_of_a_knative_source() {
    let mut crd = definition();
    crd["spec"]["versions"][0]["schema"].take();
    crd["metadata"]["annotations"].take();
    insta::assert_json_snapshot!(crd);
}

#[test]
fn annotation_lists_all_event_types() {
    let crd = definition();
    let text = crd["metadata"]["annotations"][EVENT_TYPES_ANNOTATION]
        .as_str()
        .unwrap();
    let listed: Value = serde_json::from_str(text).unwrap();
    let known: Vec<_> = EVENT_TYPES
        .iter()
        .map(|event| json!({"type": event.type_, "description": event.description}))
        .collect();
    assert_eq!(listed, json!(known));
}

#[test]
fn sources_announce_what_their_rule_and_their_filter_let_through() {
    let table: [(&str, &[&str], &[&str]); 4] = [
        (
            "a name",
            &["ObjectCreated:PutObject"],
            &["oss:ObjectCreated:PutObject"],
        ),
        (
            "a group",
            &["ObjectRemoved:*"],
            &[
                "oss:ObjectRemoved:AbortMultipartUpload",
                "oss:ObjectRemoved:DeleteObject",
                "oss:ObjectRemoved:DeleteObjects",
            ],
        ),
        (
            "a name that is not known, twice",
            &["ObjectTagged:PutTags", "ObjectTagged:PutTags"],
            &["oss:ObjectTagged:PutTags"],
        ),
        ("a group that is not known", &["BucketCreated:*"], &[]),
    ];
    for (name, event_names, expected) in table {
        for fields in [
            json!({"topic": "uploads", "filter": {"eventNames": event_names}}),
            json!({"eventRule": {"bucket": "photos", "events": event_names}}),
        ] {
            let attributes = announced(&spec(fields));
            let types: Vec<_> = attributes.iter().map(|one| one.type_.as_str()).collect();
            assert_eq!(types, expected, "{name}");
            assert!(attributes.iter().all(|one| one.source == EVENT_SOURCE));
        }
    }
    let count = |fields| announced(&spec(fields)).len();
    assert_eq!(count(json!({"topic": "uploads"})), EVENT_TYPES.len());
    let filter = json!({"topic": "uploads", "filter": {"keyPrefix": "in/"}});
    assert_eq!(count(filter), EVENT_TYPES.len());
    let both = json!({
        "eventRule": {"bucket": "photos"},
        "filter": {"eventNames": ["ObjectCreated:PutObject", "ObjectRemoved:DeleteObject"]},
    });
    assert_eq!(count(both), 1, "the rule takes uploads alone");
}

/// What a source with these fields asks for.
fn spec(mut fields: Value) -> MnsOssSourceSpec {
    fields["sink"] = json!({"uri": "http://sink.example"});
    fields["accessToken"] = json!({"secretKeyRef": {"name": "keys", "key": "mns"}});
    serde_json::from_value(fields).unwrap()
}
