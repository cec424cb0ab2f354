//! A running pipeline with everything around it that can be disturbed.

mod inject;
mod start;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;
use testbed::{Cloud, EventSink, FaultInjector, Proxy, Service, Services};
use tokio::sync::RwLock;
use tokio::time::sleep;

use crate::counts::Counts;
use crate::credentials::CredentialRotation;
use crate::ledger::Ledger;
use crate::schedule::Slowness;

/// How often the services are measured and checked.
const SUPERVISION: Duration = Duration::from_millis(500);

/// A running pipeline. Dropping it ends everything that was started.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) services: Services,
    pub(crate) cloud: Cloud,
    pub(crate) dead_letters: EventSink,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) counts: Counts,
    /// Containers or processes.
    pub(crate) isolation: &'static str,
    /// Why it is those.
    pub(crate) reason: String,
    credentials: CredentialRotation,
    slowness: Slowness,
    sink_faults: Arc<FaultInjector>,
    /// Held for writing while the emulator is away.
    emulator_presence: RwLock<()>,
    _proxies: [Proxy; 2],
    _folder: TempDir,
}

impl Environment {
    /// Supervises the services until it is dropped: measures them, and reports and starts again
    /// what ends by itself.
    pub(crate) async fn supervise(&self) {
        loop {
            sleep(SUPERVISION).await;
            for service in Service::ALL {
                let name = service.name();
                match self.services.supervise(service).await {
                    Ok(false) => {}
                    Ok(true) => {
                        self.ledger.note(format!("`{name}` ended by itself"));
                        if service == Service::Emulator {
                            self.report(self.credentials.restore().await);
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
        let folder = testbed::workspace_root().join("target/chaos");
        let folder = folder.join(seed.to_string());
        std::fs::create_dir_all(&folder)?;
        self.services.keep_logs(&folder).await?;
        Ok(folder)
    }
}
