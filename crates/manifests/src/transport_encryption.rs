//! The objects that Knative needs for `transport-encryption: strict`, in which every event is sent
//! over TLS.
//!
//! The certificates are those of Knative's own `eventing-tls-networking.yaml`, here with a CA for
//! them, and a Trigger works only when it has all three: the Broker is Ready without that of
//! `broker-filter`, accepts events, and cannot deliver them. The second folder is for the delivery
//! to a Knative Service; Serving announces no CA, so a trust bundle has to.

mod cert_manager;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use self::cert_manager::{Bundle, Certificate, ClusterIssuer};
use crate::file::File;
use crate::kustomize::Kustomization;
use crate::metadata::{namespaced, text_map, with_labels};
use crate::sample::in_folder;
use crate::yaml::RenderError;

const EVENTING: &str = "knative-eventing";
const SERVING: &str = "knative-serving";
/// Where cert-manager looks for Secrets of a `ClusterIssuer`.
const CERT_MANAGER: &str = "cert-manager";
const SELF_SIGNED: &str = "knative-eventing-selfsigned-issuer";
const CA: &str = "knative-eventing-ca";
const ISSUER: &str = "knative-eventing-ca-issuer";
const BUNDLE: &str = "knative-eventing-bundle";
/// The name of each Secret, as Knative reads it, and the Service of the certificate.
const SERVERS: [(&str, &str); 3] = [
    ("mt-broker-ingress-server-tls", "broker-ingress"),
    ("mt-broker-filter-server-tls", "broker-filter"),
    ("imc-dispatcher-server-tls", "imc-dispatcher"),
];

/// All files, below `transport-encryption/`.
pub(crate) fn files() -> Result<Vec<File>, RenderError> {
    let of_eventing = [issuer()?, certificates()?, features()?];
    let comment = "What Knative Eventing needs for `transport-encryption: strict`; needs cert-manager.\n\n\
                   kubectl apply --server-side --force-conflicts -k deploy/transport-encryption\n\n\
                   Do not delete it so: one of its objects is Knative's own ConfigMap. deploy/README.md says how to\n\
                   go back.";
    let kustomization = kustomization("transport-encryption", comment, &of_eventing)?;
    let of_serving = [bundle()?, network()?];
    let comment = "What Knative Serving needs so that events reach Knative Services over TLS as well; needs\n\
                   cert-manager, trust-manager and the folder above.\n\n\
                   kubectl apply --server-side --force-conflicts -k deploy/transport-encryption/serving";
    let serving = self::kustomization("transport-encryption/serving", comment, &of_serving)?;
    let files = of_eventing.into_iter().chain([kustomization]);
    Ok(files.chain(of_serving).chain([serving]).collect())
}

fn kustomization(folder: &str, comment: &str, files: &[File]) -> Result<File, RenderError> {
    let resources = files.iter().map(|file| in_folder(&file.path)).collect();
    let kustomization = Kustomization::new(resources);
    File::new(&format!("{folder}/kustomization.yaml"), comment).with(&kustomization)
}

fn issuer() -> Result<File, RenderError> {
    let comment = "A CA of the cluster's own. Where the company has one, make its issuer `knative-eventing-ca-issuer`\n\
                   in place of these.";
    File::new("transport-encryption/issuer.yaml", comment)
        .with(&ClusterIssuer::self_signed(SELF_SIGNED))?
        .with(&Certificate::authority(CERT_MANAGER, CA, SELF_SIGNED))?
        .with(&ClusterIssuer::of_authority(ISSUER, CA))
}

fn certificates() -> Result<File, RenderError> {
    let comment = "What the three servers between a source and a subscriber show, in Secrets that Knative reads by\n\
                   name. Without the second one a Broker is Ready and its Triggers are not.";
    let file = File::new("transport-encryption/certificates.yaml", comment);
    SERVERS.iter().try_fold(file, |file, (secret, service)| {
        let hosts = ["svc.cluster.local", "svc"].map(|end| format!("{service}.{EVENTING}.{end}"));
        file.with(&Certificate::server(EVENTING, secret, hosts.into(), ISSUER))
    })
}

fn features() -> Result<File, RenderError> {
    let comment = "One entry of Knative's ConfigMap; the others stay as they are.";
    let features = entries(
        "config-features",
        EVENTING,
        &[("transport-encryption", "strict")],
    );
    File::new("transport-encryption/features.yaml", comment).with(&features)
}

fn bundle() -> Result<File, RenderError> {
    let comment = "The CA as a trust bundle: Eventing's dispatchers trust Knative Services by it, and the controller\n\
                   of MnsOssSource hands it on to adapters. trust-manager fills it in.";
    let labels = [("networking.knative.dev/trust-bundle", "true")];
    let target = ConfigMap {
        metadata: with_labels(namespaced(BUNDLE, EVENTING), &labels),
        ..ConfigMap::default()
    };
    File::new("transport-encryption/serving/bundle.yaml", comment)
        .with(&target)?
        .with(&Bundle::of(BUNDLE, CA, EVENTING))
}

fn network() -> Result<File, RenderError> {
    let comment = "Entries of Serving's ConfigMaps; the others stay as they are.";
    let network = [("cluster-local-domain-tls", "Enabled")];
    let reference = format!("kind: ClusterIssuer\nname: {ISSUER}\n");
    let issuer = [("clusterLocalIssuerRef", reference.as_str())];
    File::new("transport-encryption/serving/network.yaml", comment)
        .with(&entries("config-network", SERVING, &network))?
        .with(&entries("config-certmanager", SERVING, &issuer))
}

/// Some entries of a ConfigMap that another client created.
fn entries(name: &str, namespace: &str, data: &[(&str, &str)]) -> ConfigMap {
    let data: BTreeMap<String, String> = text_map(data);
    ConfigMap {
        metadata: namespaced(name, namespace),
        data: Some(data),
        ..ConfigMap::default()
    }
}
