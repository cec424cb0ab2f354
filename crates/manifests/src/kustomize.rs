//! `kustomization.yaml`, for `kubectl apply -k`: a list of files, and one place to set images.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::metadata::text_map;

/// A `kustomization.yaml`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Kustomization {
    api_version: &'static str,
    kind: &'static str,
    resources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<Image>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replacements: Vec<Replacement>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    config_map_generator: Vec<ConfigMap>,
}

/// A `ConfigMap` that is made of files.
#[derive(Clone, Debug, Serialize)]
struct ConfigMap {
    name: &'static str,
    namespace: String,
    files: Vec<&'static str>,
    options: ConfigMapOptions,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfigMapOptions {
    disable_name_suffix_hash: bool,
    labels: BTreeMap<String, String>,
}

/// An image that replaces another.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    name: String,
    new_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_tag: Option<String>,
}

/// A value that is copied from one field to another.
#[derive(Clone, Debug, Serialize)]
struct Replacement {
    source: Place,
    targets: Vec<Target>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    kind: &'static str,
    name: String,
    field_path: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    select: Selector,
    field_paths: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Selector {
    kind: &'static str,
    name: String,
}

impl Kustomization {
    /// A list of files.
    pub(crate) fn new(resources: Vec<String>) -> Self {
        Self {
            api_version: "kustomize.config.k8s.io/v1beta1",
            kind: "Kustomization",
            resources,
            images: Vec::new(),
            replacements: Vec::new(),
            config_map_generator: Vec::new(),
        }
    }

    /// Adds a `ConfigMap` with a dashboard, with the label by which Grafana's sidecar finds it.
    pub(crate) fn with_dashboard(mut self, namespace: &str, file: &'static str) -> Self {
        self.config_map_generator.push(ConfigMap {
            name: "mnsoss-dashboard",
            namespace: namespace.to_owned(),
            files: vec![file],
            options: ConfigMapOptions {
                disable_name_suffix_hash: true,
                labels: text_map(&[("grafana_dashboard", "1")]),
            },
        });
        self
    }

    /// Names an image where readers look for it first. It stands for itself until changed.
    pub(crate) fn with_image(mut self, image: &str) -> Self {
        // A digest has no tag to change, and a colon before the last `/` is a port's.
        let tagged = image
            .rsplit_once(':')
            .filter(|(_, tag)| !tag.contains('/') && !image.contains('@'));
        let (name, tag) = tagged.map_or((image, None), |(name, tag)| (name, Some(tag.to_owned())));
        if !image.contains('@') {
            self.images.push(Image {
                name: name.to_owned(),
                new_name: name.to_owned(),
                new_tag: tag,
            });
        }
        self
    }

    /// Copies the image of a Deployment's first container into one of its variables.
    pub(crate) fn with_image_in_variable(mut self, deployment: &str, variable: &str) -> Self {
        const CONTAINER: &str = "spec.template.spec.containers.0";
        self.replacements.push(Replacement {
            source: Place {
                kind: "Deployment",
                name: deployment.to_owned(),
                field_path: format!("{CONTAINER}.image"),
            },
            targets: vec![Target {
                select: Selector {
                    kind: "Deployment",
                    name: deployment.to_owned(),
                },
                field_paths: vec![format!("{CONTAINER}.env.[name={variable}].value")],
            }],
        });
        self
    }
}
