//! The `ScaledObject` of a source, as KEDA reads it. Pure.

use serde_json::{Value, json};
use source_api::Autoscaling;

use super::{GROUP, KIND, VERSION};
use crate::deployment::{labels, owner};
use crate::scaler::{LAG_THRESHOLD, SOURCE};
use crate::source::Identity;

/// The `ScaledObject`: KEDA calls the scaler at `address` and scales the adapter's Deployment.
pub(super) fn scaled_object(identity: &Identity, scaling: &Autoscaling, address: &str) -> Value {
    let Autoscaling {
        min_scale,
        max_scale,
        polling_interval_seconds,
        cooldown_period_seconds,
        lag_threshold,
    } = scaling;
    let name = identity.adapter_name();
    json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": KIND,
        "metadata": {
            "name": name,
            "namespace": identity.namespace,
            "labels": labels(identity),
            "ownerReferences": [owner(identity, true)],
        },
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicaCount": min_scale,
            "maxReplicaCount": max_scale,
            "pollingInterval": polling_interval_seconds,
            "cooldownPeriod": cooldown_period_seconds,
            // By itself KEDA puts `keda-hpa-` before the name, which gets too long for a label.
            "advanced": {"horizontalPodAutoscalerConfig": {"name": name}},
            "triggers": [{
                "type": "external",
                "metadata": {
                    "scalerAddress": address,
                    SOURCE: identity.name,
                    LAG_THRESHOLD: lag_threshold.to_string(),
                },
            }],
        },
    })
}
