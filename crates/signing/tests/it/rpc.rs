//! The first RPC signature against its vectors.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use signing::rpc::sign;

use crate::support::{File, Headers, map_parameters, now, parameters, request};

const NONCE: &str = "5c1f6e0a9b8d47d2a3e4f50617283940";

#[derive(Deserialize)]
struct Case {
    name: String,
    credentials: String,
    method: String,
    request_target: String,
    query: BTreeMap<String, String>,
    headers: Headers,
    body: Option<String>,
}

impl Case {
    fn form(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }
}

fn file() -> File<Case> {
    File::parse(include_str!("../vectors/rpc-v1.json"), 11)
}

#[test]
fn client_adds_what_the_sdk_adds() {
    let file = file();
    for case in &file.cases {
        let common = [
            "AccessKeyId",
            "SecurityToken",
            "Signature",
            "SignatureMethod",
            "SignatureNonce",
            "SignatureVersion",
            "Timestamp",
        ];
        let unsigned = map_parameters(&case.request_target, |name, value| {
            (!common.contains(&name)).then(|| value.to_owned())
        });
        let mut parts = request(&case.method, &unsigned, &case.headers);
        let credentials = file.credentials(&case.credentials);
        sign(&mut parts, case.form(), NONCE, &credentials, now()).unwrap();
        let expected: BTreeSet<_> = case.query.clone().into_iter().collect();
        assert_eq!(
            parameters(&parts.uri.to_string()),
            expected,
            "{}",
            case.name
        );
    }
}
