//! The first OSS signature against its vectors.

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use signing::Credentials;
use signing::encode;
use signing::oss::{Resource, v1};

use crate::support::{
    File, Headers, authorization, header, header_map, map_parameters, now, parameters, request,
    without,
};

#[derive(Deserialize)]
struct Case {
    name: String,
    mode: String,
    credentials: String,
    method: String,
    bucket: Option<String>,
    key: Option<String>,
    request_target: String,
    query: Vec<(String, String)>,
    headers: Headers,
    expires: Option<i64>,
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
        let added = ["OSSAccessKeyId", "Expires", "Signature", "security-token"];
        map_parameters(&self.request_target, |name, value| {
            (!added.contains(&name)).then(|| value.to_owned())
        })
    }
}

fn file() -> File<Case> {
    File::parse(include_str!("../vectors/oss-v1.json"), 57)
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
fn header_is_what_the_sdk_sends() {
    let file = file();
    for (case, credentials) in cases(&file, "header") {
        let method: Method = case.method.parse().unwrap();
        let headers = header_map(&case.headers);
        let date = &case.headers["date"];
        let text = v1::string_to_sign(&method, &headers, case.resource(), &case.query, date);
        assert_eq!(text.unwrap(), case.string_to_sign, "{}", case.name);
        let signature = v1::signature(&case.string_to_sign, credentials.access_key_secret());
        assert_eq!(signature, case.signature, "{}", case.name);

        let full = request(&case.method, &case.request_target, &case.headers);
        let mut parts = without(full, &["date", "x-oss-security-token"]);
        v1::sign(&mut parts, case.resource(), &credentials, now()).unwrap();
        assert_eq!(
            Some(authorization(&parts)),
            case.authorization.as_deref(),
            "{}",
            case.name
        );
        for name in ["date", "x-oss-security-token"] {
            let expected = case.headers.get(name).map(String::as_str);
            assert_eq!(header(&parts, name), expected, "{}", case.name);
        }
    }
}

#[test]
fn presigned_url_is_what_the_sdk_makes() {
    let file = file();
    for (case, credentials) in cases(&file, "presign") {
        let expires = case.expires.unwrap() - now().as_second();
        let expires = Duration::from_secs(expires.try_into().unwrap());
        let mut parts = request(&case.method, &case.unsigned_target(), &case.headers);
        v1::presign(&mut parts, case.resource(), expires, &credentials, now()).unwrap();
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
fn presigning_again_replaces_the_first_signature() {
    let file = file();
    let credentials = file.credentials("sts");
    let resource = Resource {
        bucket: Some("b"),
        key: Some("k"),
    };
    let mut parts = request(
        "GET",
        "https://b.example.com/k?versionId=1",
        &Headers::new(),
    );
    let expires = Duration::from_mins(1);
    v1::presign(&mut parts, resource, expires, &credentials, now()).unwrap();
    let once = parts.uri.clone();
    v1::presign(&mut parts, resource, expires, &credentials, now()).unwrap();
    assert_eq!(parts.uri, once);
    let query = encode::decode_query(once.query().unwrap()).unwrap();
    let names: Vec<_> = query.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "versionId",
            "security-token",
            "OSSAccessKeyId",
            "Expires",
            "Signature"
        ]
    );
}

#[test]
fn parameters_that_name_an_operation_are_signed_and_others_are_not() {
    // From the signers of the SDKs, which each know others.
    for name in ["acl", "cleanRestoredObject", "regions", "withHashContext"] {
        let parameters = [(name, ""), ("prefix", "a")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        let (method, headers) = (http::Method::GET, http::HeaderMap::new());
        let resource = Resource::default();
        let text = v1::string_to_sign(&method, &headers, resource, &parameters, "0").unwrap();
        assert_eq!(text, format!("GET\n\n\n0\n/?{name}"));
    }
}
