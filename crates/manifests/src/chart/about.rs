//! `Chart.yaml`, with what Artifact Hub shows of the chart.

use std::collections::BTreeMap;

use serde::Serialize;
use source_api::definition;

use crate::config::Config;
use crate::metadata::{VERSION, text_map};

/// The chart.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Chart {
    api_version: &'static str,
    name: &'static str,
    description: &'static str,
    #[serde(rename = "type")]
    type_: &'static str,
    version: &'static str,
    app_version: &'static str,
    kube_version: &'static str,
    keywords: [&'static str; 6],
    annotations: BTreeMap<String, String>,
}

const EXAMPLE: &str = "\
- apiVersion: sources.eventing.knative.dev/v1alpha1
  kind: MnsOssSource
  metadata:
    name: photos
  spec:
    topic: photos
    accessToken:
      secretKeyRef: { name: mnsoss-secret, key: mns }
    sink:
      ref: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: default }
";

pub(super) fn chart(config: &Config) -> Chart {
    let source = definition(&config.controller_template_keys);
    let version = &source.spec.versions[0].name;
    let definitions = format!(
        "- kind: {kind}\n  version: {version}\n  name: {name}\n  displayName: {kind}\n  description: Events of an OSS bucket, by MNS, for a Knative sink\n",
        kind = source.spec.names.kind,
        name = source.metadata.name.unwrap_or_default(),
    );
    let images = format!("- name: source\n  image: {}\n", config.source_image);
    Chart {
        api_version: "v2",
        name: "mnsoss-source",
        description: "MnsOssSource, a Knative event source for Alibaba Cloud OSS by MNS, and its controller",
        type_: "application",
        version: VERSION,
        app_version: VERSION,
        // What Knative Eventing 1.22 needs. The suffix admits what providers append.
        kube_version: ">=1.34.0-0",
        keywords: [
            "alibaba-cloud",
            "cloudevents",
            "eventing",
            "knative",
            "mns",
            "oss",
        ],
        annotations: text_map(&[
            ("artifacthub.io/category", "integration-delivery"),
            ("artifacthub.io/crds", &definitions),
            ("artifacthub.io/crdsExamples", EXAMPLE),
            ("artifacthub.io/images", &images),
            ("artifacthub.io/license", "Apache-2.0"),
            ("artifacthub.io/operator", "true"),
        ]),
    }
}

#[cfg(test)]
mod tests {
    use source_api::MnsOssSource;

    use super::*;

    #[test]
    fn example_is_a_source() {
        let [source] = serde_saphyr::from_str::<[MnsOssSource; 1]>(EXAMPLE).unwrap();
        assert_eq!(source.spec.topic.as_deref(), Some("photos"));
    }
}
