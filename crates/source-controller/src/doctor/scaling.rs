//! The check of scaling: whether KEDA scales the adapter of a source as its annotations request.

use kube::Client;
use source_api::{Autoscaling, MnsOssSource};

use super::CheckResult;
use crate::scaled_object::{self, AutoscalerProblem, ObservedScaledObject};
use crate::sink::Discovery;
use crate::source::Identity;

/// Whether the adapter runs all the time, or KEDA scales it as the source's annotations request.
///
/// # Errors
/// When the API server does not respond.
pub async fn examine_scaling(client: &Client, source: &MnsOssSource) -> kube::Result<CheckResult> {
    let annotations = source.metadata.annotations.as_ref();
    let asked = annotations.map_or(Ok(None), Autoscaling::try_of);
    match asked {
        Ok(Some(_)) => {}
        Ok(None) => return Ok(CheckResult::Passed(fixed(source.spec.consumers))),
        Err(error) => return Ok(CheckResult::Failed(error.to_string())),
    }
    let identity = Identity::of(source);
    let discovery = Discovery::new(client.clone());
    let found = scaled_object::find(client, &discovery, &identity).await?;
    let name = identity.adapter_name();
    Ok(match found {
        ObservedScaledObject::Ours(ours) if ours.ready.as_deref() == Some("True") => {
            CheckResult::Passed(format!("KEDA scales the adapter by scaledobject `{name}`"))
        }
        ObservedScaledObject::Ours(_) => CheckResult::Failed(format!(
            "KEDA does not scale by scaledobject `{name}`: `kubectl describe scaledobject {name}` says why"
        )),
        ObservedScaledObject::Absent(_) | ObservedScaledObject::Unknown => {
            CheckResult::Failed(format!(
                "there is no scaledobject `{name}`: the condition AutoscalerReady of the source says why"
            ))
        }
        ObservedScaledObject::NotInstalled => {
            CheckResult::Failed(AutoscalerProblem::NotInstalled.to_string())
        }
        ObservedScaledObject::NotOwned => {
            CheckResult::Failed(AutoscalerProblem::NotOwned(name).to_string())
        }
        ObservedScaledObject::Forbidden => {
            CheckResult::Skipped("you may not read scaledobjects here".to_owned())
        }
    })
}

fn fixed(consumers: i32) -> String {
    match consumers {
        0 => "the source is paused: `consumers` is 0".to_owned(),
        1 => "one adapter runs all the time: annotations could have KEDA scale it".to_owned(),
        _ => {
            format!("{consumers} adapters run all the time: annotations could have KEDA scale them")
        }
    }
}
