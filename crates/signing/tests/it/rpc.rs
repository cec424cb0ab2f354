//! The first RPC signature against its vectors.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde::Deserialize;
use signing::encode::{self, Pairs};
use signing::rpc::{Presented, sign, signature, string_to_sign};

use crate::support::{File, Headers, flips, map_parameters, now, parameters, request};

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
    string_to_sign: String,
    signature: String,
}

impl Case {
    fn form(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }

    /// What a server finds in query and form together.
    fn received(&self) -> Pairs {
        let query = self.request_target.split_once('?').unwrap().1;
        let mut pairs = encode::decode_query(query).unwrap();
        pairs.extend(encode::decode_query(self.form()).unwrap());
        pairs
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

#[test]
fn server_verifies_what_the_sdk_sends() {
    let file = file();
    for case in &file.cases {
        let name = &case.name;
        let credentials = file.credentials(&case.credentials);
        let secret = credentials.access_key_secret();
        let method: Method = case.method.parse().unwrap();
        let mut pairs = case.received();
        let presented = Presented::from_parameters(&pairs).unwrap().unwrap();
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
        assert_eq!(presented.nonce(), NONCE, "{name}");
        assert_eq!(presented.signed_at(), now(), "{name}");
        let text = string_to_sign(&method, &pairs);
        assert_eq!(text, case.string_to_sign, "{name}");
        assert_eq!(signature(&text, secret), case.signature, "{name}");
        assert!(presented.matches(&text, secret), "{name}");

        for flipped in flips(&case.signature) {
            for (_, value) in pairs.iter_mut().filter(|(name, _)| name == "Signature") {
                value.clone_from(&flipped);
            }
            let presented = Presented::from_parameters(&pairs).unwrap().unwrap();
            assert!(!presented.matches(&text, secret), "{name}: {flipped}");
        }
    }
}
