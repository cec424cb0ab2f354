//! What a drained node may take away at one time.
//!
//! The controller's pods only: it makes the budgets of adapters itself, and a pod that two
//! budgets find cannot be evicted at all.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use source_api::names::CONTROLLER;

use crate::metadata::{controller_selector, namespaced, ours};

/// Of several controllers, one at a time; a single one must be allowed to go.
pub(crate) fn of_the_controller(namespace: &str) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: ours(namespaced(CONTROLLER, namespace)),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(LabelSelector {
                match_labels: Some(controller_selector()),
                ..LabelSelector::default()
            }),
            // What does not run holds up no drain.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }
}
