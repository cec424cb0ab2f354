//! Forms of a sink and what they resolve to.

use serde_json::{Value, json};
use source_api::{Sink, SinkError, SinkSpec};
use url::Url;

fn sink(spec: Value) -> Result<Sink, SinkError> {
    let spec: SinkSpec = serde_json::from_value(spec).unwrap();
    Sink::try_from(&spec)
}

#[test]
fn sinks_resolve_as_rfc_3986_says() {
    let broker = json!({"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "b"});
    let with = |uri: &str| json!({"ref": broker, "uri": uri});
    let address: Url = "http://broker-ingress.knative-eventing.svc/default/b"
        .parse()
        .unwrap();
    let table = [
        (
            "object",
            json!({"ref": broker}),
            "http://broker-ingress.knative-eventing.svc/default/b",
        ),
        (
            "absolute path",
            with("/x"),
            "http://broker-ingress.knative-eventing.svc/x",
        ),
        (
            "relative path",
            with("x"),
            "http://broker-ingress.knative-eventing.svc/default/x",
        ),
        (
            "query",
            with("?x"),
            "http://broker-ingress.knative-eventing.svc/default/b?x",
        ),
        (
            "older form",
            broker.clone(),
            "http://broker-ingress.knative-eventing.svc/default/b",
        ),
        (
            "URL",
            json!({"uri": "https://sink.example/x"}),
            "https://sink.example/x",
        ),
        (
            "URL without a path",
            json!({"uri": "https://sink.example"}),
            "https://sink.example/",
        ),
    ];
    for (name, spec, expected) in table {
        let sink = sink(spec).unwrap();
        assert_eq!(sink.resolve(&address).unwrap().as_str(), expected, "{name}");
        assert_eq!(
            sink.reference().is_some(),
            !name.starts_with("URL"),
            "{name}"
        );
    }
}

#[test]
fn what_is_no_sink_says_why() {
    let object = json!({"apiVersion": "v1", "kind": "Service", "name": "a"});
    let table = [
        ("nothing", json!({}), "neither `ref` nor `uri` is given"),
        (
            "both forms",
            json!({"ref": object, "apiVersion": "v1", "kind": "Service", "name": "a"}),
            "an object is given both under `ref` and beside it",
        ),
        (
            "older form without a kind",
            json!({"apiVersion": "v1", "name": "a"}),
            "without `ref`, an object needs `apiVersion`, `kind` and `name`, and `kind` is missing",
        ),
        (
            "path alone",
            json!({"uri": "/x"}),
            "`/x` is not an absolute http or https URL",
        ),
        (
            "another scheme",
            json!({"uri": "ftp://a/x"}),
            "`ftp://a/x` is not an absolute http or https URL",
        ),
        (
            "elsewhere",
            json!({"ref": object, "uri": "//elsewhere/"}),
            "`//elsewhere/` stands beside an object and is not relative to it",
        ),
        (
            "a scheme beside an object",
            json!({"ref": object, "uri": "http://sink.invalid/x"}),
            "`http://sink.invalid/x` stands beside an object and is not relative to it",
        ),
    ];
    for (name, spec, expected) in table {
        assert_eq!(sink(spec).unwrap_err().to_string(), expected, "{name}");
    }
}
