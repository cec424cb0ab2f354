//! Temporary credentials with a back end that has no place for their token.
//!
//! Every single photo would fail, so the process does not start with them; and it takes itself
//! out of service when a renewed Secret brings them later.

use std::time::Duration;

use anyhow::bail;
use service::ReadinessCheck;
use signing::LiveCredentials;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::config::BackendKind;

/// As often as a mounted Secret is read.
const POLL: Duration = Duration::from_secs(5);

/// For operators: what is wrong, and what to do.
const ADVICE: &str = "`FACE_BACKEND` is `dataplus`, which knows no temporary credentials, but these hold a security token: use the key pair of a RAM user, or set `FACE_BACKEND` to `facebody`, `imm` or `local`";

/// Whether these credentials are of no use to the back end.
fn are_useless(backend: BackendKind, credentials: &LiveCredentials) -> bool {
    backend == BackendKind::Dataplus && credentials.get().security_token().is_some()
}

/// Refuses credentials that are of no use to the back end.
///
/// # Errors
/// Permanent; says what to do.
pub(crate) fn refuse(backend: BackendKind, credentials: &LiveCredentials) -> anyhow::Result<()> {
    if are_useless(backend, credentials) {
        bail!(ADVICE);
    }
    Ok(())
}

/// Keeps `part` not ready for as long as the credentials are of no use, until `stop` is
/// cancelled.
///
/// # Cancel safety
/// Dropping the future leaves the part as it is.
pub(crate) async fn watch(
    backend: BackendKind,
    credentials: &LiveCredentials,
    part: &ReadinessCheck,
    stop: &CancellationToken,
) {
    let mut were_useless = false;
    loop {
        let are_useless = are_useless(backend, credentials);
        match (were_useless, are_useless) {
            (_, false) => part.ready(),
            (_, true) => part.not_ready(ADVICE),
        }
        if are_useless && !were_useless {
            error!("{ADVICE}");
        } else if were_useless && !are_useless {
            info!("the credentials can be used again");
        }
        were_useless = are_useless;
        if stop.run_until_cancelled(sleep(POLL)).await.is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use service::Readiness;
    use signing::Credentials;

    use super::*;

    fn temporary() -> Credentials {
        Credentials::new("id", "secret").with_security_token("token")
    }

    #[test]
    fn only_dataplus_needs_lasting_keys() {
        let table = [
            (BackendKind::Dataplus, temporary(), false),
            (
                BackendKind::Dataplus,
                Credentials::new("id", "secret"),
                true,
            ),
            (BackendKind::Facebody, temporary(), true),
            (BackendKind::Imm, temporary(), true),
            (BackendKind::Local, temporary(), true),
        ];
        for (backend, credentials, expected) in table {
            let refused = refuse(backend, &LiveCredentials::fixed(credentials));
            assert_eq!(refused.is_ok(), expected, "{backend:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn process_is_out_of_service_while_its_credentials_are_temporary() {
        let live = LiveCredentials::fixed(Credentials::new("id", "secret"));
        let readiness = Readiness::new();
        let (part, stop) = (readiness.check("credentials"), CancellationToken::new());
        let watching = tokio::spawn({
            let (live, stop) = (live.clone(), stop.clone());
            async move { watch(BackendKind::Dataplus, &live, &part, &stop).await }
        });
        for (credentials, expected) in [
            (Credentials::new("id", "secret"), true),
            (temporary(), false),
            (Credentials::new("id", "secret"), true),
        ] {
            live.replace(credentials);
            while readiness.is_ready() != expected {
                sleep(POLL).await;
            }
        }
        live.replace(temporary());
        while readiness.is_ready() {
            sleep(POLL).await;
        }
        assert!(
            readiness
                .describe()
                .contains("`facebody`, `imm` or `local`")
        );
        stop.cancel();
        watching.await.unwrap();
    }
}
