//! What the SDKs send, as recorded in the vectors of `signing`, and the same with one bit of the
//! signature flipped.

use std::collections::BTreeMap;

use emulator::presented::{acs3, dataplus, mns, oss, post_policy, rpc};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use signing::oss::Resource;
use signing::{AccessKeyId, Credentials, SecurityToken, encode, time};

#[derive(Deserialize)]
struct File {
    credentials: BTreeMap<String, Pair>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Pair {
    access_key_id: String,
    access_key_secret: String,
    security_token: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Case {
    name: String,
    credentials: Option<String>,
    method: String,
    host: Option<String>,
    bucket: Option<String>,
    key: Option<String>,
    #[serde(alias = "resource")]
    request_target: String,
    path: String,
    query: serde_json::Value,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    expires: Option<i64>,
    policy_json: String,
    fields: BTreeMap<String, String>,
    canonical_request: Option<String>,
    #[serde(alias = "policy_base64")]
    string_to_sign: String,
    signature: String,
    authorization: Option<String>,
}

/// The moment at which every vector was made.
fn now() -> Timestamp {
    "2024-05-06T07:08:09Z".parse().unwrap()
}

impl Case {
    fn body(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default().as_bytes()
    }

    fn resource(&self) -> Resource<'_> {
        let (bucket, key) = (self.bucket.as_deref(), self.key.as_deref());
        Resource { bucket, key }
    }

    /// The request as the SDK sent it.
    fn parts(&self) -> Parts {
        let target = if self.path.is_empty() {
            self.request_target.clone()
        } else {
            let query: BTreeMap<String, String> =
                serde_json::from_value(self.query.clone()).unwrap();
            format!("{}?{}", self.path, encode::query(query))
        };
        let builder = http::Request::builder().method(&*self.method).uri(target);
        let mut parts = builder.body(()).unwrap().into_parts().0;
        // The vectors of MNS V4 leave out what is not signed.
        let date = [("date".to_owned(), time::http_date(now()))];
        let host = self.host.clone().map(|host| ("host".to_owned(), host));
        let authorization = self.authorization.clone();
        let authorization = authorization.map(|value| ("authorization".to_owned(), value));
        let headers = self.headers.clone().into_iter().chain(host);
        for (name, value) in date.into_iter().chain(headers).chain(authorization) {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            parts
                .headers
                .insert(HeaderName::try_from(name).unwrap(), value);
        }
        parts
    }

    /// The case with another signature wherever it stands.
    fn forged(&self, signature: &str) -> Self {
        let replace = |text: &String| text.replace(&self.signature, signature);
        let [own, other] = [&self.signature, signature].map(encode::component);
        let fields = self.fields.iter();
        Self {
            request_target: self.request_target.replace(&own, &other),
            authorization: self.authorization.as_ref().map(replace),
            fields: fields
                .map(|(name, value)| (name.clone(), replace(value)))
                .collect(),
            ..self.clone()
        }
    }
}

/// What every kind of signature presents.
struct Seen {
    access_key_id: AccessKeyId,
    security_token: Option<SecurityToken>,
    string_to_sign: String,
    matches: bool,
}

/// Reads `presented`, of whatever kind, and compares its signature with that of a text.
macro_rules! seen {
    ($presented:expr, $string_to_sign:expr, $credentials:expr) => {{
        let string_to_sign = $string_to_sign;
        let secret = $credentials.access_key_secret();
        Seen {
            matches: $presented.matches(&string_to_sign, secret),
            access_key_id: $presented.access_key_id,
            security_token: $presented.security_token,
            string_to_sign,
        }
    }};
}

/// Asserts that a case presents what is expected.
macro_rules! same {
    ($case:expr, $found:expr, $expected:expr $(,)?) => {
        assert_eq!($found, $expected, "{}", $case.name)
    };
}

/// Checks the cases of a file, and that none matches with any bit of its signature flipped.
/// `read` checks what only its kind of signature presents.
fn check(file: &str, count: usize, read: impl Fn(&Case, &Credentials) -> Seen) {
    let file: File = serde_json::from_str(file).unwrap();
    assert_eq!(file.cases.len(), count);
    for case in &file.cases {
        let pair = &file.credentials[case.credentials.as_deref().unwrap_or("ak")];
        let mut credentials = Credentials::new(&pair.access_key_id, &pair.access_key_secret);
        if let Some(token) = &pair.security_token {
            credentials = credentials.with_security_token(token);
        }
        let seen = read(case, &credentials);
        same!(case, &seen.access_key_id, credentials.access_key_id());
        let token = seen.security_token.as_ref();
        same!(case, token, credentials.security_token());
        same!(case, seen.string_to_sign, case.string_to_sign);
        assert!(seen.matches, "{}", case.name);
        for position in 0..case.signature.len() {
            let mut bytes = case.signature.clone().into_bytes();
            bytes[position] ^= 1;
            let flipped = String::from_utf8(bytes).unwrap();
            let seen = read(&case.forged(&flipped), &credentials);
            same!(case, seen.string_to_sign, case.string_to_sign);
            assert!(!seen.matches, "{}: {flipped}", case.name);
        }
    }
}

fn oss_vectors(file: &str, count: usize) {
    check(file, count, |case, credentials| {
        let parts = case.parts();
        let presented = oss::Presented::from_request(&parts).unwrap().unwrap();
        let expires_at = case.expires.map(|expires| match presented.region() {
            None => Timestamp::from_second(expires).unwrap(),
            Some(_) => now() + SignedDuration::from_secs(expires),
        });
        same!(case, presented.expires_at, expires_at);
        let is_dated = presented.region().is_some() || case.expires.is_none();
        same!(case, presented.signed_at, is_dated.then(now));
        let canonical = presented.canonical_request(&parts, case.resource());
        same!(case, &canonical.unwrap(), &case.canonical_request);
        let text = presented.string_to_sign(&parts, case.resource());
        seen!(presented, text.unwrap(), credentials)
    });
}

#[test]
fn oss_v1_is_verified_as_the_sdks_send_it() {
    let file = include_str!("../../../../signing/tests/vectors/oss-v1.json");
    oss_vectors(file, 57);
}

#[test]
fn oss_v4_is_verified_as_the_sdks_send_it() {
    let file = include_str!("../../../../signing/tests/vectors/oss-v4.json");
    oss_vectors(file, 83);
}

fn mns_vectors(file: &str, count: usize, region: Option<&str>) {
    check(file, count, |case, credentials| {
        let parts = case.parts();
        let presented = mns::Presented::from_request(&parts).unwrap().unwrap();
        same!(case, presented.signed_at, now());
        same!(case, presented.region.as_deref(), region);
        let text = presented.string_to_sign(&parts).unwrap();
        let mut seen = seen!(presented, text, credentials);
        // The vectors of V4 leave out what is not signed, such as the token.
        if !case.headers.contains_key("security-token") {
            seen.security_token = credentials.security_token().cloned();
        }
        seen
    });
}

#[test]
fn mns_v2_is_verified_as_the_sdks_send_it() {
    let file = include_str!("../../../../signing/tests/vectors/mns.json");
    mns_vectors(file, 49, None);
}

#[test]
fn mns_v4_is_verified_as_the_java_sdk_sends_it() {
    let file = include_str!("../../../../signing/tests/vectors/mns-v4.json");
    mns_vectors(file, 15, Some("cn-shanghai"));
}

const NONCE: &str = "5c1f6e0a9b8d47d2a3e4f50617283940";

#[test]
fn acs3_is_verified_as_the_sdk_sends_it() {
    let file = include_str!("../../../../signing/tests/vectors/acs3.json");
    check(file, 15, |case, credentials| {
        let parts = case.parts();
        let presented = acs3::Presented::from_request(&parts).unwrap().unwrap();
        same!(case, &*presented.nonce, NONCE);
        same!(case, presented.signed_at, now());
        assert!(presented.covers(case.body()), "{}", case.name);
        assert!(!presented.covers(b"something else"), "{}", case.name);
        let text = presented.string_to_sign(&parts).unwrap();
        seen!(presented, text, credentials)
    });
}

#[test]
fn rpc_is_verified_as_the_sdk_sends_it() {
    let file = include_str!("../../../../signing/tests/vectors/rpc-v1.json");
    check(file, 11, |case, credentials| {
        let query = case.request_target.split_once('?').unwrap().1;
        let mut parameters = encode::decode_query(query).unwrap();
        let form = str::from_utf8(case.body()).unwrap();
        parameters.extend(encode::decode_query(form).unwrap());
        let presented = rpc::Presented::from_parameters(&parameters);
        let presented = presented.unwrap().unwrap();
        same!(case, &*presented.nonce, NONCE);
        same!(case, presented.signed_at, now());
        let text = signing::rpc::string_to_sign(&case.parts().method, &parameters);
        seen!(presented, text, credentials)
    });
}

#[test]
fn dataplus_is_verified_with_either_form_of_date() {
    let file = include_str!("../../../../signing/tests/vectors/dataplus.json");
    check(file, 10, |case, credentials| {
        let parts = case.parts();
        let presented = dataplus::Presented::from_request(&parts).unwrap().unwrap();
        let (read_at, sent) = (presented.signed_at, &case.headers["date"]);
        let in_go = time::iso_extended(read_at)
            .replace('T', " ")
            .replace('Z', "");
        let is_same = *sent == time::http_date(read_at) || sent.starts_with(&in_go);
        assert!(is_same, "{}: {sent} became {read_at}", case.name);
        let text = signing::dataplus::string_to_sign(&parts, case.body()).unwrap();
        Seen {
            matches: presented.matches(&text, credentials.access_key_secret()),
            access_key_id: presented.access_key_id,
            // Dataplus knows no tokens.
            security_token: credentials.security_token().cloned(),
            string_to_sign: text,
        }
    });
}

#[test]
fn forms_are_verified_with_names_in_any_case() {
    let file = include_str!("../../../../signing/tests/vectors/oss-post-policy.json");
    check(file, 6, |case, credentials| {
        let upper = |(name, value): (&String, &String)| (name.to_uppercase(), value.clone());
        let fields: Vec<_> = case.fields.iter().map(upper).collect();
        let presented = post_policy::Presented::from_fields(&fields);
        let presented = presented.unwrap().unwrap();
        same!(case, &presented.policy_json().unwrap(), &case.policy_json);
        Seen {
            matches: presented.matches(credentials.access_key_secret()),
            access_key_id: presented.access_key_id,
            security_token: presented.security_token,
            string_to_sign: presented.policy_base64,
        }
    });
}
