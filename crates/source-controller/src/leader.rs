//! Leader election: one of several controllers works, the others stand by.
//!
//! The leader renews a Lease. Whether it has stopped doing so is judged by watching the Lease
//! stand still on this machine's own clock, never by comparing its times with ours: clocks of
//! machines differ. Every write names the version that it replaces, so two candidates cannot
//! both succeed. A leader that cannot renew gives up before anybody else may take over.
//!
//! kubert 0.25 and kube-leader-election 0.44 do compare the times of a Lease with the local clock,
//! and kube-leader-election writes without the version that it replaces, so that two candidates can
//! both win: hence this module.
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
use tracing::{debug, info, warn};

/// How long a Lease that stands still is respected. What a crashed leader costs.
pub(crate) const LEASE: Duration = Duration::from_secs(15);
/// A leader that could not renew for so long stops working. Less than [`LEASE`] by the time
/// that stopping may take, so that nobody else works yet.
const GIVE_UP: Duration = Duration::from_secs(12);
/// Pause between renewals, and between reads of another candidate's Lease.
const PERIOD: Duration = Duration::from_secs(2);
/// Deadline of one call. An API server with too much to do may take seconds; a renewal that gets
/// no answer still leaves time for another one before [`GIVE_UP`].
const CALL: Duration = Duration::from_secs(5);

/// A candidate for one Lease.
#[derive(Clone, Debug)]
pub struct Election {
    leases: Api<Lease>,
    name: String,
    identity: String,
}

/// The time in which this process is the leader.
#[derive(Debug)]
pub struct Leadership {
    election: Election,
    lease: Lease,
}

/// Why this process is the leader no longer. It must stop working at once.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Lost {
    /// Another candidate holds the Lease.
    #[error("`{holder}` has become the leader")]
    TakenOver {
        /// Its identity.
        holder: String,
    },
    /// The Lease could not be renewed in time.
    #[error("the lease could not be renewed for {} s", GIVE_UP.as_secs())]
    NotRenewed,
}

/// Why one call failed.
#[derive(Debug, Error)]
enum CallError {
    #[error("no answer within {} s", CALL.as_secs())]
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

    /// Waits until this process is the leader, however long that takes.
    ///
    /// # Cancel safety
    /// Dropping the future may leave a Lease that names us: see [`give_up`](Self::give_up).
    pub async fn win(&self) -> Leadership {
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
            sleep(PERIOD).await;
        }
    }

    /// Gives the Lease up if it names us, so that nobody waits until it expires. Does what it
    /// can.
    pub async fn give_up(&self) {
        let Ok(Some(lease)) = call(self.leases.get_opt(&self.name)).await else {
            return;
        };
        if claim::holder(&lease) != Some(self.identity.as_str()) {
            return;
        }
        match self.replace(&claim::released(&lease)).await {
            Ok(_) => info!(lease = self.name, "gave the lease up"),
            Err(error) => warn!(lease = self.name, error = %error, "cannot give the lease up"),
        }
    }

    /// Reads the Lease and takes it if it is free. `None` if it is not, or another
    /// candidate was faster.
    async fn try_once(
        &self,
        observed: &mut Option<ObservedLease>,
    ) -> Result<Option<Lease>, CallError> {
        let lease = call(self.leases.get_opt(&self.name)).await?;
        let stood_still = ObservedLease::note(observed, lease.as_ref(), Instant::now());
        let claim = claim::decide(
            lease.as_ref(),
            &self.identity,
            &self.name,
            stood_still,
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
    /// Renews the Lease until that fails for good, and says why.
    ///
    /// # Cancel safety
    /// Dropping the future ends the renewals; a renewal under way may still take effect, and
    /// [`release`](Self::release) copes with that.
    pub async fn keep(&mut self) -> Lost {
        let mut renewed = Instant::now();
        loop {
            sleep(PERIOD).await;
            // Counted from before the call: when its answer is late, the others' clocks
            // started when it was sent.
            let started = Instant::now();
            match timeout_at(renewed + GIVE_UP, self.renew()).await {
                Ok(Ok(None)) => renewed = started,
                Ok(Ok(Some(lost))) => return lost,
                Ok(Err(error)) => {
                    warn!(lease = self.election.name, error = %error, "cannot renew the lease");
                }
                Err(_elapsed) => return Lost::NotRenewed,
            }
            if renewed.elapsed() + PERIOD > GIVE_UP {
                return Lost::NotRenewed;
            }
        }
    }

    /// Gives the Lease up, so that another candidate can go on at once. Does what it can.
    pub async fn release(self) {
        self.election.give_up().await;
    }

    async fn renew(&mut self) -> Result<Option<Lost>, CallError> {
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

    /// After a conflict: a renewal of ours whose answer was lost, an edit of the Lease, or the end.
    async fn check_holder(&mut self) -> Result<Option<Lost>, CallError> {
        let leases = &self.election.leases;
        let current = call(leases.get(&self.election.name)).await?;
        let holder = claim::holder(&current).unwrap_or_default().to_owned();
        if holder != self.election.identity {
            return Ok(Some(Lost::TakenOver { holder }));
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

async fn call<T>(made: impl Future<Output = Result<T, kube::Error>>) -> Result<T, CallError> {
    match timeout(CALL, made).await {
        Ok(answer) => Ok(answer?),
        Err(_elapsed) => Err(CallError::TimedOut),
    }
}
