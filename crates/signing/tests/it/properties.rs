//! What one half signs the other half accepts, whatever the request, and nothing else.

use std::time::Duration;

use http::request::Parts;
use proptest::prelude::*;
use signing::encode::{self, Pairs};
use signing::oss::{self, Resource, SignatureVersion};
use signing::{AccessKeySecret, Credentials, acs3, dataplus, mns, rpc};

use crate::support::{Headers, now, request};

fn credentials(temporary: bool) -> Credentials {
    let credentials = Credentials::new("LTAI5tKEY", "hunter2");
    if temporary {
        credentials.with_security_token("to/ke+n==")
    } else {
        credentials
    }
}

fn other_secret() -> AccessKeySecret {
    AccessKeySecret::new("hunter3")
}

/// Parameters whose names are no scheme's own.
fn pairs() -> impl Strategy<Value = Pairs> {
    prop::collection::vec(("[qQ][\\PC]{0,8}", "\\PC{0,12}"), 0..5)
}

fn key() -> impl Strategy<Value = String> {
    "\\PC{1,40}"
}

fn headers() -> impl Strategy<Value = Headers> {
    let names = "(x-oss-meta|x-mns|x-acs|x-other)-[a-z0-9-]{1,8}|content-type|content-md5|range";
    prop::collection::btree_map(names, "[ -~é人]{0,16}", 0..5)
}

fn version() -> impl Strategy<Value = SignatureVersion> {
    let v4 = SignatureVersion::V4 {
        region: "cn-shanghai".to_owned(),
    };
    prop_oneof![Just(SignatureVersion::V1), Just(v4)]
}

fn target(path: &str, pairs: &Pairs) -> String {
    format!(
        "http://h.example.com/{}?{}",
        encode::path(path),
        encode::query(pairs.iter().map(|(n, v)| (n, v)))
    )
}

fn oss_accepts(parts: &Parts, resource: Resource<'_>, credentials: &Credentials) -> bool {
    let presented = oss::Presented::from_request(parts).unwrap().unwrap();
    assert_eq!(presented.access_key_id(), credentials.access_key_id());
    assert_eq!(presented.security_token(), credentials.security_token());
    let text = presented.string_to_sign(parts, resource).unwrap();
    assert!(!presented.matches(&text, &other_secret()));
    presented.matches(&text, credentials.access_key_secret())
}

