//! `ACS3-HMAC-SHA256` against its vectors.

use std::collections::BTreeMap;

use http::header::{AUTHORIZATION, HeaderName};
use http::request::Parts;
use serde::Deserialize;
use signing::acs3::{canonical_request, sign, signature, string_to_sign};
use signing::encode;

use crate::support::{
    File, Headers, authorization, authorization_parts, now, request, set, without,
};

const NONCE: &str = "5c1f6e0a9b8d47d2a3e4f50617283940";

#[derive(Deserialize)]
struct Case {
    name: String,
    credentials: String,
    method: String,
    host: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: Headers,
    body: Option<String>,
    canonical_request: String,
    string_to_sign: String,
    signature: String,
    authorization: String,
}

impl Case {
    fn body(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default().as_bytes()
    }

    fn received(&self) -> Parts {
        let target = format!("{}?{}", self.path, encode::query(&self.query));
        let mut parts = request(&self.method, &target, &self.headers);
        set(&mut parts, AUTHORIZATION, &self.authorization);
        parts
    }
}

fn file() -> File<Case> {
    File::parse(include_str!("../vectors/acs3.json"), 15)
}

#[test]
fn each_step_gives_what_the_sdk_computed() {
    let file = file();
    for case in &file.cases {
        let parts = case.received();
        let listed = authorization_parts(&case.authorization)
            .1
            .remove("SignedHeaders")
            .unwrap();
        let listed: Vec<HeaderName> = listed.iter().map(|name| name.parse().unwrap()).collect();
        let canonical =
            canonical_request(&parts.method, &parts.uri, &parts.headers, &listed).unwrap();
        assert_eq!(canonical, case.canonical_request, "{}", case.name);
        let text = string_to_sign(&canonical);
        assert_eq!(text, case.string_to_sign, "{}", case.name);
        let credentials = file.credentials(&case.credentials);
        let signature = signature(&text, credentials.access_key_secret());
        assert_eq!(signature, case.signature, "{}", case.name);
    }
}

#[test]
fn client_sends_what_the_signing_routine_of_the_sdk_sends() {
    let file = file();
    let added = [
        "authorization",
        "host",
        "x-acs-content-sha256",
        "x-acs-date",
        "x-acs-security-token",
        "x-acs-signature-nonce",
    ];
    for case in &file.cases {
        let mut parts = without(case.received(), &added);
        let target = format!("https://{}{}", case.host, parts.uri);
        parts.uri = target.parse().unwrap();
        let credentials = file.credentials(&case.credentials);
        sign(&mut parts, case.body(), NONCE, &credentials, now()).unwrap();
        // The whole SDK also signs its user agent and what it accepts; we leave those alone.
        if case.name.starts_with("minimal_") {
            assert_eq!(authorization(&parts), case.authorization, "{}", case.name);
        }
        parts.headers.remove(AUTHORIZATION);
        let mut expected = case.received().headers;
        expected.remove(AUTHORIZATION);
        assert_eq!(parts.headers, expected, "{}", case.name);
    }
}

#[test]
fn host_is_signed_as_clients_send_it() {
    let credentials = file().credentials("ak");
    let table = [
        ("https://a.example.com/", "a.example.com"),
        ("https://a.example.com:443/", "a.example.com"),
        ("http://a.example.com:443/", "a.example.com:443"),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ];
    for (uri, host) in table {
        let mut parts = request("POST", uri, &Headers::new());
        sign(&mut parts, b"", NONCE, &credentials, now()).unwrap();
        assert_eq!(parts.headers["host"], host, "{uri}");
    }
}
