//! A running pipeline with everything around it that can be disturbed.

mod open;
mod strike;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;
use testbed::{Admin, Cloud, DeadLetters};
use tokio::sync::RwLock;
use tokio::time::sleep;

use crate::counts::Counts;
use crate::keyring::Keyring;
use crate::launch::Service;
use crate::ledger::Ledger;
use crate::relay::{Mischief, Relay};
use crate::schedule::Slowness;
use crate::site::Site;

/// How often the services are looked after.
const ROUND: Duration = Duration::from_millis(500);

/// A running pipeline. Dropping it ends everything that was started.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) site: Site,
    pub(crate) admin: Admin,
    pub(crate) cloud: Cloud,
    pub(crate) dead_letters: DeadLetters,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) counts: Counts,
    /// Containers or processes.
    pub(crate) isolation: String,
    /// Why it is those.
    pub(crate) reason: String,
    keyring: Keyring,
    slowness: Slowness,
    mischief: Arc<Mischief>,
    /// Held for writing while the emulator is away.
    presence: RwLock<()>,
    is_of_containers: bool,
    _relays: [Relay; 2],
    _folder: TempDir,
}

impl Scene {
    /// Watches over the services until it is dropped: measures them, and reports and mends
    /// what ends by itself.
    pub(crate) async fn look_after(&self) {
        loop {
            sleep(ROUND).await;
            for service in Service::ALL {
                let name = service.name();
                match self.site.look_after(service).await {
                    Ok(false) => {}
                    Ok(true) => {
                        self.ledger.note(format!("`{name}` ended by itself"));
                        if service == Service::Emulator {
                            self.report(self.keyring.remind().await);
                        }
                    }
                    Err(error) => self.ledger.note(format!("`{name}` ended: {error:#}")),
                }
            }
        }
    }

    fn report(&self, done: Result<()>) {
        if let Err(error) = done {
            self.ledger.note(format!("{error:#}"));
        }
    }

    /// Writes the services' logs to a folder of the run's own, and tells which.
    pub(crate) async fn keep_logs(&self, seed: u64) -> Result<PathBuf> {
        let target = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/chaos");
        let folder = PathBuf::from(target).join(seed.to_string());
        std::fs::create_dir_all(&folder)?;
        self.site.keep_logs(&folder).await?;
        Ok(folder.canonicalize()?)
    }
}
