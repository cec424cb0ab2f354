//! Where credentials come from, and how they stay fresh.
//!
//! A source is chosen once, from the most explicit to the least: a mounted file, a key
//! pair in the environment, a role for the pod's own identity (RRSA), the role of the
//! machine, an address that issues keys. Its credentials are in a [`LiveCredentials`] that clients
//! read at every attempt; the [`CredentialRefresher`] replaces it when the file changes or the role's keys are
//! about to expire. Only configured sources are used: with none, opening fails.

mod ecs;
mod error;
mod file;
mod oidc;
mod refresher;
mod role;
mod uri;

use std::path::PathBuf;

use signing::{Credentials, LiveCredentials};
use transport::Transport;

pub use ecs::EcsRole;
pub use error::CredentialsError;
pub use file::SecretFile;
pub use oidc::OidcRole;
pub use refresher::CredentialRefresher;
use role::Role;
pub use uri::CredentialsUri;

/// One place that credentials can come from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CredentialSource {
    /// A mounted Secret: the document `{"url", "accessKeyId", "accessKeySecret"}`, or a
    /// directory. Read again when it changes.
    File(SecretFile),
    /// A key pair from the environment, which cannot change while the process runs.
    Fixed(Credentials),
    /// A RAM role for the identity that Kubernetes gives the pod (RRSA).
    Oidc(OidcRole),
    /// The RAM role of the machine.
    Ecs(EcsRole),
    /// Temporary keys from an address.
    Uri(CredentialsUri),
}

/// Credentials, and the task that refreshes them.
#[derive(Debug)]
pub struct ManagedCredentials {
    /// Ask it at every attempt.
    pub credentials: LiveCredentials,
    /// The endpoint that a mounted document names, as written there.
    pub url: Option<String>,
    /// Must run for as long as the credentials are used.
    pub refresher: CredentialRefresher,
}

impl CredentialSource {
    /// Chooses the source: `file` if given, else by the variables.
    ///
    /// `file_option` is the option for a file; error texts mention it.
    ///
    /// # Errors
    /// Permanent: nothing is configured, or a source is configured incompletely. The text says
    /// which variables to set.
    pub fn from_vars(
        file: Option<PathBuf>,
        file_option: &'static str,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, CredentialsError> {
        let lookup = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        if let Some(path) = file {
            return Ok(Self::File(SecretFile::new(path)));
        }
        if let Some(pair) = Credentials::from_vars(lookup).map_err(CredentialsError::Variables)? {
            return Ok(Self::Fixed(pair));
        }
        if let Some(role) = OidcRole::from_vars(lookup)? {
            return Ok(Self::Oidc(role));
        }
        if let Some(role) = EcsRole::from_vars(lookup) {
            return Ok(Self::Ecs(role));
        }
        match CredentialsUri::from_vars(lookup)? {
            Some(uri) => Ok(Self::Uri(uri)),
            None => Err(CredentialsError::NoSource { file_option }),
        }
    }

    /// Fetches the first credentials. `transport` is used for roles only.
    ///
    /// # Errors
    /// By [`CredentialsError::disposition`]; what is retryable has been retried.
    pub async fn open(self, transport: Transport) -> Result<ManagedCredentials, CredentialsError> {
        match self {
            Self::Fixed(pair) => {
                let credentials = LiveCredentials::fixed(pair);
                Ok(ManagedCredentials {
                    credentials,
                    url: None,
                    refresher: CredentialRefresher::nothing(),
                })
            }
            Self::File(file) => {
                let document = file.read().await?;
                let credentials = LiveCredentials::fixed(document.credentials.clone());
                let url = document.url.clone();
                let refresher = CredentialRefresher::file(file, document, credentials.clone());
                Ok(ManagedCredentials {
                    credentials,
                    url,
                    refresher,
                })
            }
            Self::Oidc(role) => open_role(Role::Oidc(role), transport).await,
            Self::Ecs(role) => open_role(Role::Ecs(role), transport).await,
            Self::Uri(uri) => open_role(Role::Uri(uri), transport).await,
        }
    }
}

async fn open_role(
    role: Role,
    transport: Transport,
) -> Result<ManagedCredentials, CredentialsError> {
    let issued = role.fetch(&transport).await?;
    let credentials = LiveCredentials::fixed(issued.credentials);
    let refresher = CredentialRefresher::role(role, transport, issued.expires, credentials.clone());
    Ok(ManagedCredentials {
        credentials,
        url: None,
        refresher,
    })
}
