//! Which manifests are taken, and what users read when theirs is not.

use std::fmt::Write as _;

use serde_json::{Value, json};
use source_api::{DestinationSpec, MnsOssSource, Sink, Target};

use crate::api_server::{admit, source};

/// A minimal source.
fn minimal() -> Value {
    json!({
        "topic": "uploads",
        "accessToken": {"secretKeyRef": {"name": "keys", "key": "mns"}},
        "sink": {"ref": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default"}},
    })
}

/// The minimal spec, with fields set; `null` removes one.
fn with(fields: &Value) -> Value {
    let mut spec = minimal();
    merge(&mut spec, fields);
    spec
}

/// JSON merge patch, RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let fields = target.as_object_mut().unwrap();
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

#[test]
fn manifest_of_the_walkthrough_is_stored_as_it_is() {
    let manifest: Value = serde_saphyr::from_str(include_str!("seed/source.yaml")).unwrap();
    let mut stored = admit(&manifest).unwrap();
    assert_eq!(stored["spec"]["consumers"], 1, "the only default");
    stored["spec"].as_object_mut().unwrap().remove("consumers");
    assert_eq!(stored, manifest);

    let source: MnsOssSource = serde_json::from_value(manifest.clone()).unwrap();
    let sink = Sink::try_from(&source.spec.sink).unwrap();
    let Target::Object {
        reference,
        path: None,
        is_legacy: true,
    } = sink.target
    else {
        panic!("not the older form: {sink:?}");
    };
    assert_eq!(reference.kind, "Broker");
    assert_eq!(source.spec.consumers, 1);
    assert_eq!(serde_json::to_value(&source).unwrap(), manifest);
}

#[test]
fn everything_at_once_is_stored_as_it_is() {
    let spec = json!({
        "queue": "uploads",
        "accessToken": {"secretKeyRef": {"name": "keys", "key": "mns.json"}},
        "serviceAccountName": "photos",
        "sink": {
            "ref": {"apiVersion": "v1", "kind": "Service", "name": "a", "namespace": "b", "address": "https"},
            "uri": "/path?x=1",
            "CACerts": "-----BEGIN CERTIFICATE-----\n...",
            "audience": "sink",
        },
        "ceOverrides": {"extensions": {"team": "photos"}},
        "delivery": {
            "deadLetterSink": {"uri": "https://dead.example/letters"},
            "retry": 3, "backoffPolicy": "linear", "backoffDelay": "PT0.2S",
            "timeout": "PT1M30S", "retryAfterMax": "PT0S", "format": "json",
        },
        "filter": {"eventNames": ["ObjectCreated:*"], "keyPrefix": "a/", "keySuffix": ".jpg"},
        "payload": "Base64",
        "specVersion": "0.3",
        "deletionPolicy": "Retain",
        "consumers": 0,
        "template": {
            "labels": {"app.kubernetes.io/part-of": "photos"},
            "annotations": {"note": "any text: at all"},
            "resources": {"requests": {"cpu": "50m"}, "limits": {"cpu": 1, "memory": "64Mi"}},
            "nodeSelector": {"kubernetes.io/arch": "arm64"},
            "tolerations": [{"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}],
        },
    });
    assert_eq!(admit(&source(&spec)).unwrap()["spec"], spec);
    let decoded: MnsOssSource = serde_json::from_value(source(&spec)).unwrap();
    let mut written = serde_json::to_value(&decoded.spec).unwrap();
    // Quantities are text from here on; Kubernetes takes either.
    assert_eq!(
        written["template"]["resources"]["limits"]["cpu"].take(),
        "1"
    );
    written["template"]["resources"]["limits"]["cpu"] = json!(1);
    assert_eq!(written, spec);
}

#[test]
fn common_variations_are_accepted() {
    let table = [
        (
            "event rule of a bucket",
            json!({"topic": null, "eventRule": {"bucket": "photos"}}),
        ),
        (
            "event rule with all that it can have",
            json!({"topic": null, "eventRule": {
                "bucket": "photos-1", "region": "cn-shanghai", "prefix": "in/", "suffix": ".jpg",
                "excludePrefix": "in/out/", "events": ["ObjectCreated:PutObject", "ObjectRemoved:*"],
            }}),
        ),
        (
            "sink by URL",
            json!({"sink": {"ref": null, "uri": "http://sink.example"}}),
        ),
        (
            "role by the webhook",
            json!({"accessToken": null, "auth": {"serviceAccountName": "photos"},
                "accountId": "1234", "region": "cn-shanghai"}),
        ),
        (
            "role by name",
            json!({"accessToken": null, "endpoint": "https://1234.mns.cn-shanghai.aliyuncs.com",
            "auth": {"serviceAccountName": "photos", "roleArn": "acs:ram::1234:role/mnsoss-adapter",
                "oidcProviderArn": "acs:ram::1234:oidc-provider/ack-rrsa-c0ffee"}}),
        ),
        (
            "Secret that does not say where MNS is",
            json!({"endpoint": "http://emulator:8902/", "accountId": "1234", "region": "cn-shanghai"}),
        ),
        (
            "sink by URL with a port",
            json!({"sink": {"ref": null, "uri": "HTTPS://sink.example:8443/x"}}),
        ),
        ("sink by object and path", json!({"sink": {"uri": "path"}})),
        (
            "sink by object and query",
            json!({"sink": {"uri": "?a=b:c"}}),
        ),
        (
            "sink in the older form with a path",
            json!({"sink": {
            "ref": null, "apiVersion": "v1", "kind": "Service", "name": "a", "uri": "/x"}}),
        ),
        ("days", json!({"delivery": {"retryAfterMax": "P1DT1H"}})),
        (
            "a name that OSS may add",
            json!({"filter": {"eventNames": ["ObjectTagged:PutTags"]}}),
        ),
        (
            "any taint",
            json!({"template": {"tolerations": [{"operator": "Exists"}]}}),
        ),
    ];
    for (name, fields) in table {
        admit(&source(&with(&fields))).unwrap_or_else(|wrong| panic!("{name}: {wrong:?}"));
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn mistakes_are_answered_with_what_to_write() {
    let table = [
        ("no topic", json!({"topic": null})),
        ("topic and queue", json!({"queue": "q"})),
        (
            "topic and event rule",
            json!({"eventRule": {"bucket": "photos"}}),
        ),
        (
            "all three",
            json!({"queue": "q", "eventRule": {"bucket": "photos"}}),
        ),
        (
            "event rule without a bucket",
            json!({"topic": null, "eventRule": {"prefix": "in/"}}),
        ),
        (
            "bucket in upper case, region of nothing",
            json!({"topic": null, "eventRule": {"bucket": "Photos", "region": ""}}),
        ),
        (
            "region that is an endpoint",
            json!({"topic": null, "eventRule": {"bucket": "photos", "region": "oss-cn-shanghai.aliyuncs.com"}}),
        ),
        (
            "event of a rule as a type",
            json!({"topic": null, "eventRule": {"bucket": "photos", "events": ["oss:ObjectCreated:PutObject"]}}),
        ),
        (
            "prefix of nothing",
            json!({"topic": null, "eventRule": {"bucket": "photos", "prefix": ""}}),
        ),
        ("topic with a dot", json!({"topic": "a.b"})),
        ("topic too long", json!({"topic": "t".repeat(121)})),
        ("topic of nothing", json!({"topic": ""})),
        ("no sink", json!({"sink": null})),
        ("empty sink", json!({"sink": {"ref": null}})),
        (
            "both forms",
            json!({"sink": {"apiVersion": "v1", "kind": "Service", "name": "a"}}),
        ),
        ("ref and a stray name", json!({"sink": {"name": "a"}})),
        (
            "older form without a name",
            json!({"sink": {"ref": null, "apiVersion": "v1", "kind": "Service"}}),
        ),
        (
            "older form, a namespace only",
            json!({"sink": {"ref": null, "namespace": "a"}}),
        ),
        (
            "ref and an absolute URL",
            json!({"sink": {"uri": "http://elsewhere.example/"}}),
        ),
        (
            "ref and a URL with a host",
            json!({"sink": {"uri": "//elsewhere.example/"}}),
        ),
        (
            "ref and a URL with a host, tricky",
            json!({"sink": {"uri": "/\\elsewhere.example/"}}),
        ),
        (
            "relative URL alone",
            json!({"sink": {"ref": null, "uri": "/x"}}),
        ),
        (
            "URL without a host",
            json!({"sink": {"ref": null, "uri": "http:///x"}}),
        ),
        (
            "URL of another scheme",
            json!({"sink": {"ref": null, "uri": "ftp://a.example"}}),
        ),
        ("CA that is none", json!({"sink": {"CACerts": "secret"}})),
        (
            "kind that is none",
            json!({"sink": {"ref": {"kind": "a/b"}}}),
        ),
        (
            "version that is none",
            json!({"sink": {"ref": {"apiVersion": "eventing.knative.dev/"}}}),
        ),
        ("no Secret", json!({"accessToken": null})),
        (
            "Secret and role",
            json!({"auth": {"serviceAccountName": "a"}, "endpoint": "http://a.example"}),
        ),
        (
            "role at no endpoint",
            json!({"accessToken": null, "auth": {"serviceAccountName": "a"}, "accountId": "1"}),
        ),
        (
            "two service accounts",
            json!({"accessToken": null, "auth": {"serviceAccountName": "a"},
                "endpoint": "http://a.example", "serviceAccountName": "b"}),
        ),
        (
            "role and provider that are none",
            json!({"accessToken": null, "endpoint": "http://a.example", "auth": {
                "serviceAccountName": "a", "roleArn": "photos", "oidcProviderArn": "ack"}}),
        ),
        (
            "place that is none",
            json!({"endpoint": "https://user@a.example/x", "accountId": "me", "region": "Shanghai!"}),
        ),
        (
            "no key of the Secret",
            json!({"accessToken": {"secretKeyRef": {"key": null}}}),
        ),
        (
            "Secret of a strange name",
            json!({"accessToken": {"secretKeyRef": {"name": "My Secret"}}}),
        ),
        (
            "account of a strange name",
            json!({"serviceAccountName": "-a"}),
        ),
        (
            "attribute in upper case",
            json!({"ceOverrides": {"extensions": {"Team": "a"}}}),
        ),
        (
            "attribute of nothing",
            json!({"ceOverrides": {"extensions": {"": "a"}}}),
        ),
        (
            "attribute that is taken",
            json!({"ceOverrides": {"extensions": {"type": "a"}}}),
        ),
        ("negative retries", json!({"delivery": {"retry": -1}})),
        (
            "policy that is none",
            json!({"delivery": {"backoffPolicy": "Exponential"}}),
        ),
        (
            "delay in Go's form",
            json!({"delivery": {"backoffDelay": "200ms"}}),
        ),
        (
            "delay of nothing",
            json!({"delivery": {"backoffDelay": "PT"}}),
        ),
        (
            "delay in months",
            json!({"delivery": {"backoffDelay": "P1M"}}),
        ),
        (
            "delay with a loose T",
            json!({"delivery": {"backoffDelay": "P1DT"}}),
        ),
        (
            "timeout of no time",
            json!({"delivery": {"timeout": "PT0.0S"}}),
        ),
        (
            "dead letters nowhere",
            json!({"delivery": {"deadLetterSink": {}}}),
        ),
        (
            "dead letters to a path",
            json!({"delivery": {"deadLetterSink": {"uri": "/x"}}}),
        ),
        (
            "event name as a type",
            json!({"filter": {"eventNames": ["oss:ObjectCreated:PutObject"]}}),
        ),
        (
            "event name with a star inside",
            json!({"filter": {"eventNames": ["Object*:PutObject"]}}),
        ),
        ("payload that is none", json!({"payload": "json"})),
        ("version that is none", json!({"specVersion": "0.1"})),
        ("version as a number", json!({"specVersion": 1.0})),
        (
            "policy of deletion that is none",
            json!({"deletionPolicy": "Keep"}),
        ),
        ("negative consumers", json!({"consumers": -1})),
        (
            "label of a strange value",
            json!({"template": {"labels": {"a": "b c"}}}),
        ),
        (
            "label of a strange name",
            json!({"template": {"labels": {"a b": "c"}}}),
        ),
        (
            "label that a mesh obeys",
            json!({"template": {"labels": {"sidecar.istio.io/inject": "true"}}}),
        ),
        (
            "annotation that an injector obeys",
            json!({"template": {"annotations": {"vault.hashicorp.com/agent-inject": "true"}}}),
        ),
        (
            "toleration of nothing",
            json!({"template": {"tolerations": [{"effect": "NoSchedule"}]}}),
        ),
        (
            "toleration of a value that exists",
            json!({"template": {"tolerations": [
            {"key": "a", "operator": "Exists", "value": "b"}]}}),
        ),
        (
            "stay without eviction",
            json!({"template": {"tolerations": [
            {"key": "a", "tolerationSeconds": 5}]}}),
        ),
    ];
    let mut answers = String::new();
    for (name, fields) in table {
        let Err(wrong) = admit(&source(&with(&fields))) else {
            panic!("{name}: taken");
        };
        let shown: Vec<_> = wrong
            .iter()
            .map(|line| line.replace(&"t".repeat(121), "…"))
            .collect();
        writeln!(answers, "{name}\n    {}", shown.join("\n    ")).unwrap();
    }
    insta::assert_snapshot!(answers);
}

#[test]
fn quantities_have_the_usual_forms() {
    let table = [
        (json!("100m"), true),
        (json!("0.5"), true),
        (json!("64Mi"), true),
        (json!(2), true),
        (json!(0), true),
        (json!(-1), false),
        (json!("1e3"), false),
        (json!("a lot"), false),
        (json!("-1"), false),
    ];
    for (quantity, is_allowed) in table {
        let spec = with(&json!({"template": {"resources": {"limits": {"memory": quantity}}}}));
        assert_eq!(admit(&source(&spec)).is_ok(), is_allowed, "{quantity}");
    }
}

#[test]
fn rules_and_parsers_agree_on_destinations() {
    let table = [
        json!({"ref": null, "uri": "http://sink.example"}),
        json!({"ref": null, "uri": "http:///"}),
        json!({"ref": null, "uri": "x"}),
        json!({"uri": "x"}),
        json!({"uri": "http:x"}),
        json!({"uri": "//x"}),
        json!({"uri": "\\\\x"}),
        json!({"ref": null}),
    ];
    for fields in table {
        let mut sink = with(&json!({}))["sink"].clone();
        merge(&mut sink, &fields);
        let spec = with(&json!({"delivery": {"deadLetterSink": sink}}));
        let parsed: DestinationSpec = serde_json::from_value(sink).unwrap();
        assert_eq!(
            admit(&source(&spec)).is_ok(),
            Sink::try_from(&parsed).is_ok(),
            "{fields}"
        );
    }
}
