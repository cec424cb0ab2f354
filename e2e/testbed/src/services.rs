//! The services of a pipeline, as processes or in containers: started, killed, paused or cut
//! off, and started again at the same addresses.

mod containers;
mod images;
mod processes;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use parking_lot::Mutex;
use tokio::time::sleep;

use self::containers::Containers;
use self::processes::Processes;
use crate::binaries::Binaries;
use crate::cloud::Cloud;
use crate::engine::Engine;
use crate::eventually::{Progress, poll_until};
use crate::meter::Meter;
use crate::process::Launch;
use crate::service::{Addresses, Keys, Service, Settings};

/// A start takes milliseconds; a machine that compiles may take its time.
const START_DEADLINE: Duration = Duration::from_mins(1);
/// For one call of a service that may not be there.
const CALL_DEADLINE: Duration = Duration::from_secs(3);

/// The runtime of the services.
#[derive(Debug)]
enum Runtime {
    Containers(Containers),
    Processes(Processes),
}

/// The services of a pipeline. They end when this is dropped.
#[derive(Debug)]
pub struct Services {
    /// Settings of the services. A change holds from a service's next start on, or in a
    /// container for all starts if it comes before the first.
    pub settings: Settings,
    /// A client for other requests.
    pub http: reqwest::Client,
    runtime: Runtime,
    addresses: Mutex<Addresses>,
    /// The lock of a service is held while it is started, stopped or cut off.
    slots: [tokio::sync::Mutex<Slot>; 3],
    histories: Mutex<[History; 3]>,
}

/// The process of one service, while it is supposed to run.
type Slot = Option<u32>;

/// Starts and memory of one service so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct History {
    /// Starts after the first.
    pub restarts: u64,
    /// Most memory that one of its processes had resident, in bytes; 0 if the system does not
    /// say.
    pub peak_bytes: u64,
    starts: u64,
}

