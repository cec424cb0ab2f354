//! Signed upload policies against their vectors.

use std::collections::BTreeMap;

use serde::Deserialize;
use signing::oss::post_policy::{conditions_v4, fields_v1, fields_v4};

use crate::support::{File, REGION, now};

#[derive(Deserialize)]
struct Case {
    name: String,
    version: String,
    credentials: String,
    policy_json: String,
    fields: BTreeMap<String, String>,
}

fn file() -> File<Case> {
    File::parse(include_str!("../vectors/oss-post-policy.json"), 6)
}

#[test]
fn form_fields_are_as_published() {
    let file = file();
    for case in &file.cases {
        let credentials = file.credentials(&case.credentials);
        let fields = match case.version.as_str() {
            "v1" => fields_v1(&case.policy_json, &credentials),
            _ => fields_v4(&case.policy_json, REGION, &credentials, now()),
        };
        let fields: BTreeMap<_, _> = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        assert_eq!(fields, case.fields, "{}", case.name);
    }
}

#[test]
fn v4_policies_contain_the_conditions_that_the_form_fixes() {
    let file = file();
    for case in file.cases.iter().filter(|case| case.version == "v4") {
        for (name, value) in conditions_v4(REGION, &file.credentials(&case.credentials), now()) {
            let condition = format!(r#"{{"{name}":"{value}"}}"#);
            assert!(
                case.policy_json.contains(&condition),
                "{}: {condition}",
                case.name
            );
        }
    }
}
