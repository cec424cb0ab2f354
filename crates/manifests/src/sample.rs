//! A sample: from a bucket's events through a Broker to the face service.
//!
//! The objects have the walkthrough's names, so that applying them over its own brings a
//! cluster up to date.

mod photos;
mod secret;
mod service;
mod source;
mod trigger;

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::config::{Config, SAMPLE_NAMESPACE};
use crate::controller::ADAPTER_ROLE;
use crate::file::File;
use crate::istio::{self, ServiceEntry};
use crate::knative::Broker;
use crate::kustomize::Kustomization;
use crate::metadata::{cluster_wide, namespaced};
use crate::network;
use crate::rrsa::{Component, annotated};
use crate::yaml::RenderError;
pub(crate) use service::HEALTH;
pub(crate) use service::{image, keys, variable, variables};
pub(crate) use source::spec as source_spec;
pub(crate) use trigger::new_objects;

pub(crate) const ACCOUNT: &str = "mnsoss-sa";
/// The Secret with the keys.
pub const SECRET: &str = "mnsoss-secret";
/// The entry of the Secret that holds them.
pub const SECRET_KEY: &str = "mns";
pub(crate) const SOURCE: &str = "mnsoss-face";
pub(crate) const BROKER: &str = "default";
pub(crate) const SERVICE: &str = "face-recognition";
pub(crate) const TRIGGER: &str = "face-trigger";
pub(crate) const SERVICE_ENTRY: &str = "alimns-ext";
pub(crate) const BINDING: &str = "eventing-sources-mnsoss";

/// All files, in the order in which they should be applied.
pub(crate) fn files(config: &Config) -> Result<Vec<File>, RenderError> {
    let namespace = &config.sample_namespace;
    let secret = match config.rrsa {
        Some(_) => None,
        None => {
            Some(File::new("sample/secret.yaml", secret::COMMENT).with(&secret::secret(config))?)
        }
    };
    let others = [
        rights(config)?,
        network(config)?,
        File::new("sample/broker.yaml", "").with(&broker(namespace))?,
        File::new("sample/service.yaml", service::comment(config))
            .with(&service::service(config))?,
        File::new("sample/trigger.yaml", trigger::COMMENT).with(&trigger::trigger(config))?,
        File::new("sample/source.yaml", source::COMMENT).with(&source::source(config))?,
    ];
    let files: Vec<_> = secret.into_iter().chain(others).collect();
    let resources = files.iter().map(|file| in_folder(&file.path)).collect();
    let kustomization = Kustomization::new(resources).with_image(&image(config));
    let comment = match config.rrsa {
        None => {
            "`kubectl apply -k deploy/sample` creates the sample. Fill in secret.yaml, and the bucket in\n\
             source.yaml, service.yaml and trigger.yaml, first."
        }
        Some(_) => {
            "`kubectl apply -k` creates the sample, once the roles of ram/ exist. There are no keys."
        }
    };
    let kustomization = File::new("sample/kustomization.yaml", comment).with(&kustomization)?;
    Ok(files
        .into_iter()
        .chain([kustomization])
        .chain(mesh(namespace)?)
        .collect())
}

fn network(config: &Config) -> Result<File, RenderError> {
    let namespace = &config.sample_namespace;
    let comment = "Who may connect to the sample's pods, where the cluster's network enforces it. Nodes may\n\
                   always, so that probes come through. Other namespaces with sources need the first one, too.";
    File::new("sample/network.yaml", comment)
        .with(&network::of_adapters(namespace))?
        .with(&network::of_face_service(namespace))
}

/// For namespaces in an Istio mesh whose outbound traffic is limited to listed hosts.
fn mesh(namespace: &str) -> Result<[File; 2], RenderError> {
    let comment = "Only where Istio is installed and the sample's pods are in its mesh.";
    let entry =
        File::new("sample/istio/service-entry.yaml", comment).with(&service_entry(namespace))?;
    let kustomization = Kustomization::new(vec![in_folder(&entry.path)]);
    Ok([
        entry,
        File::new("sample/istio/kustomization.yaml", comment).with(&kustomization)?,
    ])
}

/// A path as the `kustomization.yaml` beside the file has it.
pub(crate) fn in_folder(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn rights(config: &Config) -> Result<File, RenderError> {
    let namespace = &config.sample_namespace;
    let comment = "The adapter's account, and the face service's. They are two, because sinks that expect tokens\n\
                   know the source by its own. The role that is bound to the first holds nothing, and no token\n\
                   that Kubernetes takes is handed to pods: neither of them talks to it.";
    let account = ServiceAccount {
        metadata: namespaced(ACCOUNT, namespace),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    };
    let adapter = annotated(account.clone(), config, Component::Adapter);
    let face_recognition = ServiceAccount {
        metadata: namespaced(SERVICE, namespace),
        ..account
    };
    File::new("sample/rbac.yaml", comment)
        .with(&adapter)?
        .with(&binding(namespace))?
        .with(&annotated(
            face_recognition,
            config,
            Component::FaceRecognition,
        ))
}

/// The walkthrough's binding of the adapter's account.
pub(crate) fn binding(namespace: &str) -> ClusterRoleBinding {
    ClusterRoleBinding {
        metadata: cluster_wide(BINDING, namespace, SAMPLE_NAMESPACE),
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io".to_owned(),
            kind: "ClusterRole".to_owned(),
            name: ADAPTER_ROLE.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: ACCOUNT.to_owned(),
            namespace: Some(namespace.to_owned()),
            api_group: None,
        }]),
    }
}

fn broker(namespace: &str) -> Broker {
    Broker {
        api_version: "eventing.knative.dev/v1",
        kind: "Broker",
        metadata: namespaced(BROKER, namespace),
    }
}

fn service_entry(namespace: &str) -> ServiceEntry {
    let metadata: ObjectMeta = namespaced(SERVICE_ENTRY, namespace);
    let mut entry = istio::alibaba_cloud("networking.istio.io/v1", metadata);
    entry.spec.location = Some("MESH_EXTERNAL");
    entry.spec.resolution = Some("NONE");
    entry
}
