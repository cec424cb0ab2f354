//! Whether a Deployment is available, in its latest generation.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;

use crate::condition::Dependent;
use crate::manager::Conditions;

/// How long pods may take to start before a Deployment that an autoscaler has just scaled up counts
/// as failed.
const STARTUP_GRACE: Duration = Duration::from_mins(2);

/// State of a Deployment by its own status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeploymentState {
    /// Available, with no replica missing.
    Available,
    /// Not available yet.
    Pending {
        /// In one word.
        reason: String,
        /// In a sentence.
        message: String,
    },
    /// Failed.
    Failed {
        /// In one word.
        reason: String,
        /// In a sentence.
        message: String,
    },
}

impl From<&Deployment> for DeploymentState {
    fn from(deployment: &Deployment) -> Self {
        let name = deployment.metadata.name.as_deref().unwrap_or_default();
        let status = deployment.status.clone().unwrap_or_default();
        if status.observed_generation < deployment.metadata.generation {
            let message =
                format!("the latest generation of deployment `{name}` is not observed yet");
            return Self::Pending {
                reason: "DeploymentUpdating".to_owned(),
                message,
            };
        }
        let conditions = status.conditions.unwrap_or_default();
        let Some(available) = conditions
            .iter()
            .find(|condition| condition.type_ == "Available")
        else {
            let message = format!("deployment `{name}` has no condition `Available` yet");
            return Self::Pending {
                reason: "DeploymentUnavailable".to_owned(),
                message,
            };
        };
        let missing = status.unavailable_replicas.unwrap_or_default();
        let reason = available
            .reason
            .clone()
            .unwrap_or_else(|| "DeploymentUnavailable".to_owned());
        let message = available.message.clone().unwrap_or_default();
        match available.status.as_str() {
            "True" if missing == 0 => Self::Available,
            "True" => Self::Pending {
                reason: "DeploymentUpdating".to_owned(),
                message: format!("{missing} replicas of deployment `{name}` are not available"),
            },
            "False" => Self::Failed { reason, message },
            _ => Self::Pending { reason, message },
        }
    }
}

impl DeploymentState {
    /// State of a Deployment that an autoscaler scales. It is available with any number of pods, zero
    /// included, and while pods start, or a source would be unready at each activation.
    #[must_use]
    pub fn of_scaled(deployment: &Deployment, now: Timestamp) -> Self {
        let state = Self::from(deployment);
        let Some(status) = &deployment.status else {
            return state;
        };
        let conditions = status.conditions.iter().flatten();
        let is_up_or_starting = conditions
            .filter(|condition| condition.type_ == "Available")
            .any(|available| {
                let since = available.last_transition_time.as_ref();
                let age = since.and_then(|since| now.duration_since(since.0).try_into().ok());
                available.status == "True" || age.is_none_or(|age: Duration| age < STARTUP_GRACE)
            });
        let is_latest = status.observed_generation >= deployment.metadata.generation;
        if is_latest && is_up_or_starting {
            Self::Available
        } else {
            state
        }
    }
}

impl Conditions {
    /// Marks `Deployed` by the status of the adapter's Deployment.
    pub fn mark_deployed(&mut self, deployment: &Deployment) {
        self.mark_state(DeploymentState::from(deployment));
    }

    /// As [`mark_deployed`](Self::mark_deployed), of a Deployment that an autoscaler scales.
    pub fn mark_scaled(&mut self, deployment: &Deployment, now: Timestamp) {
        self.mark_state(DeploymentState::of_scaled(deployment, now));
    }

    fn mark_state(&mut self, state: DeploymentState) {
        match state {
            DeploymentState::Available => self.mark_true(Dependent::Deployed),
            DeploymentState::Pending { reason, message } => {
                self.mark_unknown(Dependent::Deployed, &reason, message);
            }
            DeploymentState::Failed { reason, message } => {
                self.mark_false(Dependent::Deployed, &reason, message);
            }
        }
    }
}
