//! The controller's own identity in the cloud, for sources without a Secret.
//!
//! A user who may create a source in a listed namespace has the use of this identity in MNS, so an
//! administrator must list the namespaces. Its requests go to hosts of Alibaba Cloud and to networks
//! that the administrator allows, and to no other host that a source names: the owner of such a
//! host could replay them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use service::credentials::{CredentialRefresher, CredentialSource};
use service::error_line;
use signing::LiveCredentials;
use thiserror::Error;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use transport::{Backoff, Transport};

use super::AccountProblem;
use super::location::Location;
use crate::context::Context;
use crate::mns::Account;
use crate::source::ParsedSource;
use crate::watched_namespaces::Namespaces;

/// How long one attempt may take; the first one delays all sources.
const FIRST_TIMEOUT: Duration = Duration::from_secs(5);
/// Pauses between attempts to get the first keys.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(2), Duration::from_mins(1));

/// The controller's own identity in the cloud. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CloudIdentity(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    namespaces: Namespaces,
    source: CredentialSource,
    sts: Transport,
    transport: Transport,
    credentials: OnceLock<LiveCredentials>,
}

/// Why the controller's own identity cannot be used for a source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdentityProblem {
    /// The administrator does not list the source's namespace.
    #[error(
        "a source without a secret needs the controller's own identity, which namespace `{0}` may not use: give \
         `accessToken`, or have the administrator list the namespace (CLOUD_IDENTITY_NAMESPACES of the controller)"
    )]
    NotAllowed(String),
    /// There are no keys yet.
    #[error("the controller has no keys of its own role yet; its log says why")]
    Pending,
}

impl IdentityProblem {
    /// In one word, for a condition.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotAllowed(_) => "IdentityNotAllowed",
            Self::Pending => "IdentityPending",
        }
    }
}

impl CloudIdentity {
    /// An identity for sources of these namespaces, without keys yet. `sts` sends to the issuer of
    /// keys, `transport` to MNS.
    #[must_use]
    pub fn new(
        namespaces: Namespaces,
        source: CredentialSource,
        sts: Transport,
        transport: Transport,
    ) -> Self {
        Self(Arc::new(Inner {
            namespaces,
            source,
            sts,
            transport,
            credentials: OnceLock::new(),
        }))
    }

    /// Requests the first keys, for a few seconds.
    pub async fn begin(&self) -> Option<CredentialRefresher> {
        let Inner { source, sts, .. } = &*self.0;
        // Boxed, because it is large and nearly always waits.
        let open = Box::pin(source.clone().open(sts.clone()));
        let opened = timeout(FIRST_TIMEOUT, open).await;
        let problem = match opened {
            Ok(Ok(opened)) => {
                info!("the controller has keys of its own identity");
                let _first = self.0.credentials.set(opened.credentials);
                return Some(opened.refresher);
            }
            Ok(Err(error)) => error_line(&error),
            Err(_) => format!("no response within {} s", FIRST_TIMEOUT.as_secs()),
        };
        error!(
            error = problem,
            "no keys of the controller's own identity yet: sources without a secret wait"
        );
        None
    }

    /// Refreshes the keys, and requests them while there are none. Never ends.
    pub async fn keep(self, mut refresher: Option<CredentialRefresher>) {
        let mut failures = 0;
        loop {
            if let Some(refresher) = refresher.take() {
                Box::pin(refresher.run(&CancellationToken::new())).await;
            } else {
                failures += 1;
                sleep(BACKOFF.after(failures)).await;
                refresher = self.begin().await;
            }
        }
    }
}

/// The account of a source without a Secret.
pub(super) fn open(ctx: &Context, parsed: &ParsedSource) -> Result<Account, AccountProblem> {
    let namespace = &parsed.identity.namespace;
    let identity = ctx.cloud_identity.as_ref().map(|identity| &*identity.0);
    let identity = identity.filter(|identity| identity.namespaces.contains(namespace));
    let identity = identity
        .ok_or_else(|| AccountProblem::Identity(IdentityProblem::NotAllowed(namespace.clone())))?;
    let endpoint = Location::of(&parsed.source.spec).endpoint("endpoint");
    let endpoint = endpoint.map_err(AccountProblem::Location)?;
    let credentials = identity.credentials.get();
    let credentials = credentials.ok_or(AccountProblem::Identity(IdentityProblem::Pending))?;
    Ok(ctx.account_by(endpoint, credentials.clone(), identity.transport.clone()))
}
