//! The task that refreshes credentials.
//!
//! It changes the shared credentials and nothing else. When new ones cannot be obtained, the
//! old ones stay: they may still be valid, and a service that refuses them reports that.

use std::time::Duration;

use jiff::Timestamp;
use signing::{LiveCredentials, SecretDocument};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use transport::{Backoff, Transport, jittered};

use super::role::Role;
use super::{CredentialsError, SecretFile};
use crate::error_line;

/// Kubernetes itself takes up to a minute to update a mounted Secret.
const FILE_POLL: Duration = Duration::from_secs(5);
/// Time to get through a longer failure of the issuing service; the official SDKs take as much.
const MARGIN: Duration = Duration::from_mins(15);
const MIN_SLEEP: Duration = Duration::from_secs(1);
/// Timers stop while a machine is suspended, but keys still expire.
const MAX_SLEEP: Duration = Duration::from_mins(1);
/// Between attempts to get new credentials.
const BACKOFF: Backoff = Backoff::new(MIN_SLEEP, MAX_SLEEP);

/// Refreshes one [`LiveCredentials`]. Its owner runs it for as long as they are used.
#[derive(Debug)]
pub struct CredentialRefresher(Kind);

#[derive(Debug)]
enum Kind {
    Nothing,
    File {
        file: SecretFile,
        known: SecretDocument,
        live: LiveCredentials,
    },
    Role {
        role: Role,
        transport: Transport,
        expires: Timestamp,
        live: LiveCredentials,
    },
}

impl CredentialRefresher {
    pub(super) fn nothing() -> Self {
        Self(Kind::Nothing)
    }

    pub(super) fn file(file: SecretFile, known: SecretDocument, live: LiveCredentials) -> Self {
        Self(Kind::File { file, known, live })
    }

    pub(super) fn role(
        role: Role,
        transport: Transport,
        expires: Timestamp,
        live: LiveCredentials,
    ) -> Self {
        Self(Kind::Role {
            role,
            transport,
            expires,
            live,
        })
    }

    /// Runs until `stop` is cancelled.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the credentials as they are.
    pub async fn run(self, stop: &CancellationToken) {
        let keep = async {
            match self.0 {
                Kind::Nothing => std::future::pending().await,
                Kind::File { file, known, live } => watch(&file, known, &live).await,
                Kind::Role {
                    role,
                    transport,
                    expires,
                    live,
                } => {
                    renew(&role, &transport, expires, &live).await;
                }
            }
        };
        // Cancel-safe: reading and asking change nothing until their result is stored.
        stop.run_until_cancelled(keep).await;
    }
}

async fn watch(file: &SecretFile, mut known: SecretDocument, live: &LiveCredentials) {
    let mut is_broken = false;
    loop {
        sleep(FILE_POLL).await;
        match file.read().await {
            Ok(document) if document != known => {
                if document.url != known.url {
                    warn!(
                        "the Secret names another endpoint, which takes effect at the next start"
                    );
                }
                live.replace(document.credentials.clone());
                known = document;
                is_broken = false;
                info!(path = %file.path().display(), "took new credentials from `{}`", file.path().display());
            }
            Ok(_) => is_broken = false,
            // Once, not every few seconds until the Secret is corrected.
            Err(error) if !is_broken => {
                is_broken = true;
                warn!(error = error_line(&error), "keeping the old credentials");
            }
            Err(_) => {}
        }
    }
}

/// One attempt at a time, each after the one before has ended.
async fn renew(role: &Role, transport: &Transport, mut expires: Timestamp, live: &LiveCredentials) {
    let mut due = refresh_at(Timestamp::now(), expires);
    let mut failures = 0;
    loop {
        sleep_until(due).await;
        match role.fetch(transport).await {
            Ok(issued) => {
                live.replace(issued.credentials);
                expires = issued.expires;
                due = refresh_at(Timestamp::now(), expires);
                failures = 0;
                info!(%expires, "renewed the role's credentials");
            }
            Err(error) => {
                report(&error, expires);
                failures = u32::saturating_add(failures, 1);
                // Apart from one another, so that the pods of a cluster spread out.
                due = Timestamp::now() + jittered(BACKOFF.after(failures), 0.5..=1.0);
            }
        }
    }
}

fn report(error: &CredentialsError, expires: Timestamp) {
    let error = error_line(error);
    if Timestamp::now() < expires {
        warn!(error, %expires, "cannot renew the role's credentials yet; the old ones are good until {expires}");
    } else {
        error!(error, %expires, "cannot renew the role's credentials, which ended at {expires}");
    }
}

async fn sleep_until(due: Timestamp) {
    while let Ok(left) = Duration::try_from(due.duration_since(Timestamp::now())) {
        if left.is_zero() {
            return;
        }
        sleep(left.min(MAX_SLEEP)).await;
    }
}

/// Some minutes before the end; with keys that live shorter than twice that, half-way.
fn refresh_at(now: Timestamp, expires: Timestamp) -> Timestamp {
    let left = Duration::try_from(expires.duration_since(now)).unwrap_or_default();
    // A clock that runs ahead makes all keys look expired: never request without pause.
    now + left.saturating_sub(MARGIN.min(left / 2)).max(MIN_SLEEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_renewed_before_their_end() {
        let now: Timestamp = "2024-05-06T07:08:09Z".parse().unwrap();
        let table = [
            ("an hour", 3600, 2700),
            ("half an hour", 1800, 900),
            ("ten minutes", 600, 300),
            ("four seconds", 4, 2),
            ("over already", -10, 1),
        ];
        for (name, left, expected) in table {
            let expires = now + jiff::SignedDuration::from_secs(left);
            let wait = refresh_at(now, expires).duration_since(now);
            assert_eq!(wait.as_secs(), expected, "{name}");
        }
    }
}
