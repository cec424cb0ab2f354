//! Leader election: one of several controllers is the leader, the others stand by.
//!
//! The leader renews a Lease. A candidate takes the Lease over when it has not changed for its
//! duration on the candidate's own clock; it never compares the times in the Lease with that clock,
//! because clocks of machines differ. Every write names the version that it replaces, so two
//! candidates cannot both succeed. A leader that cannot renew stops before another candidate may
//! take over.
//!
//! kubert 0.25 and kube-leader-election 0.44 do compare the times of a Lease with the local clock,
//! and kube-leader-election writes without the version that it replaces, so that two candidates can
//! both acquire: hence this module.
//!
//! What to do about a Lease is decided in the module `claim`, which does no I/O.

mod claim;

use std::time::Duration;

use claim::{Claim, ObservedLease};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::PostParams;
use kube::{Api, Client};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

/// How long a Lease that is not renewed stays valid, and so how long a crashed leader delays the
/// next one.
pub(crate) const LEASE_DURATION: Duration = Duration::from_secs(15);
/// A leader that could not renew for so long stops. Shorter than [`LEASE_DURATION`] by the time
/// that stopping may take, so that no other leader works yet.
const RENEW_DEADLINE: Duration = Duration::from_secs(12);
/// Pause between renewals, and between reads of another candidate's Lease.
const RETRY_PERIOD: Duration = Duration::from_secs(2);
/// Deadline of one call. An overloaded API server may take seconds; after a renewal without a
/// response there is still time for another one before [`RENEW_DEADLINE`].
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// A candidate for one Lease.
#[derive(Clone, Debug)]
pub struct Election {
    leases: Api<Lease>,
    name: String,
    identity: String,
}

/// Held while this process is the leader.
#[derive(Debug)]
pub struct Leadership {
    election: Election,
    lease: Lease,
}

/// Why this process is no longer the leader. It must stop at once.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LeadershipLost {
    /// Another candidate holds the Lease.
    #[error("`{holder}` has become the leader")]
    TakenOver {
        /// Its identity.
        holder: String,
    },
    /// The Lease could not be renewed in time.
    #[error("the lease could not be renewed for {} s", RENEW_DEADLINE.as_secs())]
    NotRenewed,
}

/// Why one call failed.
#[derive(Debug, Error)]
enum CallError {
    #[error("no response within {} s", CALL_TIMEOUT.as_secs())]
    TimedOut,
    #[error(transparent)]
    Kube(#[from] kube::Error),
}

impl Election {
    /// A candidate that calls itself `identity`, for the Lease `name` in `namespace`.
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str, identity: &str) -> Self {
        Self {
            leases: Api::namespaced(client, namespace),
            name: name.to_owned(),
            identity: identity.to_owned(),
        }
    }

    /// Waits until this process is the leader, however long that takes; `None` if `stop` is
    /// cancelled before, and then the Lease is released in case it was acquired meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future may leave a Lease that names this process until it expires.
    pub async fn acquire(&self, stop: &CancellationToken) -> Option<Leadership> {
        let acquired = stop.run_until_cancelled(self.try_until_acquired()).await;
        if acquired.is_none() {
            self.release_if_held().await;
        }
        acquired
    }

    async fn try_until_acquired(&self) -> Leadership {
        let mut observed = None;
        loop {
            match self.try_once(&mut observed).await {
                Ok(Some(lease)) => {
                    info!(lease = self.name, "`{}` is the leader", self.identity);
                    return Leadership {
                        election: self.clone(),
                        lease,
                    };
                }
                Ok(None) => {}
                Err(error) => warn!(lease = self.name, error = %error, "cannot become the leader"),
            }
            sleep(RETRY_PERIOD).await;
        }
    }

    /// Releases the Lease if it names this process, so that the next leader need not wait until it
    /// expires. A failure is only logged.
    async fn release_if_held(&self) {
        let Ok(Some(lease)) = call(self.leases.get_opt(&self.name)).await else {
            return;
        };
        if claim::holder(&lease) != Some(self.identity.as_str()) {
            return;
        }
        match self.replace(&claim::released(&lease)).await {
            Ok(_) => info!(lease = self.name, "released the lease"),
            Err(error) => warn!(lease = self.name, error = %error, "cannot release the lease"),
        }
    }

