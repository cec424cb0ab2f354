//! Signed upload policies against their vectors.

use std::collections::BTreeMap;

use serde::Deserialize;
use signing::PresentedError;
use signing::oss::post_policy::{Presented, conditions_v4, fields_v1, fields_v4};

use crate::support::{File, REGION, flips, now};

#[derive(Deserialize)]
struct Case {
    name: String,
    version: String,
    credentials: String,
    policy_json: String,
    policy_base64: String,
    signature: String,
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

#[test]
fn server_verifies_forms_with_names_in_any_case() {
    let file = file();
    for case in &file.cases {
        let name = &case.name;
        let credentials = file.credentials(&case.credentials);
        let upper: Vec<_> = case
            .fields
            .iter()
            .map(|(name, value)| (name.to_uppercase(), value))
            .collect();
        let presented = Presented::from_fields(&upper).unwrap().unwrap();
        assert_eq!(
            presented.access_key_id(),
            credentials.access_key_id(),
            "{name}"
        );
        assert_eq!(
            presented.security_token(),
            credentials.security_token(),
            "{name}"
        );
        assert_eq!(presented.policy_base64(), case.policy_base64, "{name}");
        assert_eq!(presented.policy_json().unwrap(), case.policy_json, "{name}");
        assert_eq!(
            presented.signed_at(),
            (case.version == "v4").then(now),
            "{name}"
        );
        assert!(presented.matches(credentials.access_key_secret()), "{name}");

        for flipped in flips(&case.signature) {
            let forge = |value: &String| value.replace(&case.signature, &flipped);
            let forged: Vec<_> = case
                .fields
                .iter()
                .map(|(name, value)| (name, forge(value)))
                .collect();
            let presented = Presented::from_fields(&forged).unwrap().unwrap();
            assert!(
                !presented.matches(credentials.access_key_secret()),
                "{name}: {flipped}"
            );
        }
    }
}

#[test]
fn forms_that_present_too_little_or_too_much_are_refused() {
    let missing = |part| Err(PresentedError::Missing { part });
    let table: [(&str, &[(&str, &str)], _); 5] = [
        ("anonymous", &[("key", "a.jpg")], Ok(false)),
        (
            "unsigned policy",
            &[("policy", "e30=")],
            missing("Signature"),
        ),
        (
            "no key id",
            &[("policy", "e30="), ("Signature", "s")],
            missing("OSSAccessKeyId"),
        ),
        (
            "no policy",
            &[("OSSAccessKeyId", "i"), ("Signature", "s")],
            missing("policy"),
        ),
        (
            "both",
            &[("Signature", "s"), ("x-oss-signature", "s")],
            Err(PresentedError::Mixed),
        ),
    ];
    for (name, fields, expected) in table {
        let found = Presented::from_fields(fields).map(|presented| presented.is_some());
        assert_eq!(found, expected, "{name}");
    }
}
