//! Injecting a schedule's faults.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use http::StatusCode;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use testbed::{Admin, Fault as ApiFault, FaultKind, ProxyFault, Service};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Environment;
use crate::fault::{Api, Fault};
use crate::schedule::Injection;

/// How often the proxy and the emulator are asked how many calls a fault struck.
const POLL: Duration = Duration::from_millis(100);
/// How long a fault stays in force beyond its time until it has struck something. Everything may
/// be away at once, and messages whose receiver was killed come back after half a minute.
const EXTENSION: Duration = Duration::from_mins(2);
/// The emulator answers in a millisecond or not at all.
const ADMIN_DEADLINE: Duration = Duration::from_secs(5);
/// Beyond the longest time that the emulator is away, a slow start included.
const CLEAR_DEADLINE: Duration = Duration::from_mins(3);
/// Both OSS and MNS accept dates that are a quarter of an hour off.
const SKEWS_SECONDS: std::ops::Range<i64> = 1000..100_000;

/// How long a fault stays in force: its time, and then until it struck something.
struct InForce {
    over: Instant,
    give_up: Instant,
}

impl InForce {
    fn of(injection: &Injection) -> Self {
        let over = Instant::now() + injection.duration;
        Self {
            over,
            give_up: over + EXTENSION,
        }
    }

    fn is_wanted(&self, struck: u64) -> bool {
        let now = Instant::now();
        now < self.over || (struck == 0 && now < self.give_up)
    }
}

impl Environment {
    /// Carries out a lane's faults, each at its time or when the one before is over. When the
    /// window ends, only those follow that struck nothing so far.
    ///
    /// # Errors
    /// When the environment itself is broken: a container that cannot be started again.
    pub(crate) async fn play(
        &self,
        injections: &[Injection],
        began: Instant,
        window: Duration,
    ) -> Result<()> {
        for injection in injections {
            // A fault that has not struck yet is injected again.
            let is_late = injection.at.max(began.elapsed()) > window;
            if is_late && self.counts.has_struck(self.variant_of(injection.fault)) {
                continue;
            }
            sleep_until(began + injection.at).await;
            let done = self.inject(injection).await;
            done.with_context(|| format!("in the midst of: {}", injection.fault))?;
        }
        Ok(())
    }

    /// Ends all faults of the APIs, also what could not be ended in its time.
    ///
    /// # Errors
    /// When the emulator does not answer for minutes.
    pub(crate) async fn clear_faults(&self) -> Result<()> {
        let give_up = Instant::now() + CLEAR_DEADLINE;
        while self
            .while_present(self.admin().clear_faults())
            .await
            .is_none()
        {
            ensure!(
                Instant::now() < give_up,
                "the emulator does not answer, and its faults last"
            );
            sleep(POLL).await;
        }
        Ok(())
    }

    async fn inject(&self, injection: &Injection) -> Result<()> {
        let fault = self.variant_of(injection.fault);
        let struck = match fault {
            Fault::AdapterKilled => self.kill(Service::SourceAdapter, injection).await?,
            Fault::FaceKilled => self.kill(Service::FaceRecognition, injection).await?,
            Fault::AdapterCutOff | Fault::AdapterPaused => {
                self.cut(Service::SourceAdapter, injection).await?
            }
            Fault::FaceCutOff | Fault::FacePaused => {
                self.cut(Service::FaceRecognition, injection).await?
            }
            Fault::EmulatorKilled
            | Fault::EmulatorRestarted
            | Fault::EmulatorCutOff
            | Fault::EmulatorPaused => self.take_emulator_away(fault, injection).await?,
            Fault::CredentialsExpired => self.expire_credentials(injection).await?,
            Fault::SinkRefuses
            | Fault::SinkDropped
            | Fault::SinkAnswerLost
            | Fault::SinkHalfAnswer
            | Fault::SinkDoubles
            | Fault::SlowSink => self.inject_sink_fault(fault, injection).await,
            _ => self.inject_api_fault(injection).await?,
        };
        self.counts.add(fault, struck);
        Ok(())
    }

    fn admin(&self) -> &Admin {
        &self.cloud.account.admin
    }

    /// The form that a fault takes here.
    fn variant_of(&self, fault: Fault) -> Fault {
        if self.is_of_containers() {
            fault
        } else {
            fault.among_processes()
        }
    }

    async fn kill(&self, service: Service, injection: &Injection) -> Result<u64> {
        self.services.kill(service, injection.duration).await?;
        Ok(1)
    }

    async fn cut(&self, service: Service, injection: &Injection) -> Result<u64> {
        self.services.cut_off(service, injection.duration).await?;
        Ok(1)
    }

