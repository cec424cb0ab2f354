//! Examples that the vendor publishes in its documentation and unit tests.

use std::collections::BTreeMap;

use http::Method;
use http::header::HeaderName;
use jiff::Timestamp;
use serde::Deserialize;
use signing::encode::{self, Pairs};
use signing::oss::Resource;
use signing::{AccessKeySecret, Credentials, acs3, mns, oss, rpc, time};

use crate::support::{File, Headers, authorization, header_map, request};

#[derive(Deserialize)]
struct Case {
    name: String,
    scheme: String,
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    resource: String,
    #[serde(default, alias = "params", alias = "parameters")]
    query: BTreeMap<String, String>,
    #[serde(default)]
    headers: Headers,
    #[serde(default)]
    access_key_id: String,
    access_key_secret: String,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    region: String,
    canonical_request: Option<String>,
    string_to_sign: Option<String>,
    signature: String,
    authorization: Option<String>,
}

impl Case {
    fn method(&self) -> Method {
        self.method.parse().unwrap()
    }

    fn pairs(&self) -> Pairs {
        self.query.clone().into_iter().collect()
    }

    fn secret(&self) -> AccessKeySecret {
        AccessKeySecret::new(&self.access_key_secret)
    }

    fn credentials(&self) -> Credentials {
        Credentials::new(&self.access_key_id, &self.access_key_secret)
    }

    fn time(&self) -> Timestamp {
        time::parse_iso_basic(&self.timestamp).unwrap()
    }
}

#[test]
fn published_examples_come_out_as_published() {
    let file: File<Case> = File::parse(include_str!("../vectors/known-answers.json"), 8);
    for case in &file.cases {
        match case.scheme.as_str() {
            "rpc-v1" => rpc_example(case),
            "acs3" => acs3_example(case),
            "oss-v1" => oss_example(case),
            "mns-v4" => mns_example(case),
            other => panic!("{}: unknown scheme {other}", case.name),
        }
    }
}

fn rpc_example(case: &Case) {
    let text = rpc::string_to_sign(&case.method(), &case.pairs());
    assert_eq!(
        rpc::signature(&text, &case.secret()),
        case.signature,
        "{}",
        case.name
    );
}

fn acs3_example(case: &Case) {
    let name = &case.name;
    let uri = format!("{}?{}", case.path, encode::query(&case.query))
        .parse()
        .unwrap();
    let headers = header_map(&case.headers);
    let signed: Vec<HeaderName> = headers.keys().cloned().collect();
    let canonical = acs3::canonical_request(&case.method(), &uri, &headers, &signed).unwrap();
    assert_eq!(Some(&canonical), case.canonical_request.as_ref(), "{name}");
    let text = acs3::string_to_sign(&canonical);
    assert_eq!(Some(&text), case.string_to_sign.as_ref(), "{name}");
    assert_eq!(
        acs3::signature(&text, &case.secret()),
        case.signature,
        "{name}"
    );
}

/// Only the string to sign is published; the request is read back from it.
fn oss_example(case: &Case) {
    let text = case.string_to_sign.as_deref().unwrap();
    assert_eq!(
        oss::v1::signature(text, &case.secret()),
        case.signature,
        "{}",
        case.name
    );

    let headers = [
        (
            "content-md5",
            "ODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM=",
        ),
        ("content-type", "text/html"),
        ("x-oss-magic", "abracadabra"),
        ("x-oss-meta-author", "foo@bar.com"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut parts = request("PUT", "/nelson", &headers.into());
    let resource = Resource {
        bucket: Some("oss-example"),
        key: Some("nelson"),
    };
    let time = time::parse_http_date("Thu, 17 Nov 2005 18:49:58 GMT").unwrap();
    oss::v1::sign(&mut parts, resource, &case.credentials(), time).unwrap();
    let expected = format!("OSS {}:{}", case.access_key_id, case.signature);
    assert_eq!(authorization(&parts), expected, "{}", case.name);
}

fn mns_example(case: &Case) {
    let (name, time) = (&case.name, case.time());
    // One example leaves out the slash that every request target starts with.
    let path = format!("/{}", case.resource.trim_start_matches('/'));
    let headers = header_map(&case.headers);
    let canonical =
        mns::v4::canonical_request(&case.method(), &path, &case.pairs(), &headers).unwrap();
    let text = mns::v4::string_to_sign_canonical(&canonical, &case.region, time);
    assert_eq!(Some(&text), case.string_to_sign.as_ref(), "{name}");
    let signature = mns::v4::signature(&text, &case.secret(), &case.region, time);
    assert_eq!(signature, case.signature, "{name}");

    let target = format!("{}?{}", encode::path(&path), encode::query(&case.query));
    let mut parts = request(&case.method, &target, &case.headers);
    mns::v4::sign(&mut parts, &case.region, &case.credentials(), time).unwrap();
    assert_eq!(
        Some(authorization(&parts)),
        case.authorization.as_deref(),
        "{name}"
    );
}