impl Services {
    /// Services that will run as processes of this machine.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn processes(binaries: Binaries, settings: Settings) -> Result<Self> {
        let processes = Processes::new(binaries, settings.folder.clone());
        Self::new(Runtime::Processes(processes), settings)
    }

    /// Services that will run in containers on a network of their own; builds the images. The
    /// folder of `settings` holds the folders `data` and `secret`, which the containers see.
    ///
    /// # Errors
    /// When images or network cannot be had here.
    pub async fn containers(engine: Engine, mut settings: Settings) -> Result<Self> {
        let containers = Containers::new(engine, settings.folder.clone()).await?;
        settings.addresses = containers.addresses();
        settings.data = Some(containers::DATA.into());
        settings.keys = Keys::Secret(containers::SECRET.into());
        Self::new(Runtime::Containers(containers), settings)
    }

    fn new(runtime: Runtime, settings: Settings) -> Result<Self> {
        Ok(Self {
            addresses: Mutex::new(settings.addresses.clone()),
            settings,
            http: service::http_client(&service::ConnectOptions::default())?,
            runtime,
            slots: Default::default(),
            histories: Mutex::default(),
        })
    }

    /// The address of this machine that the services reach.
    #[must_use]
    pub fn host(&self) -> IpAddr {
        match &self.runtime {
            Runtime::Containers(containers) => containers.host(),
            Runtime::Processes(_) => Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// Where the services listen.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.addresses.lock().clone()
    }

    /// Starts the emulator and makes everything that a user would make in the consoles.
    ///
    /// # Errors
    /// When it does not start (with the end of its log) or refuses a call.
    pub async fn start_cloud(&self) -> Result<Cloud> {
        self.start(Service::Emulator).await?;
        Cloud::provision(&self.http, &self.addresses()).await
    }

    /// The adapter sends to this URL what it gives up on.
    pub fn set_dead_letter_sink(&mut self, url: &str) {
        let variable = "DELIVERY_DEAD_LETTER_SINK".to_owned();
        self.settings.adapter_env.insert(variable, url.to_owned());
    }

    /// How to start one more process of a service, on free ports, among those that run.
    ///
    /// # Errors
    /// When services are not processes here.
    pub fn launch(&self, service: Service) -> Result<Launch> {
        let Runtime::Processes(processes) = &self.runtime else {
            bail!("services run in containers here");
        };
        let addresses = self.addresses().without(service);
        Ok(processes.launch(service, &self.settings, &addresses))
    }

    /// Starts a service and waits until it answers.
    ///
    /// # Errors
    /// When it does not start (with the end of its log, if it is a process) or does not answer
    /// within a minute.
    pub async fn start(&self, service: Service) -> Result<()> {
        let mut slot = self.slots[service as usize].lock().await;
        self.start_in(service, &mut slot).await
    }

    async fn start_in(&self, service: Service, slot: &mut Slot) -> Result<()> {
        let mut addresses = self.addresses();
        let settings = &self.settings;
        let pid = match &self.runtime {
            Runtime::Containers(containers) => containers.start(service, settings).await,
            Runtime::Processes(processes) => {
                processes.start(service, settings, &mut addresses).await
            }
        };
        let pid = pid.with_context(|| format!("cannot start `{}`", service.name()))?;
        *slot = Some(pid);
        *self.addresses.lock() = addresses.clone();
        self.note(service, |history| {
            history.starts += 1;
            history.restarts = history.starts - 1;
        });
        self.healthy(service, addresses.health(service), pid).await
    }

    async fn healthy(&self, service: Service, address: &str, pid: u32) -> Result<()> {
        let url = format!("http://{address}/health");
        let name = service.name();
        poll_until(&format!("health of `{name}`"), START_DEADLINE, || async {
            if self.is_success(&url).await {
                return Ok(Progress::Done(()));
            }
            if Meter::is_gone(pid) {
                bail!("`{name}` ended at once: {}", self.last_log_line(service));
            }
            Ok(Progress::Pending(format!("no answer at {url}")))
        })
        .await
    }

    /// Waits until a service says that it is ready.
    ///
    /// # Errors
    /// When it does not within a minute.
    pub async fn ready(&self, service: Service) -> Result<()> {
        let url = format!("http://{}/readiness", self.addresses().health(service));
        let what = format!("readiness of `{}`", service.name());
        poll_until(&what, START_DEADLINE, || async {
            let is_ready = self.is_success(&url).await;
            Ok(Progress::of(is_ready, || self.last_log_line(service)))
        })
        .await
    }

    async fn is_success(&self, url: &str) -> bool {
        let answer = self.http.get(url).timeout(CALL_DEADLINE).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Kills a service without warning, and starts it again after `pause`.
    ///
    /// # Errors
    /// When it cannot be killed or started.
    pub async fn kill(&self, service: Service, pause: Duration) -> Result<()> {
        let mut slot = self.slots[service as usize].lock().await;
        self.measure(service, *slot);
        *slot = None;
        match &self.runtime {
            Runtime::Containers(containers) => containers.kill(service).await?,
            Runtime::Processes(processes) => processes.kill(service).await?,
        }
        sleep(pause).await;
        self.start_in(service, &mut slot).await
    }

    /// Stops a service in order, and starts it again after `pause`.
    ///
    /// # Errors
    /// When it does not stop in order, or cannot be started.
    pub async fn restart(&self, service: Service, pause: Duration) -> Result<()> {
        let mut slot = self.slots[service as usize].lock().await;
        self.stop_in(service, &mut slot).await?;
        sleep(pause).await;
        self.start_in(service, &mut slot).await
    }

    /// Stops a service in order and leaves it so until it is started.
    ///
    /// # Errors
    /// When it does not stop in order.
    pub async fn halt(&self, service: Service) -> Result<()> {
        let mut slot = self.slots[service as usize].lock().await;
        self.stop_in(service, &mut slot).await
    }

    async fn stop_in(&self, service: Service, slot: &mut Slot) -> Result<()> {
        self.measure(service, *slot);
        *slot = None;
        match &self.runtime {
            Runtime::Containers(containers) => containers.stop(service).await,
            Runtime::Processes(processes) => processes.stop(service).await,
        }
    }

    /// Cuts a service off the network for a while; where it has none of its own, it is
    /// paused instead.
    ///
    /// # Errors
    /// When that cannot be done or undone.
    pub async fn cut_off(&self, service: Service, time: Duration) -> Result<()> {
        let _slot = self.slots[service as usize].lock().await;
        match &self.runtime {
            Runtime::Containers(containers) => {
                containers.disconnect(service).await?;
                sleep(time).await;
                containers.connect(service).await
            }
            Runtime::Processes(processes) => {
                processes.pause(service).await?;
                sleep(time).await;
                processes.resume(service).await
            }
        }
    }

    /// Measures a service whose lock is free, and starts it again if it ended by
    /// itself. Tells whether it had.
    ///
    /// # Errors
    /// When it ended with a failure or cannot be started.
    pub async fn supervise(&self, service: Service) -> Result<bool> {
        let Ok(mut slot) = self.slots[service as usize].try_lock() else {
            return Ok(false);
        };
        self.measure(service, *slot);
        if !slot.is_some_and(Meter::is_gone) {
            return Ok(false);
        }
        self.stop_in(service, &mut slot).await?;
        self.start_in(service, &mut slot).await?;
        Ok(true)
    }

    /// Stops all that runs, in the order of the flow.
    ///
    /// # Errors
    /// The first failure of a service to stop in order; the others are stopped all the same.
    pub async fn stop(&self) -> Result<()> {
        let mut stopped = Ok(());
        for service in Service::ALL.into_iter().rev() {
            let mut slot = self.slots[service as usize].lock().await;
            if slot.is_some() {
                stopped = stopped.and(self.stop_in(service, &mut slot).await);
            }
        }
        stopped
    }

    /// The process of a service, while it runs.
    pub async fn pid(&self, service: Service) -> Option<u32> {
        *self.slots[service as usize].lock().await
    }

    /// Everything that a service has logged, in all its lives.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn log(&self, service: Service) -> Result<String> {
        match &self.runtime {
            Runtime::Containers(containers) => containers.log(service).await,
            Runtime::Processes(processes) => processes.log(service),
        }
    }

    fn last_log_line(&self, service: Service) -> String {
        match &self.runtime {
            Runtime::Containers(_) => "see its log".to_owned(),
            Runtime::Processes(processes) => {
                let log = processes.log(service).unwrap_or_default();
                let mut lines = log.lines().rev();
                let last = lines.find(|line| !line.trim().is_empty());
                last.unwrap_or("it logged nothing").to_owned()
            }
        }
    }

    /// Writes the log of each service into `folder`.
    ///
    /// # Errors
    /// When a log cannot be read or written.
    pub async fn keep_logs(&self, folder: &Path) -> Result<()> {
        for service in Service::ALL {
            let log = self.log(service).await?;
            let file = folder.join(format!("{}.log", service.name()));
            std::fs::write(&file, log)
                .with_context(|| format!("cannot write `{}`", file.display()))?;
        }
        Ok(())
    }

    /// Starts and memory of a service so far.
    #[must_use]
    pub fn history(&self, service: Service) -> History {
        self.histories.lock()[service as usize]
    }

    fn measure(&self, service: Service, slot: Slot) {
        if let Some(peak_bytes) = slot.and_then(Meter::peak_bytes) {
            self.note(service, |history| {
                history.peak_bytes = history.peak_bytes.max(peak_bytes);
            });
        }
    }

    fn note(&self, service: Service, change: impl FnOnce(&mut History)) {
        change(&mut self.histories.lock()[service as usize]);
    }
}
