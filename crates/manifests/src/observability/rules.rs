//! A `PrometheusRule` of the Prometheus operator, as far as it is used.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::queries::{ALERTS, Alert};
use crate::config::Config;
use crate::metadata::{namespaced, ours, text_map};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PrometheusRule {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Serialize)]
struct Spec {
    groups: [Group; 1],
}

#[derive(Serialize)]
struct Group {
    name: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
struct Rule {
    alert: &'static str,
    expr: &'static str,
    #[serde(rename = "for")]
    lasting: &'static str,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

pub(super) fn rules(config: &Config) -> PrometheusRule {
    PrometheusRule {
        api_version: "monitoring.coreos.com/v1",
        kind: "PrometheusRule",
        metadata: ours(namespaced("mnsoss-source", &config.controller_namespace)),
        spec: Spec {
            groups: [Group {
                name: "mnsoss-source",
                rules: ALERTS.iter().map(rule).collect(),
            }],
        },
    }
}

fn rule(alert: &Alert) -> Rule {
    Rule {
        alert: alert.name,
        expr: alert.query,
        lasting: alert.lasting,
        labels: text_map(&[("severity", alert.severity)]),
        annotations: text_map(&[
            ("summary", alert.summary),
            ("description", alert.description),
        ]),
    }
}
