//! Services as processes of this machine.
//!
//! They share one network that none can be cut off from; pausing a process is the nearest thing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use tokio::sync::Mutex;

use crate::binaries::Binaries;
use crate::process::{Launch, Process};
use crate::service::{Addresses, Service, Settings};

/// Services as processes.
#[derive(Debug)]
pub(super) struct Processes {
    binaries: Binaries,
    folder: PathBuf,
    running: Mutex<BTreeMap<Service, Process>>,
}

impl Processes {
    /// Nothing runs yet. Logs and announcements go to `folder`.
    pub(super) fn new(binaries: Binaries, folder: PathBuf) -> Self {
        Self {
            binaries,
            folder,
            running: Mutex::default(),
        }
    }

    pub(super) fn launch(
        &self,
        service: Service,
        settings: &Settings,
        addresses: &Addresses,
    ) -> Launch {
        let bind = |address: &str| match address {
            "" => "127.0.0.1:0".to_owned(),
            known => known.to_owned(),
        };
        let invocation = settings.invocation(service, addresses, bind);
        Launch {
            name: service.name(),
            executable: self.executable(service).to_owned(),
            args: invocation.args.into_iter().map(Into::into).collect(),
            env: invocation.env,
            folder: self.folder.clone(),
        }
    }

    fn executable(&self, service: Service) -> &Path {
        match service {
            Service::Emulator => &self.binaries.emulator,
            Service::FaceRecognition => &self.binaries.face_recognition,
            Service::SourceAdapter => &self.binaries.source_adapter,
        }
    }

    /// Starts a service where it was before, or on free ports, and gives its process id.
    pub(super) async fn start(
        &self,
        service: Service,
        settings: &Settings,
        addresses: &mut Addresses,
    ) -> Result<u32> {
        let launch = self.launch(service, settings, addresses);
        let process = Process::start(launch).await?;
        let pid = process.id().context("it ended at once")?;
        addresses.announced(service, process.addresses());
        self.running.lock().await.insert(service, process);
        Ok(pid)
    }

    async fn take(&self, service: Service) -> Result<Process> {
        let process = self.running.lock().await.remove(&service);
        process.with_context(|| format!("`{}` does not run", service.name()))
    }

    pub(super) async fn kill(&self, service: Service) -> Result<()> {
        self.take(service).await?.kill().await
    }

    pub(super) async fn stop(&self, service: Service) -> Result<()> {
        self.take(service).await?.stop().await
    }

    pub(super) async fn pause(&self, service: Service) -> Result<()> {
        self.signal(service, Signal::SIGSTOP).await
    }

    pub(super) async fn resume(&self, service: Service) -> Result<()> {
        self.signal(service, Signal::SIGCONT).await
    }

    async fn signal(&self, service: Service, signal: Signal) -> Result<()> {
        let running = self.running.lock().await;
        let process = running.get(&service);
        let process = process.with_context(|| format!("`{}` does not run", service.name()))?;
        process.signal(signal)
    }

    pub(super) fn log(&self, service: Service) -> Result<String> {
        let file = self.folder.join(format!("{}.log", service.name()));
        let log = std::fs::read(&file);
        let log = log.with_context(|| format!("cannot read `{}`", file.display()))?;
        Ok(String::from_utf8_lossy(&log).into_owned())
    }
}
