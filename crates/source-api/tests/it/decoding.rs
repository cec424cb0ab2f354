//! What the schema lets in must decode: one object that does not would blind a watch, and
//! with it every other source.

use proptest::prelude::{BoxedStrategy, Just, Strategy as _, any, proptest};
use proptest::{collection, option, sample};
use serde_json::{Map, Value, json};
use source_api::MnsOssSource;

use crate::api_server::SCHEMA;

/// Any value that a schema admits, rules aside.
fn admitted(schema: &Value) -> BoxedStrategy<Value> {
    if let Some(allowed) = schema["enum"].as_array() {
        return sample::select(allowed.clone()).boxed();
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("object"), _) if schema["properties"].is_object() => fields(schema),
        (Some("object"), _) => {
            collection::btree_map(".{0,8}", admitted(&schema["additionalProperties"]), 0..3)
                .prop_map(|map| json!(map))
                .boxed()
        }
        (Some("array"), _) => collection::vec(admitted(&schema["items"]), 0..3)
            .prop_map(|list| json!(list))
            .boxed(),
        (Some("string"), Some("date-time")) => Just(json!("2026-01-02T03:04:05Z")).boxed(),
        (Some("string"), _) => ".{0,12}".prop_map(|text| json!(text)).boxed(),
        (Some("integer"), Some("int32")) if schema["maximum"].is_null() => {
            any::<i32>().prop_map(|n| json!(n)).boxed()
        }
        (Some("integer"), Some("int64")) if schema["maximum"].is_null() => {
            any::<i64>().prop_map(|n| json!(n)).boxed()
        }
        (Some("integer"), _) => integer(schema),
        (None, _) => proptest::prop_oneof![
            any::<i64>().prop_map(|n| json!(n)),
            ".{0,9}".prop_map(|text| json!(text))
        ]
        .boxed(),
        other => panic!("no values of {other:?} are made here"),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the schema's bounds are whole numbers"
)]
fn integer(schema: &Value) -> BoxedStrategy<Value> {
    let bound = |name: &str| schema[name].as_f64().unwrap() as i64;
    (bound("minimum")..=bound("maximum"))
        .prop_map(|number| json!(number))
        .boxed()
}

fn fields(schema: &Value) -> BoxedStrategy<Value> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let mut all = Just(Map::new()).boxed();
    for (name, property) in schema["properties"].as_object().unwrap() {
        let name = name.clone();
        let value = admitted(property);
        let value = if required.contains(&json!(name)) {
            value.prop_map(Some).boxed()
        } else {
            option::of(value).boxed()
        };
        all = (all, value)
            .prop_map(move |(mut all, value)| {
                all.extend(value.map(|value| (name.clone(), value)));
                all
            })
            .boxed();
    }
    all.prop_map(Value::Object).boxed()
}

proptest! {
    #[test]
    fn whatever_the_schema_admits_decodes(object in admitted(&SCHEMA)) {
        let mut object = object;
        object["apiVersion"] = json!("sources.eventing.knative.dev/v1alpha1");
        object["kind"] = json!("MnsOssSource");
        object["metadata"] = json!({"name": "photos"});
        let decoded = serde_json::from_value::<MnsOssSource>(object.clone());
        proptest::prop_assert!(decoded.is_ok(), "{:?}: {object}", decoded.err());
    }
}