    async fn take_emulator_away(&self, fault: Fault, injection: &Injection) -> Result<u64> {
        let _away = self.emulator_presence.write().await;
        let (services, emulator) = (&self.services, Service::Emulator);
        match fault {
            Fault::EmulatorKilled => services.kill(emulator, injection.duration).await?,
            Fault::EmulatorRestarted => services.restart(emulator, injection.duration).await?,
            _ => return self.cut(emulator, injection).await,
        }
        self.credentials.restore().await?;
        Ok(1)
    }

    async fn inject_sink_fault(&self, fault: Fault, injection: &Injection) -> u64 {
        let sink_fault = match fault {
            Fault::SinkRefuses if injection.seed.is_multiple_of(2) => {
                ProxyFault::Respond(StatusCode::SERVICE_UNAVAILABLE)
            }
            Fault::SinkRefuses => ProxyFault::Respond(StatusCode::TOO_MANY_REQUESTS),
            Fault::SinkDropped => ProxyFault::Drop,
            Fault::SinkAnswerLost => ProxyFault::DropResponse,
            Fault::SinkHalfAnswer => ProxyFault::TruncateResponse,
            Fault::SinkDoubles => ProxyFault::Duplicate,
            _ => ProxyFault::DelayResponse(self.slowness.slow),
        };
        let in_force = InForce::of(injection);
        self.sink_faults
            .begin(sink_fault, injection.probability, injection.seed);
        while in_force.is_wanted(self.sink_faults.count()) {
            sleep(POLL).await;
        }
        self.sink_faults.end()
    }

    /// Injects faults into an API; tells how many calls that struck, as far as is known: an
    /// emulator that is killed takes the last counts along. Its faults it takes, too, and the
    /// next one is asked for them anew.
    async fn inject_api_fault(&self, injection: &Injection) -> Result<u64> {
        let api_fault = self.api_fault(injection);
        let in_force = InForce::of(injection);
        let (mut id, mut struck, mut struck_before) = (None, 0, 0);
        while in_force.is_wanted(struck_before + struck) {
            let Some(known) = id else {
                let added = self.while_present(self.admin().add_fault(&api_fault)).await;
                id = added.map(|fault| fault.id);
                sleep(POLL).await;
                continue;
            };
            if let Some(faults) = self.while_present(self.admin().faults()).await {
                let ours = faults.iter().find(|fault| fault.id == known);
                if ours.is_none() {
                    id = None;
                    struck_before += struck;
                }
                struck = ours.map_or(0, |fault| fault.struck);
            }
            sleep(POLL).await;
        }
        // All of them are ours: nobody else asks for any.
        self.clear_faults().await?;
        Ok(struck_before + struck)
    }

    /// Lets the services' credentials expire; tells how many calls were refused for it.
    async fn expire_credentials(&self, injection: &Injection) -> Result<u64> {
        self.credentials.expire().await?;
        let in_force = InForce::of(injection);
        let mut refused = 0;
        while in_force.is_wanted(refused) {
            sleep(POLL).await;
            let known = self.while_present(self.credentials.refused()).await;
            refused = known.unwrap_or(refused);
        }
        self.credentials.rotate().await?;
        Ok(refused)
    }

    /// Asks the emulator something when nobody has taken it away. `None` without an answer,
    /// which comes now and then just after it was given back.
    async fn while_present<T>(&self, call: impl Future<Output = Result<T>>) -> Option<T> {
        let _present = self.emulator_presence.read().await;
        timeout(ADMIN_DEADLINE, call).await.ok()?.ok()
    }

    fn api_fault(&self, injection: &Injection) -> ApiFault {
        let mut rng = StdRng::seed_from_u64(injection.seed);
        let api = injection.api.unwrap_or(Api::Oss);
        let milliseconds = |time: Duration| FaultKind::Latency {
            latency_ms: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        };
        let kind = match injection.fault {
            Fault::ServerError if rng.random() => FaultKind::Error {
                status: 500,
                code: "InternalError",
            },
            Fault::ServerError => FaultKind::Error {
                status: 503,
                code: "ServiceUnavailable",
            },
            Fault::Throttled => FaultKind::Error {
                status: 403,
                code: api.throttling_code(),
            },
            Fault::LateAnswer => FaultKind::Latency {
                latency_ms: rng.random_range(100..2500),
            },
            Fault::SlowFaceApi => milliseconds(self.slowness.slow),
            Fault::SilentFaceApi => milliseconds(self.slowness.silent),
            Fault::AnswerLost => FaultKind::Drop { after: true },
            Fault::HalfAnswer => FaultKind::Truncate,
            Fault::ClockSkew => FaultKind::Skew {
                skew_seconds: if rng.random() { 1 } else { -1 } * rng.random_range(SKEWS_SECONDS),
            },
            Fault::DoubleReceive => FaultKind::Duplicate,
            _ => FaultKind::Drop { after: false },
        };
        ApiFault {
            service: api.name(),
            operation: "*",
            kind,
            times: None,
            probability: Some(injection.probability),
            seed: Some(rng.random()),
        }
    }
}
