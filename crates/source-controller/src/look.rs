//! The first step of a pass: seeing how things are. It changes nothing.
//!
//! Copies that watches keep are gone by where it can be told that they are not older than
//! what this program itself wrote: a pass that acts on what was true a moment ago makes things
//! twice, or forgets them. What cannot be seen because of the user's doing is a value with an
//! explanation; only trouble with the API server ends the pass.

mod account;
mod cloud;
mod event_types;

use k8s_openapi::api::apps::v1::Deployment;
use mns::Endpoint;
use source_api::{DeliveryError, Sink, SinkError};
use tokio::try_join;

pub use account::AccountProblem;
pub(crate) use account::{Opened, WATCH as SECRETS};
pub use cloud::CloudSeen;
pub(crate) use cloud::{CloudMemory, Remembered};
pub use event_types::{EventTypesSeen, KnownEventType};

use crate::cloud::{Account, CloudTrouble};
use crate::context::Context;
use crate::failure::{PassError, doing};
use crate::sink::{ResolvedSink, SinkProblem};
use crate::wish::{Identity, Subject, Supply};

/// How everything was that concerns one source.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The sink.
    pub sink: Result<ResolvedSink, SinkProblem>,
    /// The dead letter sink, if one is asked for.
    pub dead_letter_sink: Option<Result<ResolvedSink, SinkProblem>>,
    /// Where the account is that the Secret holds the key to.
    pub account: Result<Endpoint, AccountProblem>,
    /// The version of that Secret; `None` if there is none.
    pub secret_version: Option<String>,
    /// What is in MNS; `None` if there was no account or no name to look for.
    pub cloud: Option<Result<CloudSeen, CloudTrouble>>,
    /// The Deployment that has the adapter's name.
    pub deployment: Option<Deployment>,
    /// Descriptions of events that we made or must make; `None` if that is Knative's affair.
    pub event_types: Option<EventTypesSeen>,
}

/// Looks at everything that concerns a source. Gives the account too, for acting on it.
///
/// # Errors
/// Trouble with the API server, which may pass.
pub async fn look(ctx: &Context, subject: &Subject) -> Result<(Seen, Option<Account>), PassError> {
    let (sink, dead_letter_sink, in_the_cloud, deployment) = try_join!(
        sink(ctx, &subject.wish.sink, &subject.identity),
        dead_letter_sink(ctx, subject),
        in_the_cloud(ctx, subject),
        deployment(ctx, &subject.identity),
    )?;
    let event_types = event_types::look(ctx, subject).await;
    let InTheCloud {
        account,
        secret_version,
        cloud,
    } = in_the_cloud;
    let seen = Seen {
        sink,
        dead_letter_sink,
        account: account
            .as_ref()
            .map(|account| account.endpoint().clone())
            .map_err(Clone::clone),
        secret_version,
        cloud,
        deployment,
        event_types,
    };
    Ok((seen, account.ok()))
}

/// The account that a source's Secret holds the key to.
///
/// # Errors
/// Trouble with the API server, which may pass.
pub(crate) async fn account(
    ctx: &Context,
    subject: &Subject,
) -> Result<Result<Account, AccountProblem>, PassError> {
    Ok(account::look(ctx, subject).await?.account)
}

struct InTheCloud {
    account: Result<Account, AccountProblem>,
    secret_version: Option<String>,
    cloud: Option<Result<CloudSeen, CloudTrouble>>,
}

async fn in_the_cloud(ctx: &Context, subject: &Subject) -> Result<InTheCloud, PassError> {
    let Opened {
        account, version, ..
    } = account::look(ctx, subject).await?;
    let cloud = match (&account, &subject.wish.supply) {
        (Ok(account), Ok(supply)) => {
            let about = Remembered::new(&subject.source, version.as_deref());
            let uid = &subject.identity.uid;
            let cloud = cloud::look(ctx, uid, about, account, supply).await;
            if cloud.is_ok() && matches!(supply, Supply::Topic(_)) {
                ctx.accounts.keep(uid, account);
            }
            Some(cloud)
        }
        _ => None,
    };
    Ok(InTheCloud {
        account,
        secret_version: version,
        cloud,
    })
}

async fn sink(
    ctx: &Context,
    sink: &Result<Sink, SinkError>,
    identity: &Identity,
) -> Result<Result<ResolvedSink, SinkProblem>, PassError> {
    match sink {
        Ok(sink) => {
            let resolved = ctx.resolver.resolve(sink, &identity.namespace).await;
            doing("looking up the sink", resolved)
        }
        Err(error) => Ok(Err(SinkProblem::Invalid(error.clone()))),
    }
}

async fn dead_letter_sink(
    ctx: &Context,
    subject: &Subject,
) -> Result<Option<Result<ResolvedSink, SinkProblem>>, PassError> {
    let asked = match &subject.wish.delivery {
        Ok(delivery) => delivery.dead_letter_sink.clone().map(Ok),
        Err(DeliveryError::DeadLetterSink(error)) => Some(Err(error.clone())),
        Err(_) => None,
    };
    match asked {
        Some(asked) => sink(ctx, &asked, &subject.identity).await.map(Some),
        None => Ok(None),
    }
}

async fn deployment(ctx: &Context, identity: &Identity) -> Result<Option<Deployment>, PassError> {
    doing(
        "looking for the adapter's deployment",
        ctx.adapters.find(identity).await,
    )
}
