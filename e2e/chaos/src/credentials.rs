//! The services' key pair, as a mounted Secret holds it, and its rotation.
//!
//! A pair without a token, because Dataplus takes no other; that it expires all the same is
//! a liberty of the emulator, and as good as a key that was disabled.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use testbed::{Admin, Progress, poll_until};
use tokio::sync::Mutex;

/// The emulator is there, but connections to the one before it may have to break first.
const DEADLINE: Duration = Duration::from_secs(30);

/// The credentials in use. The emulator accepts them, and the Secret's folder holds them.
#[derive(Debug)]
pub(crate) struct CredentialRotation {
    folder: PathBuf,
    admin: Admin,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    number: u32,
    has_expired: bool,
}

impl CredentialRotation {
    /// Makes the first credentials, in `folder`.
    pub(crate) async fn start(folder: PathBuf, admin: Admin) -> Result<Self> {
        let rotation = Self {
            folder,
            admin,
            state: Mutex::default(),
        };
        rotation.rotate().await?;
        Ok(rotation)
    }

    /// From now on the services' credentials are refused.
    pub(crate) async fn expire(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        state.has_expired = true;
        self.accept(&state).await
    }

    /// How many calls were refused because the credentials had expired, as far as the emulator
    /// that runs now knows.
    pub(crate) async fn refused(&self) -> Result<u64> {
        let [id, _] = self.state.lock().await.key_pair();
        self.admin.refusals_of(&id).await
    }

    /// New credentials: accepted first, then put into the Secret in one step.
    pub(crate) async fn rotate(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        *state = State {
            number: state.number + 1,
            has_expired: false,
        };
        self.accept(&state).await?;
        self.publish(&state)
    }

    /// Tells an emulator that was started anew what the one before it knew.
    pub(crate) async fn restore(&self) -> Result<()> {
        self.accept(&*self.state.lock().await).await
    }

    async fn accept(&self, state: &State) -> Result<()> {
        let [id, secret] = state.key_pair();
        let expires = state.has_expired.then(Timestamp::now);
        poll_until("new credentials", DEADLINE, || async {
            let accepted = self.admin.accept_credentials(&id, &secret, None, expires);
            Ok(match accepted.await {
                Ok(()) => Progress::Done(()),
                Err(error) => Progress::Pending(format!("{error:#}")),
            })
        })
        .await
    }

    fn publish(&self, state: &State) -> Result<()> {
        let [id, secret] = state.key_pair();
        let document = serde_json::json!({
            "accessKeyId": id,
            "accessKeySecret": secret,
        });
        // Hidden, so that nobody takes it for the Secret before it is whole.
        let next = self.folder.join(".next");
        let write = || {
            std::fs::write(&next, document.to_string())?;
            // The images' user is not ours.
            std::fs::set_permissions(&next, Permissions::from_mode(0o644))?;
            std::fs::rename(&next, self.folder.join("credentials"))
        };
        write().with_context(|| format!("cannot write into `{}`", self.folder.display()))
    }
}

impl State {
    /// Id and secret; worth nothing outside of the run.
    fn key_pair(&self) -> [String; 2] {
        let number = self.number;
        [format!("LTAIchaos{number}"), format!("secret-{number}")]
    }
}
