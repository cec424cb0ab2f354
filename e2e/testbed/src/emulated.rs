//! The cloud half of the pipeline alone: an emulator with a bucket wired to a queue, for
//! those who start the services themselves or none at all.

use anyhow::Result;

use crate::addresses::EmulatorAddresses;
use crate::admin::Admin;
use crate::binaries::Binaries;
use crate::launch;
use crate::process::Process;
use crate::provision::Cloud;
use crate::stage::Settings;

/// A running emulator that holds bucket, topic, queue, subscription and event rule.
#[derive(Debug)]
pub struct Emulated {
    /// Where it listens.
    pub addresses: EmulatorAddresses,
    /// Its admin API.
    pub admin: Admin,
    /// The cloud as the pipeline's user sees it.
    pub cloud: Cloud,
    /// A client for whatever else is to be asked.
    pub http: reqwest::Client,
    /// The process. Dropping it kills it.
    pub process: Process,
}

impl Emulated {
    /// Starts an emulator and makes everything that a user would make in the consoles.
    ///
    /// # Errors
    /// When the process does not start (with the end of its log) or refuses a call.
    pub async fn start(binaries: &Binaries, settings: &Settings) -> Result<Self> {
        let (process, addresses) =
            Process::start::<EmulatorAddresses>(launch::emulator(binaries, settings)).await?;
        let http = service::http_client(&service::ConnectOptions::default())?;
        let admin = Admin::new(http.clone(), &addresses.admin);
        let cloud = Cloud::provision(&http, &addresses, &admin).await?;
        Ok(Self {
            addresses,
            admin,
            cloud,
            http,
            process,
        })
    }
}
