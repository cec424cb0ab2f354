//! The settings in Knative Eventing's ConfigMaps that apply to all event sources.
//!
//! Knative's own controllers pass `config-logging` and `config-observability` to their adapters in
//! the same variables. `config-features` says whether sinks expect tokens.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt as _;
use serde_json::json;

use crate::context::Context;

const LOGGING: &str = "config-logging";
const OBSERVABILITY: &str = "config-observability";
const FEATURES: &str = "config-features";
/// The entry with the explanation of a ConfigMap.
const EXAMPLE: &str = "_example";

pub(crate) const LOGGING_VARIABLE: &str = "K_LOGGING_CONFIG";
pub(crate) const OBSERVABILITY_VARIABLE: &str = "K_OBSERVABILITY_CONFIG";
/// Which level of `config-logging` is an adapter's, beside that of all.
const OWN_LEVEL: &str = "loglevel.mnsosssource";
const LOGGER: &str = "zap-logger-config";

/// The settings in Knative's ConfigMaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnativeConfig {
    /// Value of `K_LOGGING_CONFIG`.
    pub logging: Option<String>,
    /// Value of `K_OBSERVABILITY_CONFIG`.
    pub observability: Option<String>,
    /// Whether `authentication-oidc` is on.
    pub is_oidc_on: bool,
}

impl KnativeConfig {
    /// The settings in the variables of a Deployment.
    pub(crate) fn of_deployment(deployment: &Deployment) -> Self {
        let spec = deployment.spec.as_ref();
        let pod = spec.and_then(|spec| spec.template.spec.as_ref());
        let containers = pod.into_iter().flat_map(|pod| &pod.containers);
        let variables: Vec<_> = containers
            .filter_map(|it| it.env.as_ref())
            .flatten()
            .collect();
        let value = |name: &str| {
            let found = variables.iter().find(|it| it.name == name)?;
            // Written with `$(` doubled, and to be written so again.
            found.value.as_ref().map(|value| value.replace("$$(", "$("))
        };
        Self {
            logging: value(LOGGING_VARIABLE),
            observability: value(OBSERVABILITY_VARIABLE),
            is_oidc_on: false,
        }
    }

    fn of(config_maps: &[Arc<ConfigMap>]) -> Self {
        let data = |name: &str| {
            let found = config_maps.iter().find(|it| it.name_any() == name)?;
            found.data.as_ref()
        };
        let is_read = |key: &str| key == LOGGER || key == OWN_LEVEL;
        Self {
            logging: data(LOGGING).and_then(|data| document(data, is_read)),
            observability: data(OBSERVABILITY).and_then(|data| document(data, |_| true)),
            is_oidc_on: data(FEATURES)
                .and_then(|data| data.get("authentication-oidc"))
                .is_some_and(|value| value.trim().eq_ignore_ascii_case("enabled")),
        }
    }
}

/// Entries as JSON, if there are any. They are in order, so that the same ConfigMap is the same text.
fn document(data: &BTreeMap<String, String>, is_read: impl Fn(&str) -> bool) -> Option<String> {
    let entries = data
        .iter()
        .filter(|(key, _)| *key != EXAMPLE && is_read(key));
    let entries: BTreeMap<_, _> = entries.collect();
    (!entries.is_empty()).then(|| json!(entries).to_string())
}

/// Whether a ConfigMap of Knative's namespace is one of these.
pub(crate) fn is_read(config_map: &ConfigMap) -> bool {
    [LOGGING, OBSERVABILITY, FEATURES].contains(&config_map.name_any().as_str())
}

/// The current settings; `None` until the ConfigMaps are listed.
pub(crate) fn observe(ctx: &Context) -> Option<KnativeConfig> {
    let config_maps = ctx.config_maps.of_knative()?;
    Some(KnativeConfig::of(&config_maps))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_map(name: &str, data: &[(&str, &str)]) -> Arc<ConfigMap> {
        let mut config_map = ConfigMap::default();
        config_map.metadata.name = Some(name.to_owned());
        let data = data
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        config_map.data = Some(data.collect());
        Arc::new(config_map)
    }

    #[test]
    fn config_maps_become_the_variables_of_knatives_adapters() {
        let found = KnativeConfig::of(&[
            config_map(
                LOGGING,
                &[
                    (EXAMPLE, "long"),
                    (LOGGER, r#"{"level":"info"}"#),
                    ("loglevel.controller", "debug"),
                    (OWN_LEVEL, "warn"),
                ],
            ),
            config_map(
                OBSERVABILITY,
                &[
                    (EXAMPLE, "long"),
                    ("tracing-protocol", "http/protobuf"),
                    ("metrics-protocol", "none"),
                ],
            ),
            config_map(FEATURES, &[("authentication-oidc", "Enabled")]),
            config_map("config-leader-election", &[("lease-duration", "1s")]),
        ]);
        let expected = KnativeConfig {
            logging: Some(
                r#"{"loglevel.mnsosssource":"warn","zap-logger-config":"{\"level\":\"info\"}"}"#
                    .to_owned(),
            ),
            observability: Some(
                r#"{"metrics-protocol":"none","tracing-protocol":"http/protobuf"}"#.to_owned(),
            ),
            is_oidc_on: true,
        };
        assert_eq!(found, expected);
        let explained = config_map(LOGGING, &[(EXAMPLE, "long")]);
        assert_eq!(KnativeConfig::of(&[explained]), KnativeConfig::default());
        assert_eq!(KnativeConfig::of(&[]), KnativeConfig::default());
    }
}
