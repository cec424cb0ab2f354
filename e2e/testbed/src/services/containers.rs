//! The services in containers on a network of their own, under the restrictions that they
//! are shipped for: read-only, without capabilities, as the image's own user.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use tokio::sync::Mutex;

use super::images;
use crate::engine::Engine;
use crate::service::{Addresses, Service, Settings};

/// Networks are tried in the order of their numbers until one is free.
const NETWORKS: u8 = 64;
/// Second byte of the networks' addresses: 10.213.x.0/24.
const NETWORK: u8 = 213;

/// Where the emulator's container sees the folder `data`.
pub(super) const DATA: &str = "/data";
/// Where the other containers see the folder `secret`.
pub(super) const SECRET: &str = "/secret";

/// Services in containers. Containers and network are gone when this is.
#[derive(Debug)]
pub(super) struct Containers {
    engine: Engine,
    /// Name of the network, and the beginning of each container's name.
    name: String,
    subnet: u8,
    folder: PathBuf,
    /// The services that have a container.
    created: Mutex<BTreeSet<Service>>,
}

impl Containers {
    /// Builds the images and makes the network. Data and Secret lie in `folder`.
    ///
    /// # Errors
    /// When one of the two cannot be had here.
    pub(super) async fn new(engine: Engine, folder: PathBuf) -> Result<Self> {
        images::build(engine).await?;
        let name = format!("testbed-{}", std::process::id());
        let subnet = network(engine, &name).await?;
        Ok(Self {
            engine,
            name,
            subnet,
            folder,
            created: Mutex::default(),
        })
    }

    fn address(&self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, NETWORK, self.subnet, last)
    }

    fn address_of(&self, service: Service) -> Ipv4Addr {
        self.address(10 + service as u8)
    }

    /// This machine, as the containers see it: the gateway of their network. It is there once
    /// the first of them runs.
    pub(super) fn host(&self) -> IpAddr {
        self.address(1).into()
    }

    /// Where the services listen: each at an address of its own.
    pub(super) fn addresses(&self) -> Addresses {
        let at = |service| self.address_of(service).to_string();
        Addresses {
            face_recognition: format!("{}:8080", at(Service::FaceRecognition)),
            source_adapter: format!("{}:8080", at(Service::SourceAdapter)),
            ..Addresses::of_emulator(&at(Service::Emulator))
        }
    }

    fn container(&self, service: Service) -> String {
        format!("{}-{}", self.name, service.name())
    }

    async fn create(&self, service: Service, settings: &Settings) -> Result<()> {
        let everywhere = |address: &str| match address.rsplit_once(':') {
            Some((_, port)) => format!("0.0.0.0:{port}"),
            None => address.to_owned(),
        };
        let invocation = settings.invocation(service, &settings.addresses, everywhere);
        let mut command: Vec<String> = ["create", "--read-only", "--cap-drop=ALL"]
            .map(str::to_owned)
            .to_vec();
        command.push("--security-opt=no-new-privileges".into());
        command.push("--ulimit=nofile=4096:4096".into());
        command.push("--ulimit=nproc=512:512".into());
        command.push(format!("--name={}", self.container(service)));
        command.push(format!("--network={}", self.name));
        command.push(format!("--ip={}", self.address_of(service)));
        command.push(self.volume(service));
        let env = invocation.env.iter();
        command.extend(env.map(|(name, value)| format!("--env={name}={value}")));
        command.push(format!("--entrypoint={}", images::entrypoint(service)));
        command.push(images::reference(service));
        command.extend(invocation.args);
        let command: Vec<_> = command.iter().map(String::as_str).collect();
        self.engine.run(&command).await.map(drop)
    }

    fn volume(&self, service: Service) -> String {
        let folder = self.folder.display();
        match service {
            Service::Emulator => format!("--volume={folder}/data:{DATA}"),
            _ => format!("--volume={folder}/secret:{SECRET}:ro"),
        }
    }

    /// Starts a service, in a container that is made first if it has none, and gives its
    /// process id.
    pub(super) async fn start(&self, service: Service, settings: &Settings) -> Result<u32> {
        if self.created.lock().await.insert(service) {
            self.create(service, settings).await?;
        }
        let name = self.container(service);
        self.engine.run(&["start", &name]).await?;
        let pid = ["inspect", "--format={{.State.Pid}}", &name];
        let pid = self.engine.run(&pid).await?;
        pid.parse()
            .with_context(|| format!("`{pid}` is no process id"))
    }

    pub(super) async fn kill(&self, service: Service) -> Result<()> {
        let name = self.container(service);
        self.engine.run(&["kill", "--signal=KILL", &name]).await?;
        // Until then, the engine would not start it again.
        self.engine.run(&["wait", &name]).await.map(drop)
    }

    pub(super) async fn stop(&self, service: Service) -> Result<()> {
        let name = self.container(service);
        self.engine.run(&["stop", "--time=30", &name]).await?;
        Ok(())
    }

    pub(super) async fn disconnect(&self, service: Service) -> Result<()> {
        let name = self.container(service);
        let words = ["network", "disconnect", &self.name, &name];
        self.engine.run(&words).await.map(drop)
    }

    pub(super) async fn connect(&self, service: Service) -> Result<()> {
        let name = self.container(service);
        let address = format!("--ip={}", self.address_of(service));
        let words = ["network", "connect", &address, &self.name, &name];
        self.engine.run(&words).await.map(drop)
    }

    /// Everything that the service wrote, in all its lives.
    pub(super) async fn log(&self, service: Service) -> Result<String> {
        self.engine
            .output(&["logs", &self.container(service)])
            .await
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        for service in Service::ALL.into_iter().rev() {
            let name = self.container(service);
            self.engine.run_last(&["rm", "--force", &name]);
        }
        self.engine.run_last(&["network", "rm", &self.name]);
    }
}

/// Makes a network of a free subnet, and tells its number.
async fn network(engine: Engine, name: &str) -> Result<u8> {
    let mut last = None;
    for subnet in 0..NETWORKS {
        let addresses = format!("--subnet=10.{NETWORK}.{subnet}.0/24");
        match engine.run(&["network", "create", &addresses, name]).await {
            Ok(_) => return Ok(subnet),
            Err(error) => last = Some(error),
        }
    }
    let last = last.context("no network was tried")?;
    Err(last.context("no network for the containers"))
}
