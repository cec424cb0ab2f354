//! Both MNS schemes against their vectors.

use http::Method;
use serde::Deserialize;
use signing::mns::{v2, v4};

use crate::support::{
    File, Headers, REGION, authorization, header, header_map, now, request, without,
};

#[derive(Deserialize)]
struct Case {
    name: String,
    credentials: String,
    method: String,
    #[serde(alias = "resource")]
    request_target: String,
    headers: Headers,
    canonical_request: Option<String>,
    string_to_sign: String,
    signature: String,
    authorization: String,
}

fn v2_file() -> File<Case> {
    File::parse(include_str!("../vectors/mns.json"), 49)
}

fn v4_file() -> File<Case> {
    File::parse(include_str!("../vectors/mns-v4.json"), 15)
}

#[test]
fn v2_signs_what_the_sdks_sign() {
    let file = v2_file();
    for case in &file.cases {
        let credentials = file.credentials(&case.credentials);
        let full = request(&case.method, &case.request_target, &case.headers);
        assert_eq!(
            v2::string_to_sign(&full).unwrap(),
            case.string_to_sign,
            "{}",
            case.name
        );
        let signature = v2::signature(&case.string_to_sign, credentials.access_key_secret());
        assert_eq!(signature, case.signature, "{}", case.name);

        let mut parts = without(full, &["date", "security-token"]);
        v2::sign(&mut parts, &credentials, now()).unwrap();
        assert_eq!(authorization(&parts), case.authorization, "{}", case.name);
        for name in ["date", "security-token"] {
            let expected = case.headers.get(name).map(String::as_str);
            assert_eq!(header(&parts, name), expected, "{}", case.name);
        }
    }
}

#[test]
fn v4_signs_what_the_java_sdk_signs() {
    let file = v4_file();
    for case in &file.cases {
        let credentials = file.credentials(&case.credentials);
        let mut parts = request(&case.method, &case.request_target, &case.headers);
        let text = v4::string_to_sign(&parts, REGION, now()).unwrap();
        assert_eq!(text, case.string_to_sign, "{}", case.name);
        let secret = credentials.access_key_secret();
        let signature = v4::signature(&text, secret, REGION, now());
        assert_eq!(signature, case.signature, "{}", case.name);

        v4::sign(&mut parts, REGION, &credentials, now()).unwrap();
        assert_eq!(authorization(&parts), case.authorization, "{}", case.name);
        assert_eq!(
            header(&parts, "security-token").is_some(),
            credentials.security_token().is_some(),
            "{}",
            case.name
        );
    }
}

#[test]
fn v4_canonical_request_comes_from_decoded_parts() {
    for case in &v4_file().cases {
        let (path, query) = case
            .request_target
            .split_once('?')
            .unwrap_or((&case.request_target, ""));
        let query = signing::encode::decode_query_keeping_plus(query).unwrap();
        let method: Method = case.method.parse().unwrap();
        let canonical =
            v4::canonical_request(&method, path, &query, &header_map(&case.headers)).unwrap();
        assert_eq!(Some(canonical), case.canonical_request, "{}", case.name);
    }
}