    /// Reads the Lease and takes it if it is free. `None` if it is not, or another
    /// candidate was faster.
    async fn try_once(
        &self,
        observed: &mut Option<ObservedLease>,
    ) -> Result<Option<Lease>, CallError> {
        let lease = call(self.leases.get_opt(&self.name)).await?;
        let unchanged_for = ObservedLease::observe(observed, lease.as_ref(), Instant::now());
        let claim = claim::decide(
            lease.as_ref(),
            &self.identity,
            &self.name,
            unchanged_for,
            Timestamp::now(),
        );
        let written = match claim {
            Claim::Wait { holder } => {
                debug!(lease = self.name, "`{holder}` is the leader");
                return Ok(None);
            }
            Claim::Create(lease) => call(self.leases.create(&PostParams::default(), &lease)).await,
            Claim::Replace(lease) => self.replace(&lease).await,
        };
        match written {
            Ok(lease) => Ok(Some(lease)),
            Err(error) if error.is_conflict() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn replace(&self, lease: &Lease) -> Result<Lease, CallError> {
        call(
            self.leases
                .replace(&self.name, &PostParams::default(), lease),
        )
        .await
    }
}

impl Leadership {
    /// Renews the Lease until the leadership is lost, and returns the reason.
    ///
    /// # Cancel safety
    /// Dropping the future ends the renewals; a renewal in progress may still take effect, and
    /// [`release`](Self::release) handles that.
    pub async fn renew_until_lost(&mut self) -> LeadershipLost {
        let mut renewed = Instant::now();
        loop {
            sleep(RETRY_PERIOD).await;
            // Counted from before the call: other candidates may have seen the renewal long before
            // its response arrives here.
            let started = Instant::now();
            match timeout_at(renewed + RENEW_DEADLINE, self.renew()).await {
                Ok(Ok(None)) => renewed = started,
                Ok(Ok(Some(lost))) => return lost,
                Ok(Err(error)) => {
                    warn!(lease = self.election.name, error = %error, "cannot renew the lease");
                }
                Err(_elapsed) => return LeadershipLost::NotRenewed,
            }
            if renewed.elapsed() + RETRY_PERIOD > RENEW_DEADLINE {
                return LeadershipLost::NotRenewed;
            }
        }
    }

    /// Releases the Lease, so that another candidate can take over at once. A failure is only
    /// logged.
    pub async fn release(self) {
        self.election.release_if_held().await;
    }

    async fn renew(&mut self) -> Result<Option<LeadershipLost>, CallError> {
        let renewed = claim::renewed(&self.lease, Timestamp::now());
        match self.election.replace(&renewed).await {
            Ok(lease) => {
                self.lease = lease;
                Ok(None)
            }
            Err(error) if error.is_conflict() => self.check_holder().await,
            Err(error) => Err(error),
        }
    }

    /// After a conflict: our own renewal whose response was lost, an edit of the Lease, or another
    /// holder.
    async fn check_holder(&mut self) -> Result<Option<LeadershipLost>, CallError> {
        let leases = &self.election.leases;
        let current = call(leases.get(&self.election.name)).await?;
        let holder = claim::holder(&current).unwrap_or_default().to_owned();
        if holder != self.election.identity {
            return Ok(Some(LeadershipLost::TakenOver { holder }));
        }
        let renewed = claim::renewed(&current, Timestamp::now());
        self.lease = self.election.replace(&renewed).await?;
        Ok(None)
    }
}

impl CallError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Kube(kube::Error::Api(status)) if status.code == 409)
    }
}

async fn call<T>(request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, CallError> {
    match timeout(CALL_TIMEOUT, request).await {
        Ok(response) => Ok(response?),
        Err(_elapsed) => Err(CallError::TimedOut),
    }
}
