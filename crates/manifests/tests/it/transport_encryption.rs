//! What Knative needs for strict transport encryption.

use manifests::{File, standard};
use serde_json::Value;

use crate::{object, objects};

fn files() -> Vec<File> {
    let files = standard().unwrap().into_iter();
    files
        .filter(|file| file.path.starts_with("transport-encryption/"))
        .collect()
}

fn all() -> Vec<Value> {
    objects(&files())
}

/// Secrets, Services and hosts are those that Knative Eventing's sources name.
#[test]
fn each_server_on_the_way_has_a_certificate_of_a_ca_that_is_there() {
    let mut servers = Vec::new();
    for certificate in all().iter().filter(|it| it["kind"] == "Certificate") {
        let spec = &certificate["spec"];
        let issuer = spec["issuerRef"]["name"].as_str().unwrap();
        let is_there =
            |it: &&Value| it["kind"] == "ClusterIssuer" && it["metadata"]["name"] == issuer;
        assert!(all().iter().find(is_there).is_some(), "{issuer}");
        servers.push(format!(
            "{}/{}: {}",
            certificate["metadata"]["namespace"].as_str().unwrap(),
            spec["secretName"].as_str().unwrap(),
            spec["dnsNames"]
        ));
    }
    insta::assert_snapshot!(servers.join("\n"), @r#"
    cert-manager/knative-eventing-ca: null
    knative-eventing/mt-broker-ingress-server-tls: ["broker-ingress.knative-eventing.svc.cluster.local","broker-ingress.knative-eventing.svc"]
    knative-eventing/mt-broker-filter-server-tls: ["broker-filter.knative-eventing.svc.cluster.local","broker-filter.knative-eventing.svc"]
    knative-eventing/imc-dispatcher-server-tls: ["imc-dispatcher.knative-eventing.svc.cluster.local","imc-dispatcher.knative-eventing.svc"]
    "#);
}

/// They are Knative's: what is applied must not take away what else is in them.
#[test]
fn of_knatives_config_maps_one_entry_is_set() {
    let entries: Vec<_> = all()
        .iter()
        .filter(|it| it["kind"] == "ConfigMap" && it["data"].is_object())
        .map(|it| format!("{}: {}", it["metadata"]["name"], it["data"]))
        .collect();
    insta::assert_snapshot!(entries.join("\n"), @r#"
    "config-features": {"transport-encryption":"strict"}
    "config-network": {"cluster-local-domain-tls":"Enabled"}
    "config-certmanager": {"clusterLocalIssuerRef":"kind: ClusterIssuer\nname: knative-eventing-ca-issuer\n"}
    "#);
}

#[test]
fn ca_reaches_dispatchers_and_adapters_as_a_trust_bundle() {
    let files = files();
    let bundle = object(&files, "Bundle", "knative-eventing-bundle");
    let target = object(&files, "ConfigMap", "knative-eventing-bundle");
    let labels = &target["metadata"]["labels"];
    assert_eq!(labels["networking.knative.dev/trust-bundle"], "true");
    let selected = &bundle["spec"]["target"]["namespaceSelector"]["matchLabels"];
    let namespace = &target["metadata"]["namespace"];
    assert_eq!(selected["kubernetes.io/metadata.name"], *namespace);
    assert_eq!(
        bundle["spec"]["sources"][0]["secret"]["name"],
        "knative-eventing-ca"
    );
}
