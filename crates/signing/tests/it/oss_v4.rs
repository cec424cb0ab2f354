//! `OSS4-HMAC-SHA256` against its vectors.

use std::time::Duration;

use http::Method;
use http::header::{AUTHORIZATION, HeaderName};
use serde::Deserialize;
use signing::oss::{Resource, v4};
use signing::{Credentials, SignError};

use crate::support::{
    File, Headers, authorization, authorization_parts, header_map, map_parameters, now, parameters,
    request, without,
};

#[derive(Deserialize)]
struct Case {
    name: String,
    mode: String,
    credentials: String,
    method: String,
    bucket: Option<String>,
    key: Option<String>,
    region: String,
    request_target: String,
    query: Vec<(String, String)>,
    headers: Headers,
    expires: Option<u64>,
    canonical_request: String,
    string_to_sign: String,
    signature: String,
    authorization: Option<String>,
    signed_url: Option<String>,
}

impl Case {
    fn resource(&self) -> Resource<'_> {
        Resource {
            bucket: self.bucket.as_deref(),
            key: self.key.as_deref(),
        }
    }

    /// The request target before it was signed.
    fn unsigned_target(&self) -> String {
        let added = [
            "x-oss-additional-headers",
            "x-oss-credential",
            "x-oss-date",
            "x-oss-expires",
            "x-oss-security-token",
            "x-oss-signature",
            "x-oss-signature-version",
        ];
        map_parameters(&self.request_target, |name, value| {
            (!added.contains(&name)).then(|| value.to_owned())
        })
    }

    /// The additional headers that the sender chose to sign.
    fn additional(&self) -> Vec<HeaderName> {
        let name = "x-oss-additional-headers";
        let in_query = self.query.iter().find(|(key, _)| key == name);
        let in_query = in_query.into_iter().flat_map(|(_, names)| names.split(';'));
        let in_header = self.authorization.as_deref().map(authorization_parts);
        let in_header = in_header.and_then(|(_, mut parts)| parts.remove("AdditionalHeaders"));
        let in_header = in_header.unwrap_or_default();
        let names = in_header.iter().map(String::as_str).chain(in_query);
        names.map(|name| name.parse().unwrap()).collect()
    }
}

fn file() -> File<Case> {
    File::parse(include_str!("../vectors/oss-v4.json"), 83)
}

fn cases<'a>(file: &'a File<Case>, mode: &str) -> Vec<(&'a Case, Credentials)> {
    let chosen: Vec<_> = file.cases.iter().filter(|case| case.mode == mode).collect();
    assert!(!chosen.is_empty());
    chosen
        .into_iter()
        .map(|case| (case, file.credentials(&case.credentials)))
        .collect()
}

#[test]
fn each_step_gives_what_the_sdks_computed() {
    let file = file();
    for case in &file.cases {
        let name = &case.name;
        let (method, headers): (Method, _) =
            (case.method.parse().unwrap(), header_map(&case.headers));
        let additional = case.additional();
        let canonical =
            v4::canonical_request(&method, &headers, case.resource(), &case.query, &additional);
        assert_eq!(canonical.unwrap(), case.canonical_request, "{name}");
        let text = v4::string_to_sign(&case.canonical_request, &case.region, now());
        assert_eq!(text, case.string_to_sign, "{name}");
        let credentials = file.credentials(&case.credentials);
        let secret = credentials.access_key_secret();
        let signature = v4::signature(&text, secret, &case.region, now());
        assert_eq!(signature, case.signature, "{name}");
    }
}

#[test]
fn header_is_what_the_sdks_send() {
    let file = file();
    for (case, credentials) in cases(&file, "header") {
        let added = ["x-oss-date", "x-oss-content-sha256", "x-oss-security-token"];
        let full = request(&case.method, &case.request_target, &case.headers);
        let mut parts = without(full.clone(), &added);
        let (resource, additional) = (case.resource(), case.additional());
        v4::sign_including(
            &mut parts,
            resource,
            &case.region,
            &additional,
            &credentials,
            now(),
        )
        .unwrap();
        let expected = authorization_parts(case.authorization.as_deref().unwrap());
        assert_eq!(
            authorization_parts(authorization(&parts)),
            expected,
            "{}",
            case.name
        );
        parts.headers.remove(AUTHORIZATION);
        assert_eq!(parts.headers, full.headers, "{}", case.name);
    }
}

#[test]
fn presigned_url_is_what_the_sdks_make() {
    let file = file();
    for (case, credentials) in cases(&file, "presign") {
        let expires = Duration::from_secs(case.expires.unwrap());
        let mut parts = request(&case.method, &case.unsigned_target(), &case.headers);
        v4::presign_including(
            &mut parts,
            case.resource(),
            &case.region,
            &case.additional(),
            expires,
            &credentials,
            now(),
        )
        .unwrap();
        let expected = parameters(case.signed_url.as_deref().unwrap());
        assert_eq!(
            parameters(&parts.uri.to_string()),
            expected,
            "{}",
            case.name
        );
    }
}

#[test]
fn lifetime_of_a_url_is_bounded_on_both_sides() {
    let credentials = file().credentials("ak");
    let resource = Resource {
        bucket: Some("b"),
        key: Some("k"),
    };
    for (seconds, allowed) in [(0, false), (1, true), (604_800, true), (604_801, false)] {
        let mut parts = request("GET", "https://b.example.com/k", &Headers::new());
        let (before, expires) = (parts.uri.clone(), Duration::from_secs(seconds));
        let result = v4::presign(&mut parts, resource, "r", expires, &credentials, now());
        let error = SignError::Expiry {
            seconds,
            limit_seconds: 604_800,
        };
        assert_eq!(
            result,
            if allowed { Ok(()) } else { Err(error) },
            "{seconds}"
        );
        assert_eq!(parts.uri == before, !allowed, "{seconds}");
    }
}
