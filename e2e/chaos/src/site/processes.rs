//! The services as processes of this machine, where there is nothing to run containers with.
//!
//! They share one network that nobody can be cut off from; pausing a process is the nearest
//! thing, and the report calls it by that name.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;
use serde_json::Value;
use testbed::{Binaries, Launch, Process};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::launch::{Files, Places, Service, Wiring, words};

/// Services as processes.
#[derive(Debug)]
pub(crate) struct Processes {
    binaries: Binaries,
    folder: PathBuf,
    launches: BTreeMap<Service, Launch>,
    running: Mutex<BTreeMap<Service, Process>>,
}

impl Processes {
    /// Nothing runs yet. Data, Secret and logs lie in `folder`.
    pub(crate) fn new(binaries: Binaries, folder: PathBuf) -> Self {
        Self {
            binaries,
            folder,
            launches: BTreeMap::new(),
            running: Mutex::default(),
        }
    }

    /// Free ports of the loopback interface. Somebody else may take one meanwhile, but the
    /// ports that the system picks are rarely picked twice in a row.
    pub(crate) async fn places() -> Result<Places> {
        let mut listeners = Vec::new();
        for _ in 0..6 {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
            listeners.push(listener.context("no free port")?);
        }
        let mut free = listeners.iter();
        let mut next = || -> Result<String> {
            let listener = free.next().context("no port left")?;
            Ok(listener.local_addr()?.to_string())
        };
        Ok(Places {
            host: Ipv4Addr::LOCALHOST.into(),
            oss: next()?,
            mns: next()?,
            faces: next()?,
            admin: next()?,
            face: next()?,
            adapter: next()?,
        })
    }

    pub(crate) fn furnish(&mut self, service: Service, places: &Places, wiring: &Wiring) {
        let (data, secret) = (self.folder.join("data"), self.folder.join("secret"));
        let files = Files {
            data: &data.to_string_lossy(),
            secret: &secret.to_string_lossy(),
        };
        let words = words(service, places, wiring, files, str::to_owned);
        let launch = Launch {
            name: service.name(),
            executable: self.executable(service).to_owned(),
            args: words.args.into_iter().map(Into::into).collect(),
            env: words.env,
            folder: self.folder.clone(),
        };
        self.launches.insert(service, launch);
    }

    fn executable(&self, service: Service) -> &Path {
        match service {
            Service::Emulator => &self.binaries.emulator,
            Service::Face => &self.binaries.face_recognition,
            Service::Adapter => &self.binaries.source_adapter,
        }
    }

    pub(crate) async fn start(&self, service: Service) -> Result<u32> {
        let launch = self.launches.get(&service).context("nobody said how")?;
        let (process, _) = Process::start::<Value>(launch.clone()).await?;
        let pid = process.id().context("ended at once")?;
        self.running.lock().await.insert(service, process);
        Ok(pid)
    }

    async fn take(&self, service: Service) -> Result<Process> {
        let process = self.running.lock().await.remove(&service);
        process.with_context(|| format!("`{}` does not run", service.name()))
    }

    pub(crate) async fn kill(&self, service: Service) -> Result<()> {
        self.take(service).await?.kill().await.map(drop)
    }

    pub(crate) async fn stop(&self, service: Service) -> Result<()> {
        self.take(service).await?.stop().await
    }

    pub(crate) async fn pause(&self, service: Service) -> Result<()> {
        self.signal(service, Signal::SIGSTOP).await
    }

    pub(crate) async fn resume(&self, service: Service) -> Result<()> {
        self.signal(service, Signal::SIGCONT).await
    }

    async fn signal(&self, service: Service, signal: Signal) -> Result<()> {
        let running = self.running.lock().await;
        let process = running.get(&service);
        let process = process.with_context(|| format!("`{}` does not run", service.name()))?;
        process.signal(signal)
    }

    pub(crate) fn log(&self, service: Service) -> Result<String> {
        let file = self.folder.join(format!("{}.log", service.name()));
        let log = std::fs::read(&file);
        let log = log.with_context(|| format!("cannot read `{}`", file.display()))?;
        Ok(String::from_utf8_lossy(&log).into_owned())
    }
}
