//! The disruption budget of the controller's pods.
//!
//! The controller creates the budgets of adapters itself, and a pod that two budgets select cannot
//! be evicted at all.

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use source_api::names::CONTROLLER;

use crate::metadata::{controller_selector, namespaced, ours};

/// With several replicas one at a time; a single one must be evictable.
pub(crate) fn of_the_controller(namespace: &str) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: ours(namespaced(CONTROLLER, namespace)),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(LabelSelector {
                match_labels: Some(controller_selector()),
                ..LabelSelector::default()
            }),
            // A pod that does not run blocks no drain.
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }
}
