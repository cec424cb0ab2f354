//! The address that an object announces in its status. Pure.

use serde::Deserialize;
use serde_json::{Value, json};
use source_api::ObjectReference;
use url::Url;

use super::SinkProblem;

/// An address, as announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) url: Url,
    pub(super) ca_certs: Option<String>,
    pub(super) audience: Option<String>,
}

/// Knative's `Addressable`.
#[derive(Debug, Deserialize)]
struct Addressable {
    name: Option<String>,
    url: Option<String>,
    #[serde(rename = "CACerts")]
    ca_certs: Option<String>,
    audience: Option<String>,
}

/// The part of a status with the addresses.
pub(super) fn part(object: &Value) -> Value {
    let status = &object["status"];
    json!({"status": {"address": status["address"], "addresses": status["addresses"]}})
}

/// The address of an object: the one whose name the reference requests, else the first of
/// `status.addresses`, and `status.address` only if there are none, or they are stale.
pub(super) fn of(object: &Value, reference: &ObjectReference) -> Result<Address, SinkProblem> {
    let status = &object["status"];
    let all = status["addresses"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut all: Vec<_> = all.iter().filter_map(read).collect();
    let one = read(&status["address"]);
    if are_left_over(&all, one.as_ref()) {
        all.clear();
    }
    let mut all = all.into_iter();
    let chosen = match &reference.address {
        Some(wanted) => all.find(|address| address.name.as_ref() == Some(wanted)),
        None => all.next().or(one),
    };
    let no_address = || SinkProblem::no_address(reference);
    let chosen = chosen.ok_or_else(no_address)?;
    let text = chosen.url.filter(|url| !url.is_empty());
    let text = text.ok_or_else(no_address)?;
    let url = parse(&text).ok_or_else(|| SinkProblem::bad_address(reference, &text))?;
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    Ok(Address {
        url,
        ca_certs: given(chosen.ca_certs),
        audience: given(chosen.audience),
    })
}

/// Brokers and channels of Knative 1.22 keep their https addresses when `transport-encryption` is
/// turned off again, and answer 404 there. Their one address, which is otherwise among all of them,
/// is then an http one.
fn are_left_over(all: &[Addressable], one: Option<&Addressable>) -> bool {
    let has = |address: &Addressable, scheme: &str| {
        let url = address.url.as_deref();
        url.is_some_and(|url| url.starts_with(scheme))
    };
    one.is_some_and(|one| has(one, "http://")) && all.iter().all(|it| has(it, "https://"))
}

fn read(value: &Value) -> Option<Addressable> {
    Addressable::deserialize(value).ok()
}

/// A URL with a host; without a scheme it is http, as in Knative.
fn parse(text: &str) -> Option<Url> {
    let url = match Url::parse(text) {
        Err(url::ParseError::RelativeUrlWithoutBase) if text.starts_with("//") => {
            Url::parse(&format!("http:{text}")).ok()?
        }
        parsed => parsed.ok()?,
    };
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(status: &Value, wanted: Option<&str>) -> String {
        let reference = ObjectReference {
            api_version: "eventing.knative.dev/v1".to_owned(),
            kind: "Broker".to_owned(),
            name: "default".to_owned(),
            namespace: Some("shop".to_owned()),
            address: wanted.map(str::to_owned),
        };
        match of(&part(&json!({"status": status})), &reference) {
            Ok(Address {
                url,
                ca_certs,
                audience,
            }) => {
                let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
                format!("{url} {} {}", or_none(ca_certs), or_none(audience))
            }
            Err(problem) => format!("{}: {problem}", problem.reason()),
        }
    }

    #[test]
    fn addresses_come_before_address() {
        let several = json!({
            "address": {"url": "http://old/"},
            "addresses": [
                {"name": "https", "url": "https://a/b", "CACerts": "PEM", "audience": "aud"},
                {"name": "http", "url": "http://a/b"},
            ],
        });
        let table = [
            (
                "first of several",
                several.clone(),
                None,
                "https://a/b PEM aud",
            ),
            (
                "by name",
                several.clone(),
                Some("http"),
                "http://a/b none none",
            ),
            (
                "by a name that nobody has",
                several,
                Some("ftp"),
                "AddressNotFound: Broker `shop/default` has no address named `ftp`",
            ),
            (
                "only `address`",
                json!({"address": {"url": "http://old"}}),
                None,
                "http://old/ none none",
            ),
            (
                "no addresses, then `address`",
                json!({"addresses": [], "address": {"url": "http://old", "CACerts": " "}}),
                None,
                "http://old/ none none",
            ),
            (
                "a name is not for `address`",
                json!({"address": {"name": "x", "url": "http://old"}}),
                Some("x"),
                "AddressNotFound: Broker `shop/default` has no address named `x`",
            ),
            (
                "nothing",
                json!({}),
                None,
                "AddressNotFound: Broker `shop/default` has no address yet",
            ),
            (
                "no URL",
                json!({"address": {}}),
                None,
                "AddressNotFound: Broker `shop/default` has no address yet",
            ),
            (
                "empty URL",
                json!({"address": {"url": ""}}),
                None,
                "AddressNotFound: Broker `shop/default` has no address yet",
            ),
            (
                "host only",
                json!({"address": {"url": "//host"}}),
                None,
                "http://host/ none none",
            ),
            (
                "another scheme",
                json!({"address": {"url": "kafka://host"}}),
                None,
                "AddressInvalid: Broker `shop/default` announces `kafka://host`, which is not an http or https URL",
            ),
            (
                "no host",
                json!({"address": {"url": "http:///x"}}),
                None,
                "http://x/ none none",
            ),
            (
                "a path",
                json!({"address": {"url": "/x"}}),
                None,
                "AddressInvalid: Broker `shop/default` announces `/x`, which is not an http or https URL",
            ),
            (
                "not an object at all",
                json!({"address": "http://host"}),
                None,
                "AddressNotFound: Broker `shop/default` has no address yet",
            ),
        ];
        for (name, status, wanted, expected) in table {
            assert_eq!(address(&status, wanted), expected, "{name}");
        }
    }
    #[test]
    fn https_addresses_that_are_left_over_do_not_count() {
        let https = || json!([{"name": "https", "url": "https://a/b", "CACerts": "PEM"}]);
        let table = [
            (
                "encryption was strict",
                json!({"address": {"name": "http", "url": "http://a/b"}, "addresses": https()}),
                None,
                "http://a/b none none",
            ),
            (
                "and the reference asks for it",
                json!({"address": {"name": "http", "url": "http://a/b"}, "addresses": https()}),
                Some("https"),
                "AddressNotFound: Broker `shop/default` has no address named `https`",
            ),
            (
                "encryption is strict",
                json!({"address": https()[0], "addresses": https()}),
                None,
                "https://a/b PEM none",
            ),
        ];
        for (name, status, wanted, expected) in table {
            assert_eq!(address(&status, wanted), expected, "{name}");
        }
    }
}
