//! Whether a Deployment is up, and in its newest form.

use k8s_openapi::api::apps::v1::Deployment;

use crate::condition::Dependent;
use crate::manager::Conditions;

/// State of a Deployment by its own status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeploymentState {
    /// Available, with no replica missing.
    Available,
    /// On its way there.
    Pending {
        /// In one word.
        reason: String,
        /// In a sentence.
        message: String,
    },
    /// Stuck.
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
            let message = format!("deployment `{name}` has not seen its newest form yet");
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
            let message = format!("deployment `{name}` does not say yet whether it is available");
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
                message: format!("deployment `{name}` lacks {missing} of its replicas"),
            },
            "False" => Self::Failed { reason, message },
            _ => Self::Pending { reason, message },
        }
    }
}

impl Conditions {
    /// Marks `Deployed` by the status of the adapter's Deployment.
    pub fn mark_deployed(&mut self, deployment: &Deployment) {
        match DeploymentState::from(deployment) {
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
