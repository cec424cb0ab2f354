//! Monitoring: the pods that Prometheus scrapes, alerts, and a dashboard for Grafana.
//!
//! Every query stands in `queries.rs` once. A test starts the binaries and checks that each metric
//! and each label in a query is one that they export.

mod dashboard;
mod monitors;
mod queries;
mod rules;

use crate::config::Config;
use crate::file::File;
use crate::kustomize::Kustomization;
use crate::yaml::RenderError;
pub(crate) use monitors::controller as controller_monitor;

const FOLDER: &str = "observability";

/// All files, for the default namespaces.
pub(crate) fn files(config: &Config) -> Result<Vec<File>, RenderError> {
    let path = |name: &str| format!("{FOLDER}/{name}");
    let monitors = "Pods that Prometheus scrapes. Its own `podMonitorSelector` must admit these.";
    let rules = "Alerts, each with what to do.";
    let kustomization = Kustomization::new(vec!["monitors.yaml".into(), "rules.yaml".into()])
        .with_dashboard(&config.controller_namespace, "dashboard.json");
    let comment = "`kubectl apply -k deploy/observability`, where the Prometheus operator is installed. Grafana's\n\
                   sidecar finds the dashboard by its label; `dashboard.json` can also be imported by hand.";
    Ok(vec![
        File::new(&path("monitors.yaml"), monitors)
            .with(&monitors::controller(config))?
            .with(&monitors::adapters(config))?
            .with(&monitors::face(config))?,
        File::new(&path("rules.yaml"), rules).with(&rules::rules(config))?,
        File {
            path: path("dashboard.json"),
            text: dashboard::text(),
        },
        File::new(&path("kustomization.yaml"), comment).with(&kustomization)?,
    ])
}
