//! Which labels and annotations pass: the rule of the API server and the controller agree.

use serde_json::{Value, json};
use source_api::{PodTemplate, TemplateKeys, definition};

/// What the definition for these keys says of a template.
fn is_admitted(keys: &TemplateKeys, template: &Value) -> bool {
    let crd = serde_json::to_value(definition(keys)).unwrap();
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let schema = &schema["properties"]["spec"]["properties"]["template"];
    let validated = kube_cel::Validator::new().validate(schema, template, None);
    validated.is_ok()
}

/// Keys by which whoever may only create sources would get more than that.
const ORDERS: [&str; 22] = [
    "container.apparmor.security.beta.kubernetes.io/adapter",
    "cni.projectcalico.org/ipAddrs",
    "consul.hashicorp.com/connect-inject",
    "dapr.io/enabled",
    "iam.amazonaws.com/role",
    "inject.istio.io/templates",
    "instrumentation.opentelemetry.io/inject-java",
    "io.katacontainers.config.hypervisor.kernel_params",
    "io.kubernetes.cri-o.Devices",
    "istio.io/rev",
    "k8s.aliyun.com/eci-ram-role-name",
    "k8s.v1.cni.cncf.io/networks",
    "linkerd.io/inject",
    "seccomp.security.alpha.kubernetes.io/pod",
    "security.istio.io/tlsMode",
    "sidecar.istio.io/inject",
    "sidecar.istio.io/proxyImage",
    "sidecar.istio.io/userVolume",
    "vault.hashicorp.com/agent-inject",
    "azure.workload.identity/use",
    "admission.datadoghq.com/enabled",
    "xprometheus.io/scrape",
];
const HARMLESS: [&str; 5] = [
    "team",
    "cost-center_2",
    "app.kubernetes.io/part-of",
    "prometheus.io/scrape",
    "prometheus.io/port",
];

fn check(keys: &TemplateKeys, key: &str, expected: bool) {
    for field in ["labels", "annotations"] {
        let template = json!({field: {key: "1"}});
        assert_eq!(is_admitted(keys, &template), expected, "{field} {key}");
        let template: PodTemplate = serde_json::from_value(template).unwrap();
        let refused = keys.refused(&template);
        assert_eq!(refused, (!expected).then_some(key), "{field} {key}");
    }
}

#[test]
fn keys_that_others_take_orders_from_are_refused() {
    let keys = TemplateKeys::default();
    for key in ORDERS {
        check(&keys, key, false);
    }
    for key in HARMLESS {
        check(&keys, key, true);
    }
}

#[test]
fn administrators_add_domains_and_single_keys() {
    let keys: TemplateKeys = "example.com, sidecar.istio.io/inject".parse().unwrap();
    assert_eq!(keys.to_string(), "example.com,sidecar.istio.io/inject");
    for (key, expected) in [
        ("example.com/team", true),
        ("sidecar.istio.io/inject", true),
        ("team", true),
        ("prometheus.io/scrape", true),
        ("example.com.evil/team", false),
        ("more.example.com/team", false),
        ("sidecar.istio.io/injectMore", false),
        ("sidecar.istio.io/proxyImage", false),
    ] {
        check(&keys, key, expected);
    }
}

#[test]
fn entries_that_are_none_are_named() {
    for text in ["com", "a.b/", "a.b/c/d", "a.b')", "A.b", ".a", "*"] {
        let refused = text.parse::<TemplateKeys>().unwrap_err();
        assert!(refused.contains(&format!("`{text}`")), "{refused}");
    }
    assert_eq!("".parse::<TemplateKeys>().unwrap(), TemplateKeys::default());
}
