//! The controller: namespace, definition of the resource, RBAC, Deployment.

mod deployment;
mod rbac_rules;
mod scaler;

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use source_api::definition;
use source_api::names::CONTROLLER;

use crate::config::Config;
use crate::disruption;
use crate::file::File;
use crate::kustomize::Kustomization;
use crate::metadata::{named, namespaced, ours, with_labels};
use crate::network;
use crate::rrsa::{Component, annotated};
use crate::yaml::RenderError;
pub(crate) use deployment::PORT;
use deployment::deployment;
pub(crate) use rbac_rules::ADAPTER_ROLE;
pub(crate) use scaler::PORT as SCALER_PORT;

const NETWORK: &str = "Where the controller's pods may connect to: API servers, MNS, DNS. A cluster whose API server\n\
     listens elsewhere needs its port here: see `controller.egress-ports` in settings.toml.";

/// All files, in the order in which they should be applied.
pub(crate) fn files(config: &Config) -> Result<Vec<File>, RenderError> {
    let mut files = vec![
        File::new("controller/namespace.yaml", "").with(&namespace(config))?,
        File::new(
            "controller/definition.yaml",
            "The resource that users write.",
        )
        .with(&definition(&config.controller_template_keys))?,
        File::new("controller/account.yaml", "").with(&account(config))?,
        rbac_rules::controller_rbac(config)?,
        rbac_rules::aggregated_roles()?,
        File::new("controller/network.yaml", NETWORK).with(&network::of_the_controller(config))?,
        File::new("controller/disruption.yaml", "")
            .with(&disruption::of_the_controller(&config.controller_namespace))?,
        File::new("controller/deployment.yaml", "").with(&deployment(config))?,
    ];
    if config.keda {
        files.push(
            File::new("controller/service.yaml", scaler::COMMENT).with(&scaler::service(config))?,
        );
    }
    let kustomization = kustomization(config, &files)?;
    Ok(files.into_iter().chain([kustomization]).collect())
}

/// Only pods that pass the strictest profile may run here.
fn namespace(config: &Config) -> Namespace {
    let levels =
        ["enforce", "audit", "warn"].map(|mode| format!("pod-security.kubernetes.io/{mode}"));
    let levels: Vec<_> = levels
        .iter()
        .map(|label| (label.as_str(), "restricted"))
        .collect();
    Namespace {
        metadata: with_labels(ours(named(&config.controller_namespace)), &levels),
        ..Namespace::default()
    }
}

fn account(config: &Config) -> ServiceAccount {
    let account = ServiceAccount {
        metadata: ours(namespaced(CONTROLLER, &config.controller_namespace)),
        ..ServiceAccount::default()
    };
    annotated(account, config, Component::Controller)
}

fn kustomization(config: &Config, files: &[File]) -> Result<File, RenderError> {
    let resources = files.iter().map(|file| file.path.clone()).collect();
    let kustomization = Kustomization::new(resources)
        .with_image(&config.source_image)
        .with_image_in_variable(CONTROLLER, deployment::ADAPTER_IMAGE);
    let comment = "`kubectl apply -k deploy/` installs the controller. To take images from your own\n\
                   registry, change them below; adapters run the controller's image.";
    File::new("kustomization.yaml", comment).with(&kustomization)
}
