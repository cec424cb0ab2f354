//! The versions of other people's software that this workspace is tested with.

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// `e2e/versions.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Versions {
    pub(crate) kind: Kind,
    pub(crate) knative: Knative,
}

/// The cluster on this machine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kind {
    pub(crate) version: String,
    /// Image of the node, with its digest.
    pub(crate) node: String,
}

/// Tags of Knative's repositories.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Knative {
    eventing: String,
    serving: String,
    kourier: String,
}

impl Versions {
    /// # Errors
    /// When the file is not as described here.
    pub(crate) fn load() -> Result<Self> {
        toml::from_str(include_str!("../../../e2e/versions.toml")).context("`e2e/versions.toml`")
    }
}

impl Knative {
    /// Manifests of Eventing with its in-memory broker, in the order to apply them.
    pub(crate) fn eventing(&self) -> Vec<String> {
        let files = [
            "eventing-crds",
            "eventing-core",
            "in-memory-channel",
            "mt-channel-broker",
        ];
        releases("knative/eventing", &self.eventing, &files)
    }

    /// Manifests of Serving and its network layer, in the order to apply them.
    pub(crate) fn serving(&self) -> Vec<String> {
        let mut manifests = releases(
            "knative/serving",
            &self.serving,
            &["serving-crds", "serving-core"],
        );
        manifests.extend(releases(
            "knative-extensions/net-kourier",
            &self.kourier,
            &["kourier"],
        ));
        manifests
    }
}

fn releases(repository: &str, tag: &str, files: &[&str]) -> Vec<String> {
    let url = |file| format!("https://github.com/{repository}/releases/download/{tag}/{file}.yaml");
    files.iter().map(url).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_name_manifests_in_order() {
        let knative = Versions::load().unwrap().knative;
        let all: Vec<_> = knative
            .eventing()
            .into_iter()
            .chain(knative.serving())
            .collect();
        insta::assert_snapshot!(all.join("\n"), @r"
        https://github.com/knative/eventing/releases/download/knative-v1.22.2/eventing-crds.yaml
        https://github.com/knative/eventing/releases/download/knative-v1.22.2/eventing-core.yaml
        https://github.com/knative/eventing/releases/download/knative-v1.22.2/in-memory-channel.yaml
        https://github.com/knative/eventing/releases/download/knative-v1.22.2/mt-channel-broker.yaml
        https://github.com/knative/serving/releases/download/knative-v1.22.1/serving-crds.yaml
        https://github.com/knative/serving/releases/download/knative-v1.22.1/serving-core.yaml
        https://github.com/knative-extensions/net-kourier/releases/download/knative-v1.22.1/kourier.yaml
        ");
    }

    #[test]
    fn the_node_is_pinned_by_digest() {
        let kind = Versions::load().unwrap().kind;
        assert!(kind.node.contains("@sha256:"), "{}", kind.node);
        assert!(kind.version.starts_with('v'), "{}", kind.version);
    }
}