proptest! {
    #[test]
    fn oss_headers_round_trip(
        version in version(), key in key(), pairs in pairs(), headers in headers(), temporary: bool,
    ) {
        let credentials = credentials(temporary);
        let resource = Resource { bucket: Some("face-image"), key: Some(&key) };
        let mut parts = request("PUT", &target(&key, &pairs), &headers);
        version.sign(&mut parts, resource, &credentials, now()).unwrap();
        prop_assert!(oss_accepts(&parts, resource, &credentials));

        let other = format!("{key}x");
        let elsewhere = Resource { bucket: Some("face-image"), key: Some(&other) };
        prop_assert!(!oss_accepts(&parts, elsewhere, &credentials));
        parts.method = http::Method::DELETE;
        prop_assert!(!oss_accepts(&parts, resource, &credentials));
    }

    #[test]
    fn oss_urls_round_trip(
        version in version(), key in key(), pairs in pairs(), headers in headers(),
        temporary: bool, seconds in 1_u64..604_800,
    ) {
        let credentials = credentials(temporary);
        let resource = Resource { bucket: Some("face-image"), key: Some(&key) };
        let mut parts = request("GET", &target(&key, &pairs), &headers);
        let expires = Duration::from_secs(seconds);
        version.presign(&mut parts, resource, expires, &credentials, now()).unwrap();
        prop_assert!(oss_accepts(&parts, resource, &credentials));
        let presented = oss::Presented::from_request(&parts).unwrap().unwrap();
        prop_assert_eq!(presented.expires_at(), Some(now() + expires));

        let target = parts.uri.to_string();
        let later = target
            .replace("Expires=1", "Expires=2")
            .replace(&format!("x-oss-expires={seconds}"), &format!("x-oss-expires={}", seconds + 1));
        parts.uri = later.parse().unwrap();
        prop_assert!(!oss_accepts(&parts, resource, &credentials));
    }

    #[test]
    fn mns_round_trips(pairs in pairs(), headers in headers(), temporary: bool, newer: bool) {
        let credentials = credentials(temporary);
        let mut parts = request("GET", &target("queues/q/messages", &pairs), &headers);
        if newer {
            mns::v4::sign(&mut parts, "cn-shanghai", &credentials, now()).unwrap();
        } else {
            mns::v2::sign(&mut parts, &credentials, now()).unwrap();
        }
        let presented = mns::Presented::from_request(&parts).unwrap().unwrap();
        prop_assert_eq!(presented.security_token(), credentials.security_token());
        let text = presented.string_to_sign(&parts).unwrap();
        prop_assert!(presented.matches(&text, credentials.access_key_secret()));
        prop_assert!(!presented.matches(&text, &other_secret()));
        let longer = format!("{}&waitseconds=30", parts.uri);
        parts.uri = longer.parse().unwrap();
        let text = presented.string_to_sign(&parts).unwrap();
        prop_assert!(!presented.matches(&text, credentials.access_key_secret()));
    }

    #[test]
    fn rpc_round_trips_over_query_and_form(query in pairs(), form in pairs(), temporary: bool) {
        let credentials = credentials(temporary);
        let mut parts = request("POST", &target("", &query), &Headers::new());
        let form = encode::query(form.iter().map(|(name, value)| (name, value))).replace("%20", "+");
        rpc::sign(&mut parts, &form, "nonce", &credentials, now()).unwrap();
        let mut received = encode::decode_query(parts.uri.query().unwrap()).unwrap();
        received.extend(encode::decode_query(&form).unwrap());
        let presented = rpc::Presented::from_parameters(&received).unwrap().unwrap();
        let text = rpc::string_to_sign(&parts.method, &received);
        prop_assert!(presented.matches(&text, credentials.access_key_secret()));
        prop_assert!(!presented.matches(&text, &other_secret()));
        received.push(("Action".to_owned(), "DeleteEverything".to_owned()));
        let text = rpc::string_to_sign(&parts.method, &received);
        prop_assert!(!presented.matches(&text, credentials.access_key_secret()));
    }

    #[test]
    fn acs3_round_trips(
        pairs in pairs(), headers in headers(), body: Vec<u8>, temporary: bool,
    ) {
        let credentials = credentials(temporary);
        let mut parts = request("POST", &target("", &pairs), &headers);
        acs3::sign(&mut parts, &body, "nonce", &credentials, now()).unwrap();
        let presented = acs3::Presented::from_request(&parts).unwrap().unwrap();
        prop_assert!(presented.covers(&body));
        prop_assert_eq!(presented.security_token(), credentials.security_token());
        let text = presented.string_to_sign(&parts).unwrap();
        prop_assert!(presented.matches(&text, credentials.access_key_secret()));
        prop_assert!(!presented.matches(&text, &other_secret()));
    }

    #[test]
    fn dataplus_round_trips(headers in headers(), body: Vec<u8>) {
        let credentials = credentials(false);
        let mut parts = request("POST", "/face/attribute", &headers);
        dataplus::sign(&mut parts, &body, &credentials, now()).unwrap();
        let presented = dataplus::Presented::from_request(&parts).unwrap().unwrap();
        let text = dataplus::string_to_sign(&parts, &body).unwrap();
        prop_assert!(presented.matches(&text, credentials.access_key_secret()));
        let text = dataplus::string_to_sign(&parts, b"another body").unwrap();
        prop_assert!(!presented.matches(&text, credentials.access_key_secret()));
    }

    #[test]
    fn encoding_round_trips(text: String, pairs in pairs()) {
        prop_assert_eq!(encode::decode(&encode::component(&text)).unwrap(), text.clone());
        prop_assert_eq!(encode::decode(&encode::path(&text)).unwrap(), text);
        let query = encode::query(pairs.iter().map(|(name, value)| (name, value)));
        prop_assert_eq!(encode::decode_query(&query).unwrap(), pairs.clone());
        prop_assert_eq!(encode::decode_query_keeping_plus(&query).unwrap(), pairs);
    }

    #[test]
    fn secrets_never_show(secret in "[!-~]{12,40}", token in "[!-~]{12,40}") {
        let credentials = Credentials::new("id", &secret).with_security_token(&token);
        let shown = format!("{credentials:?} {credentials:#?}");
        prop_assert!(!shown.contains(&secret) && !shown.contains(&token));

        let mut parts = request("GET", "/k", &Headers::new());
        let resource = Resource { bucket: Some("b"), key: Some("k") };
        oss::v4::sign(&mut parts, resource, "r", &credentials, now()).unwrap();
        let presented = oss::Presented::from_request(&parts).unwrap();
        let shown = format!("{parts:?} {presented:?}");
        prop_assert!(!shown.contains(&secret) && !shown.contains(&token), "{}", shown);
    }
}
