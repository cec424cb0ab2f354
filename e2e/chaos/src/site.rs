//! The services of a run, in containers or as processes: started, killed, cut off.
//!
//! The site is their Kubernetes: what it killed it starts again, and a service that ended by
//! itself is started again, too, but not without being reported.

mod containers;
mod engine;
mod memory;
mod processes;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::time::{Instant, sleep};

pub(crate) use self::containers::Containers;
pub(crate) use self::engine::Engine;
pub(crate) use self::processes::Processes;
use crate::launch::{Places, Service, Wiring};

/// A start takes milliseconds; a loaded machine may take its time.
const START_DEADLINE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(50);

/// What the services live in.
#[derive(Debug)]
pub(crate) enum Housing {
    Containers(Containers),
    Processes(Processes),
}

/// The services of a run.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) places: Places,
    housing: Housing,
    http: reqwest::Client,
    slots: [tokio::sync::Mutex<Slot>; 3],
    tallies: Mutex<[Tally; 3]>,
}

/// One service's place. Whoever does something to the service holds its lock.
#[derive(Debug, Default)]
struct Slot {
    /// The process, while the service is supposed to run.
    pid: Option<u32>,
}

/// What became of one service in the course of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Starts after the first.
    pub(crate) restarts: u64,
    /// Most memory that one of its processes had resident, in KiB; 0 if the system does not
    /// say.
    pub(crate) peak_kib: u64,
    starts: u64,
}

impl Site {
    pub(crate) fn new(places: Places, housing: Housing) -> Result<Self> {
        Ok(Self {
            places,
            housing,
            http: service::http_client(&service::ConnectOptions::default())?,
            slots: Default::default(),
            tallies: Mutex::default(),
        })
    }

    /// Tells how a service is to be started, before it is.
    pub(crate) async fn furnish(&mut self, service: Service, wiring: &Wiring) -> Result<()> {
        match &mut self.housing {
            Housing::Containers(containers) => {
                containers.furnish(service, &self.places, wiring).await
            }
            Housing::Processes(processes) => {
                processes.furnish(service, &self.places, wiring);
                Ok(())
            }
        }
    }

    /// Starts a service and waits until it answers.
    pub(crate) async fn start(&self, service: Service) -> Result<()> {
        let mut slot = self.slots[service as usize].lock().await;
        self.start_in(service, &mut slot).await
    }

    async fn start_in(&self, service: Service, slot: &mut Slot) -> Result<()> {
        let pid = match &self.housing {
            Housing::Containers(containers) => containers.start(service).await,
            Housing::Processes(processes) => processes.start(service).await,
        };
        let pid = pid.with_context(|| format!("cannot start `{}`", service.name()))?;
        slot.pid = Some(pid);
        self.tally(service, |tally| {
            tally.starts += 1;
            tally.restarts = tally.starts - 1;
        });
        self.await_health(service, pid).await
    }

    async fn await_health(&self, service: Service, pid: u32) -> Result<()> {
        let give_up = Instant::now() + START_DEADLINE;
        let url = self.places.health(service);
        loop {
            let asked = self.http.get(&url).timeout(START_DEADLINE / 20).send();
            if asked.await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if memory::is_gone(pid) {
                bail!("`{}` ended at once", service.name());
            }
            if Instant::now() > give_up {
                bail!("`{}` does not answer at {url}", service.name());
            }
            sleep(POLL).await;
        }
    }

    /// Kills a service without warning, and starts it again after `pause`.
    pub(crate) async fn kill(&self, service: Service, pause: Duration) -> Result<()> {
        let mut slot = self.slots[service as usize].lock().await;
        self.weigh(service, &slot);
        slot.pid = None;
        match &self.housing {
            Housing::Containers(containers) => containers.kill(service).await?,
            Housing::Processes(processes) => processes.kill(service).await?,
        }
        sleep(pause).await;
        self.start_in(service, &mut slot).await
    }

    /// Stops a service in order, and starts it again after `pause`.
    pub(crate) async fn restart(&self, service: Service, pause: Duration) -> Result<()> {
        let mut slot = self.slots[service as usize].lock().await;
        self.weigh(service, &slot);
        slot.pid = None;
        self.stop_in(service).await?;
        sleep(pause).await;
        self.start_in(service, &mut slot).await
    }

    /// Stops a service in order and leaves it so until it is started.
    pub(crate) async fn halt(&self, service: Service) -> Result<()> {
        let mut slot = self.slots[service as usize].lock().await;
        self.weigh(service, &slot);
        slot.pid = None;
        self.stop_in(service).await
    }

    async fn stop_in(&self, service: Service) -> Result<()> {
        match &self.housing {
            Housing::Containers(containers) => containers.stop(service).await,
            Housing::Processes(processes) => processes.stop(service).await,
        }
    }

    /// Cuts a service off the network for a while; where it has none of its own, it is
    /// paused instead.
    pub(crate) async fn cut_off(&self, service: Service, time: Duration) -> Result<()> {
        let _slot = self.slots[service as usize].lock().await;
        match &self.housing {
            Housing::Containers(containers) => {
                containers.disconnect(service).await?;
                sleep(time).await;
                containers.connect(service).await
            }
            Housing::Processes(processes) => {
                processes.pause(service).await?;
                sleep(time).await;
                processes.resume(service).await
            }
        }
    }

    /// Looks after a service that nobody is doing anything to: measures it, and starts it
    /// again if it ended by itself. Tells whether it had.
    pub(crate) async fn look_after(&self, service: Service) -> Result<bool> {
        let Ok(mut slot) = self.slots[service as usize].try_lock() else {
            return Ok(false);
        };
        self.weigh(service, &slot);
        if !slot.pid.is_some_and(memory::is_gone) {
            return Ok(false);
        }
        slot.pid = None;
        self.stop_in(service).await?;
        self.start_in(service, &mut slot).await?;
        Ok(true)
    }

    /// Stops everything in the order of the flow.
    pub(crate) async fn stop(&self) -> Result<()> {
        for service in Service::ALL.into_iter().rev() {
            self.halt(service).await?;
        }
        Ok(())
    }

    /// Writes the log of each service into `folder`.
    pub(crate) async fn keep_logs(&self, folder: &Path) -> Result<()> {
        for service in Service::ALL {
            let log = match &self.housing {
                Housing::Containers(containers) => containers.log(service).await,
                Housing::Processes(processes) => processes.log(service)?,
            };
            let file = folder.join(format!("{}.log", service.name()));
            std::fs::write(&file, log)
                .with_context(|| format!("cannot write `{}`", file.display()))?;
        }
        Ok(())
    }

    /// What became of a service so far.
    pub(crate) fn tally_of(&self, service: Service) -> Tally {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)[service as usize]
    }

    fn weigh(&self, service: Service, slot: &Slot) {
        if let Some(peak_kib) = slot.pid.and_then(memory::peak_kib) {
            self.tally(service, |tally| {
                tally.peak_kib = tally.peak_kib.max(peak_kib);
            });
        }
    }

    fn tally(&self, service: Service, change: impl FnOnce(&mut Tally)) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut tallies[service as usize]);
    }
}
