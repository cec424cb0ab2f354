//! Carrying out a schedule's faults.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use http::StatusCode;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use testbed::{Fault as Misbehaviour, FaultKind};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Scene;
use crate::fault::{Api, Fault};
use crate::launch::Service;
use crate::relay::Trick;
use crate::schedule::Strike;

/// How often somebody is asked whom a fault struck.
const POLL: Duration = Duration::from_millis(100);
/// How long a fault waits beyond its time for somebody to strike. Everything may be away at
/// once, and messages whose receiver was killed come back after half a minute.
const PATIENCE: Duration = Duration::from_mins(2);
/// The emulator answers in a millisecond or not at all.
const ADMIN_DEADLINE: Duration = Duration::from_secs(5);
/// Beyond the longest time that the emulator is away, a slow start included.
const CALM_DEADLINE: Duration = Duration::from_mins(3);
/// Both OSS and MNS accept dates that are a quarter of an hour off.
const SKEWS_SECONDS: std::ops::Range<i64> = 1000..100_000;

/// How long a fault stays in force: its time, and then until it struck something.
struct Aim {
    over: Instant,
    give_up: Instant,
}

impl Aim {
    fn of(strike: &Strike) -> Self {
        let over = Instant::now() + strike.lasting;
        Self {
            over,
            give_up: over + PATIENCE,
        }
    }

    fn is_wanted(&self, struck: u64) -> bool {
        let now = Instant::now();
        now < self.over || (struck == 0 && now < self.give_up)
    }
}

impl Scene {
    /// Carries out a lane's faults, each at its time or when the one before is over. When the
    /// window ends, only those follow that struck nothing so far.
    ///
    /// # Errors
    /// When the scene itself is broken: a container that cannot be started again.
    pub(crate) async fn play(
        &self,
        strikes: &[Strike],
        began: Instant,
        window: Duration,
    ) -> Result<()> {
        for strike in strikes {
            // What never struck comes late rather than never.
            let is_late = strike.at.max(began.elapsed()) > window;
            if is_late && self.counts.has_struck(self.form_of(strike.fault)) {
                continue;
            }
            sleep_until(began + strike.at).await;
            let done = self.strike(strike).await;
            done.with_context(|| format!("in the midst of: {}", strike.fault))?;
        }
        Ok(())
    }

    /// Ends all misbehaviour of the APIs, also what could not be ended in its time.
    ///
    /// # Errors
    /// When the emulator does not answer for minutes.
    pub(crate) async fn calm_down(&self) -> Result<()> {
        let give_up = Instant::now() + CALM_DEADLINE;
        while self.present(self.admin.clear_faults()).await.is_none() {
            ensure!(
                Instant::now() < give_up,
                "the emulator does not answer, and its faults last"
            );
            sleep(POLL).await;
        }
        Ok(())
    }

    async fn strike(&self, strike: &Strike) -> Result<()> {
        let fault = self.form_of(strike.fault);
        let struck = match fault {
            Fault::AdapterKilled => self.kill(Service::Adapter, strike).await?,
            Fault::FaceKilled => self.kill(Service::Face, strike).await?,
            Fault::AdapterCutOff | Fault::AdapterPaused => {
                self.cut(Service::Adapter, strike).await?
            }
            Fault::FaceCutOff | Fault::FacePaused => self.cut(Service::Face, strike).await?,
            Fault::EmulatorKilled
            | Fault::EmulatorRestarted
            | Fault::EmulatorCutOff
            | Fault::EmulatorPaused => self.remove_emulator(fault, strike).await?,
            Fault::CredentialsExpired => self.expire_credentials(strike).await?,
            Fault::SinkRefuses
            | Fault::SinkDropped
            | Fault::SinkAnswerLost
            | Fault::SinkHalfAnswer
            | Fault::SinkDoubles
            | Fault::SlowSink => self.spoil_sink(fault, strike).await,
            _ => self.spoil_api(strike).await?,
        };
        self.counts.add(fault, struck);
        Ok(())
    }

