//! The services in containers on a network of their own, under the restrictions that they
//! are shipped for: read-only, without capabilities, as the image's own user.

mod images;

use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::Engine;
use crate::launch::{Files, Places, Service, Wiring, words};

/// Networks are tried in the order of their numbers until one is free.
const NETWORKS: u8 = 64;
/// Second byte of the networks' addresses: 10.213.x.0/24.
const NETWORK: u8 = 213;

const DATA: &str = "/data";
const SECRET: &str = "/secret";

/// Services in containers. Containers and network are gone when this is.
#[derive(Debug)]
pub(crate) struct Containers {
    engine: Engine,
    /// Name of the network, and the beginning of each container's name.
    name: String,
    subnet: u8,
    folder: PathBuf,
}

impl Containers {
    /// Builds the images and makes the network. Data and Secret lie in `folder`.
    ///
    /// # Errors
    /// When one of the two cannot be had here.
    pub(crate) async fn new(engine: Engine, folder: PathBuf) -> Result<Self> {
        images::build(engine).await?;
        let name = format!("chaos-{}", std::process::id());
        let subnet = network(engine, &name).await?;
        Ok(Self {
            engine,
            name,
            subnet,
            folder,
        })
    }

    fn address(&self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, NETWORK, self.subnet, last)
    }

    fn address_of(&self, service: Service) -> Ipv4Addr {
        self.address(10 + service as u8)
    }

    /// Where everybody is: services by their own addresses, this machine as the gateway.
    pub(crate) fn places(&self) -> Places {
        let at = |service, port| format!("{}:{port}", self.address_of(service));
        Places {
            host: self.address(1).into(),
            oss: at(Service::Emulator, 8901),
            mns: at(Service::Emulator, 8902),
            faces: at(Service::Emulator, 8903),
            admin: at(Service::Emulator, 8904),
            face: at(Service::Face, 8080),
            adapter: at(Service::Adapter, 8080),
        }
    }

    fn container(&self, service: Service) -> String {
        format!("{}-{}", self.name, service.name())
    }

    /// Makes a service's container.
    pub(crate) async fn furnish(
        &self,
        service: Service,
        places: &Places,
        wiring: &Wiring,
    ) -> Result<()> {
        let files = Files {
            data: DATA,
            secret: SECRET,
        };
        let everywhere = |place: &str| match place.rsplit_once(':') {
            Some((_, port)) => format!("0.0.0.0:{port}"),
            None => place.to_owned(),
        };
        let told = words(service, places, wiring, files, everywhere);
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
        let env = told.env.iter();
        command.extend(env.map(|(name, value)| format!("--env={name}={value}")));
        command.push(format!("--entrypoint={}", images::entrypoint(service)));
        command.push(images::reference(service));
        command.extend(told.args);
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

    pub(crate) async fn start(&self, service: Service) -> Result<u32> {
        let name = self.container(service);
        self.engine.run(&["start", &name]).await?;
        let pid = ["inspect", "--format={{.State.Pid}}", &name];
        let pid = self.engine.run(&pid).await?;
        pid.parse()
            .with_context(|| format!("`{pid}` is no process id"))
    }

    pub(crate) async fn kill(&self, service: Service) -> Result<()> {
        let name = self.container(service);
        self.engine.run(&["kill", "--signal=KILL", &name]).await?;
        // Until then, the engine would not start it again.
        self.engine.run(&["wait", &name]).await.map(drop)
    }

    pub(crate) async fn stop(&self, service: Service) -> Result<()> {
        let name = self.container(service);
        self.engine.run(&["stop", "--time=30", &name]).await?;
        Ok(())
    }

    pub(crate) async fn disconnect(&self, service: Service) -> Result<()> {
        let name = self.container(service);
        let words = ["network", "disconnect", &self.name, &name];
        self.engine.run(&words).await.map(drop)
    }

    pub(crate) async fn connect(&self, service: Service) -> Result<()> {
        let name = self.container(service);
        let address = format!("--ip={}", self.address_of(service));
        let words = ["network", "connect", &address, &self.name, &name];
        self.engine.run(&words).await.map(drop)
    }

    /// Everything that the service wrote, in all its lives.
    pub(crate) async fn log(&self, service: Service) -> String {
        let mut command = tokio::process::Command::new(self.engine.name());
        let log = command.args(["logs", &self.container(service)]).output();
        log.await.map_or_else(
            |error| error.to_string(),
            |log| {
                [log.stdout, log.stderr]
                    .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                    .concat()
            },
        )
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
