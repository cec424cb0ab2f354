//! The objects of cert-manager and trust-manager that are rendered.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::metadata::{named, namespaced, text_map};

const GROUP: &str = "cert-manager.io";
const VERSION: &str = "cert-manager.io/v1";

/// A signer of certificates for the whole cluster.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClusterIssuer {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: IssuerSpec,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum IssuerSpec {
    SelfSigned(SelfSigned),
    Ca(Authority),
}

#[derive(Clone, Debug, Serialize)]
struct SelfSigned {}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Authority {
    secret_name: String,
}

/// A certificate, to be kept in a Secret.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Certificate {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: CertificateSpec,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateSpec {
    secret_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<&'static str>,
    #[serde(rename = "isCA", skip_serializing_if = "Option::is_none")]
    is_ca: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    common_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dns_names: Vec<String>,
    private_key: PrivateKey,
    issuer_ref: IssuerRef,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PrivateKey {
    algorithm: &'static str,
    size: u16,
    rotation_policy: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct IssuerRef {
    name: String,
    kind: &'static str,
    group: &'static str,
}

/// Certificates that trust-manager copies into namespaces.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bundle {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: BundleSpec,
}

#[derive(Clone, Debug, Serialize)]
struct BundleSpec {
    sources: Vec<BundleSource>,
    target: BundleTarget,
}

#[derive(Clone, Debug, Serialize)]
struct BundleSource {
    secret: SecretKey,
}

#[derive(Clone, Debug, Serialize)]
struct SecretKey {
    name: String,
    key: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BundleTarget {
    config_map: TargetKey,
    namespace_selector: NamespaceSelector,
}

#[derive(Clone, Debug, Serialize)]
struct TargetKey {
    key: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NamespaceSelector {
    match_labels: BTreeMap<String, String>,
}

impl ClusterIssuer {
    /// One that has each certificate sign itself.
    pub(super) fn self_signed(name: &str) -> Self {
        Self::new(name, IssuerSpec::SelfSigned(SelfSigned {}))
    }

    /// One that signs with the CA in this Secret.
    pub(super) fn of_authority(name: &str, secret: &str) -> Self {
        let secret_name = secret.to_owned();
        Self::new(name, IssuerSpec::Ca(Authority { secret_name }))
    }

    fn new(name: &str, spec: IssuerSpec) -> Self {
        Self {
            api_version: VERSION,
            kind: "ClusterIssuer",
            metadata: named(name),
            spec,
        }
    }
}

impl Certificate {
    /// Of a CA, in a Secret of its name.
    pub(super) fn authority(namespace: &str, name: &str, issuer: &str) -> Self {
        let mut certificate = Self::new(namespace, name, issuer);
        certificate.spec.is_ca = Some(true);
        certificate.spec.common_name = Some(name.to_owned());
        // Ten years with one key: Knative's servers keep the first CA of each other until they are
        // restarted.
        certificate.spec.duration = Some("87600h");
        certificate.spec.private_key.rotation_policy = "Never";
        certificate
    }

    /// Of a server with these names, in a Secret of its name.
    pub(super) fn server(namespace: &str, name: &str, hosts: Vec<String>, issuer: &str) -> Self {
        let mut certificate = Self::new(namespace, name, issuer);
        certificate.spec.dns_names = hosts;
        certificate
    }

    fn new(namespace: &str, name: &str, issuer: &str) -> Self {
        Self {
            api_version: VERSION,
            kind: "Certificate",
            metadata: namespaced(name, namespace),
            spec: CertificateSpec {
                secret_name: name.to_owned(),
                duration: None,
                is_ca: None,
                common_name: None,
                dns_names: Vec::new(),
                private_key: PrivateKey {
                    algorithm: "ECDSA",
                    size: 256,
                    rotation_policy: "Always",
                },
                issuer_ref: IssuerRef {
                    name: issuer.to_owned(),
                    kind: "ClusterIssuer",
                    group: GROUP,
                },
            },
        }
    }
}

impl Bundle {
    /// The CA in this Secret of trust-manager's namespace, in a ConfigMap of the bundle's name.
    pub(super) fn of(name: &str, secret: &str, namespace: &str) -> Self {
        let match_labels = text_map(&[("kubernetes.io/metadata.name", namespace)]);
        Self {
            api_version: "trust.cert-manager.io/v1alpha1",
            kind: "Bundle",
            metadata: named(name),
            spec: BundleSpec {
                sources: vec![BundleSource {
                    secret: SecretKey {
                        name: secret.to_owned(),
                        key: "tls.crt",
                    },
                }],
                target: BundleTarget {
                    config_map: TargetKey {
                        key: format!("{name}.pem"),
                    },
                    namespace_selector: NamespaceSelector { match_labels },
                },
            },
        }
    }
}
