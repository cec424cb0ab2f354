//! Who decides how many pods the adapter of a source has.

use kube::Client;
use source_api::{Autoscaling, MnsOssSource};

use super::Verdict;
use crate::scaled_object::{self, ObservedScaledObject, Unscaled};
use crate::sink::Discovery;
use crate::source::Identity;

/// Whether the adapter runs all the time, or KEDA scales it as the source's annotations ask.
///
/// # Errors
/// When the cluster does not answer.
pub async fn examine_scaling(client: &Client, source: &MnsOssSource) -> kube::Result<Verdict> {
    let annotations = source.metadata.annotations.as_ref();
    let asked = annotations.map_or(Ok(None), Autoscaling::try_of);
    match asked {
        Ok(Some(_)) => {}
        Ok(None) => return Ok(Verdict::Fine(fixed(source.spec.consumers))),
        Err(error) => return Ok(Verdict::Wrong(error.to_string())),
    }
    let identity = Identity::of(source);
    let discovery = Discovery::new(client.clone());
    let found = scaled_object::find(client, &discovery, &identity).await?;
    let name = identity.adapter_name();
    Ok(match found {
        ObservedScaledObject::Ours(ours) if ours.ready.as_deref() == Some("True") => {
            Verdict::Fine(format!("KEDA scales the adapter by scaledobject `{name}`"))
        }
        ObservedScaledObject::Ours(_) => Verdict::Wrong(format!(
            "KEDA does not scale by scaledobject `{name}`: `kubectl describe scaledobject {name}` says why"
        )),
        ObservedScaledObject::Absent(_) | ObservedScaledObject::Unknown => Verdict::Wrong(format!(
            "there is no scaledobject `{name}`: the condition AutoscalerReady of the source says why"
        )),
        ObservedScaledObject::NotInstalled => Verdict::Wrong(Unscaled::NotInstalled.to_string()),
        ObservedScaledObject::NotOwned => Verdict::Wrong(Unscaled::NotOwned(name).to_string()),
        ObservedScaledObject::Forbidden => {
            Verdict::Skipped("you may not read scaledobjects here".to_owned())
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