    /// The form that a fault takes here.
    fn form_of(&self, fault: Fault) -> Fault {
        if self.is_of_containers {
            fault
        } else {
            fault.among_processes()
        }
    }

    async fn kill(&self, service: Service, strike: &Strike) -> Result<u64> {
        self.site.kill(service, strike.lasting).await?;
        Ok(1)
    }

    async fn cut(&self, service: Service, strike: &Strike) -> Result<u64> {
        self.site.cut_off(service, strike.lasting).await?;
        Ok(1)
    }

    async fn remove_emulator(&self, fault: Fault, strike: &Strike) -> Result<u64> {
        let _away = self.presence.write().await;
        let (site, emulator) = (&self.site, Service::Emulator);
        match fault {
            Fault::EmulatorKilled => site.kill(emulator, strike.lasting).await?,
            Fault::EmulatorRestarted => site.restart(emulator, strike.lasting).await?,
            _ => return self.cut(emulator, strike).await,
        }
        self.keyring.remind().await?;
        Ok(1)
    }

    async fn spoil_sink(&self, fault: Fault, strike: &Strike) -> u64 {
        let trick = match fault {
            Fault::SinkRefuses if strike.seed.is_multiple_of(2) => {
                Trick::Refuse(StatusCode::SERVICE_UNAVAILABLE)
            }
            Fault::SinkRefuses => Trick::Refuse(StatusCode::TOO_MANY_REQUESTS),
            Fault::SinkDropped => Trick::Drop,
            Fault::SinkAnswerLost => Trick::LoseAnswer,
            Fault::SinkHalfAnswer => Trick::Halve,
            Fault::SinkDoubles => Trick::Double,
            _ => Trick::Hold(self.slowness.slow),
        };
        let aim = Aim::of(strike);
        self.mischief.begin(trick, strike.chance, strike.seed);
        while aim.is_wanted(self.mischief.struck()) {
            sleep(POLL).await;
        }
        self.mischief.end()
    }

    /// Lets an API misbehave; tells how many calls that struck, as far as is known: an
    /// emulator that is killed takes the last counts along. Its faults it takes, too, and the
    /// next one is asked for them anew.
    async fn spoil_api(&self, strike: &Strike) -> Result<u64> {
        let misbehaviour = self.misbehaviour(strike);
        let aim = Aim::of(strike);
        let (mut id, mut struck, mut struck_before) = (None, 0, 0);
        while aim.is_wanted(struck_before + struck) {
            let Some(known) = id else {
                let in_force = self.present(self.admin.add_fault(&misbehaviour)).await;
                id = in_force.map(|fault| fault.id);
                sleep(POLL).await;
                continue;
            };
            if let Some(faults) = self.present(self.admin.faults()).await {
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
        self.calm_down().await?;
        Ok(struck_before + struck)
    }

    /// Lets the services' credentials expire; tells how many calls were refused for it.
    async fn expire_credentials(&self, strike: &Strike) -> Result<u64> {
        self.keyring.expire().await?;
        let aim = Aim::of(strike);
        let mut refused = 0;
        while aim.is_wanted(refused) {
            sleep(POLL).await;
            let known = self.present(self.keyring.refused()).await;
            refused = known.unwrap_or(refused);
        }
        self.keyring.renew().await?;
        Ok(refused)
    }

    /// Asks the emulator something when nobody has taken it away. `None` without an answer,
    /// which comes now and then just after it was given back.
    async fn present<T>(&self, call: impl Future<Output = Result<T>>) -> Option<T> {
        let _present = self.presence.read().await;
        timeout(ADMIN_DEADLINE, call).await.ok()?.ok()
    }

    fn misbehaviour(&self, strike: &Strike) -> Misbehaviour {
        let mut rng = StdRng::seed_from_u64(strike.seed);
        let api = strike.api.unwrap_or(Api::Oss);
        let milliseconds = |time: Duration| FaultKind::Latency {
            latency_ms: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        };
        let kind = match strike.fault {
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
        Misbehaviour {
            service: api.name(),
            operation: "*",
            kind,
            times: None,
            probability: Some(strike.chance),
            seed: Some(rng.random()),
        }
    }
}
