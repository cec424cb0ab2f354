//! Reading vector files and turning their cases into requests.

use std::collections::{BTreeMap, BTreeSet};

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Request};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use signing::Credentials;
use signing::encode;

/// The moment at which every vector was made: 2024-05-06T07:08:09Z.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_714_979_289).unwrap()
}

pub(crate) const REGION: &str = "cn-shanghai";

#[derive(Deserialize)]
pub(crate) struct File<C> {
    #[serde(default)]
    credentials: BTreeMap<String, Pair>,
    pub(crate) cases: Vec<C>,
}

#[derive(Deserialize)]
struct Pair {
    access_key_id: String,
    access_key_secret: String,
    security_token: Option<String>,
}

impl<C: DeserializeOwned> File<C> {
    /// Parses a file, which must hold exactly `count` cases so that none can get lost.
    pub(crate) fn parse(text: &str, count: usize) -> Self {
        let file: Self = serde_json::from_str(text).unwrap();
        assert_eq!(file.cases.len(), count);
        file
    }

    pub(crate) fn credentials(&self, name: &str) -> Credentials {
        let pair = &self.credentials[name];
        let credentials = Credentials::new(&pair.access_key_id, &pair.access_key_secret);
        match &pair.security_token {
            Some(token) => credentials.with_security_token(token),
            None => credentials,
        }
    }
}

pub(crate) type Headers = BTreeMap<String, String>;

/// The head of a request; values of headers are sent as UTF-8.
pub(crate) fn request(method: &str, target: &str, headers: &Headers) -> Parts {
    let mut parts = Request::builder()
        .method(method)
        .uri(target)
        .body(())
        .unwrap()
        .into_parts()
        .0;
    parts.headers = header_map(headers);
    parts
}

pub(crate) fn header_map(headers: &Headers) -> HeaderMap {
    let entry = |(name, value): (&String, &String)| {
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    headers.iter().map(entry).collect()
}

pub(crate) fn set(parts: &mut Parts, name: impl Into<HeaderName>, value: &str) {
    parts.headers.insert(
        name.into(),
        HeaderValue::from_bytes(value.as_bytes()).unwrap(),
    );
}

/// Drops headers that signing has to put back.
pub(crate) fn without(mut parts: Parts, names: &[&str]) -> Parts {
    for name in names {
        parts.headers.remove(*name);
    }
    parts
}

pub(crate) fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts
        .headers
        .get(name)
        .map(|value| str::from_utf8(value.as_bytes()).unwrap())
}

/// The `Authorization` header, which must be marked so that nobody prints it.
pub(crate) fn authorization(parts: &Parts) -> &str {
    assert!(parts.headers[AUTHORIZATION].is_sensitive());
    header(parts, "authorization").unwrap()
}

/// Scheme and parts of an `Authorization` header, without regard to blanks and order.
pub(crate) fn authorization_parts(text: &str) -> (String, BTreeMap<String, BTreeSet<String>>) {
    let (scheme, rest) = text.split_once(' ').unwrap();
    let part = |part: &str| {
        let (name, value) = part.trim().split_once('=').unwrap();
        (
            name.to_owned(),
            value.split(';').map(str::to_owned).collect(),
        )
    };
    (scheme.to_owned(), rest.split(',').map(part).collect())
}

/// The decoded parameters of a URL or request target, sorted.
pub(crate) fn parameters(target: &str) -> BTreeSet<(String, String)> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    encode::decode_query(query).unwrap().into_iter().collect()
}

/// `target` with `change` applied to its parameters; the path stays as it is.
pub(crate) fn map_parameters(
    target: &str,
    change: impl Fn(&str, &str) -> Option<String>,
) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let changed: Vec<_> = encode::decode_query(query)
        .unwrap()
        .into_iter()
        .filter_map(|(name, value)| change(&name, &value).map(|value| (name, value)))
        .collect();
    if changed.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", encode::query(changed))
    }
}
