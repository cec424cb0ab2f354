//! The third step of a pass: doing what was planned.
//!
//! Everything here can be done twice without harm. What goes wrong for a reason that the
//! user should read is a value; trouble with the API server ends the pass.

mod adapter;
mod budget;
mod cloud;
mod event_types;

use k8s_openapi::api::apps::v1::Deployment;

pub(crate) use cloud::remove;

use crate::cloud::{Account, CloudTrouble};
use crate::context::Context;
use crate::failure::PassError;
use crate::look::Seen;
use crate::plan::Plan;
use crate::plan::cloud::CloudStep;
use crate::plan::leftovers::Leftovers;
use crate::wish::Identity;

/// What became of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// What was left over, and whether it is gone; `None` if there was nothing.
    pub leftovers: Option<(Leftovers, Result<(), CloudTrouble>)>,
    /// Steps done in MNS; or what stands in the way there.
    pub cloud: Result<Vec<CloudStep>, CloudTrouble>,
    /// What happened to the adapter.
    pub adapter: AdapterDone,
    /// The adapter's Deployment as it is now.
    pub deployment: Option<Deployment>,
}

/// What happened to the adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdapterDone {
    /// Nothing.
    Left,
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// It could not be, and trying again is of no use.
    Refused {
        /// In one word.
        reason: String,
        /// In a sentence.
        message: String,
    },
}

/// Does what was planned, in the plan's order. Nothing new is made while something old is
/// still to be removed: the source's status can name only one of them, and what it does not
/// name would be forgotten.
///
/// # Errors
/// Trouble with the API server, which may pass.
pub async fn act(
    ctx: &Context,
    identity: &Identity,
    plan: Plan,
    seen: &Seen,
    account: Option<&Account>,
) -> Result<Done, PassError> {
    let leftovers = match plan.leftovers {
        Some(leftovers) => Some(cloud::remove_leftovers(ctx, leftovers, identity, account).await),
        None => None,
    };
    let cloud = match pending(leftovers.as_ref()) {
        Some(trouble) => Err(trouble),
        None => cloud::make(ctx, identity, plan.cloud, account).await,
    };
    let (adapter, deployment) = adapter::apply(
        ctx,
        identity,
        plan.adapter,
        seen.deployment.clone(),
        cloud.is_ok(),
    )
    .await?;
    event_types::write(ctx, identity, plan.event_types, seen.event_types.as_ref()).await;
    Ok(Done {
        leftovers,
        cloud,
        adapter,
        deployment,
    })
}

/// Why nothing new may be made yet.
fn pending(leftovers: Option<&(Leftovers, Result<(), CloudTrouble>)>) -> Option<CloudTrouble> {
    let (_, removed) = leftovers?;
    removed
        .as_ref()
        .err()
        .filter(|trouble| trouble.disposition.is_retryable())
        .cloned()
}
