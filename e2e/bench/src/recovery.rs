//! How soon events flow again after the sink, the queue or name resolution was gone, and how soon as many as before.
//!
//! The queue holds more than can be delivered, so that what flows is what adapter and sink let
//! flow. The sink counts anew when it is back: its first arrival then is the end of the outage.

mod names;

use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use testbed::{Service, Services};
use tokio::time::{Instant, sleep};

use self::names::DnsBehaviour;
pub(crate) use self::names::{Args as NamesArgs, lose_names};
use crate::adapter::MeasuredAdapter;
use crate::bench::{Bench, EmulatedCloud};
use crate::child::Setup;
use crate::figure::Figure;
use crate::messages;
use crate::row::{Row, Target};
use crate::sink::Sink;

/// So long is a long outage, which is measured on request.
const LONG_SECONDS: u64 = 600;
/// From the beginning of one long outage to that of the next: longer than it takes until one flows
/// and until one has recovered.
const APART: Duration = Duration::from_secs(40);
/// What the sink takes for an answer: slow enough for a backlog that lasts.
const LATENCY: Duration = Duration::from_millis(50);
/// More than the adapter delivers before and after an outage.
const MESSAGES: u64 = 60_000;
/// The usual rate is taken over this time, once the adapter had as much to reach it.
const USUAL: Duration = Duration::from_secs(2);
/// The rate after an outage is taken over this time.
const WINDOW: Duration = Duration::from_millis(250);
/// As much of the usual rate is as good as before.
const RECOVERED: f64 = 0.9;
/// The longest wait for the rate to come back.
const DEADLINE: Duration = Duration::from_secs(30);

/// What is gone, and how.
#[derive(Clone, Copy, Debug)]
enum Outage {
    SinkKilled,
    SinkFrozen,
    MnsFrozen,
    NameServer(DnsBehaviour),
}

impl Outage {
    const ALL: [Self; 5] = [
        Self::SinkKilled,
        Self::SinkFrozen,
        Self::MnsFrozen,
        Self::NameServer(DnsBehaviour::Failing),
        Self::NameServer(DnsBehaviour::Silent),
    ];

    fn name(self) -> String {
        match self {
            Self::SinkKilled => "sink killed".to_owned(),
            Self::SinkFrozen => "sink frozen".to_owned(),
            Self::MnsFrozen => "MNS frozen".to_owned(),
            Self::NameServer(behaviour) => format!("name server {}", behaviour.name()),
        }
    }

    async fn measure(self, setup: &Setup, seconds: u64) -> Result<Recovery> {
        let time = Duration::from_secs(seconds);
        match self {
            Self::SinkKilled => {
                let outage = async |sink: Sink, _: &_| sink.killed_for(time).await;
                in_processes(setup, outage).await
            }
            Self::SinkFrozen => {
                let outage = async |sink: Sink, _: &_| sink.frozen_for(time).await;
                in_processes(setup, outage).await
            }
            Self::MnsFrozen => {
                let outage = async |sink: Sink, services: &Services| {
                    services.cut_off(Service::Emulator, time).await?;
                    sink.forget().await?;
                    Ok(sink)
                };
                in_processes(setup, outage).await
            }
            Self::NameServer(behaviour) => names::measure_in_child(setup, behaviour, seconds).await,
        }
    }
}

/// Measures one outage of a pipeline in processes of this one.
async fn in_processes(
    setup: &Setup,
    outage: impl AsyncFnOnce(Sink, &Services) -> Result<Sink>,
) -> Result<Recovery> {
    let emulated = setup.emulated_cloud(None).await?;
    let sink = Sink::start(&setup.folder, LATENCY).await?;
    let url = sink.url.clone();
    let outage = async |sink| outage(sink, &emulated.services).await;
    measure(&emulated, sink, &url, outage).await
}

/// After the end of an outage.
struct Recovery {
    first_event: Duration,
    usual_rate: Duration,
}

/// Measures the rows of this group.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    for seconds in bench.pick(vec![10, 60], vec![10]) {
        for outage in Outage::ALL {
            let name = format!("{} for {seconds} s", outage.name());
            bench.step(&name);
            let recovery = outage.measure(&bench.setup(), seconds).await?;
            rows(bench, &name, seconds, &recovery);
        }
    }
    if bench.has_long_outages() {
        long_outages(bench).await?;
    }
    Ok(())
}

/// All of them last at the same time, each with a pipeline of its own. They begin and end one after
/// the other, so that none is measured beside another.
async fn long_outages(bench: &mut Bench) -> Result<()> {
    bench.step(&format!("all of them for {LONG_SECONDS} s"));
    let mut measured = Vec::new();
    for (place, outage) in (0..).zip(Outage::ALL) {
        let folder = bench.folder().join(outage.name());
        std::fs::create_dir(&folder)?;
        let setup = Setup::new(&bench.binaries, &folder);
        measured.push(async move {
            sleep(APART * place).await;
            outage.measure(&setup, LONG_SECONDS).await
        });
    }
    let recoveries = try_join_all(measured).await?;
    for (outage, recovery) in Outage::ALL.iter().zip(&recoveries) {
        let name = format!("{} for {LONG_SECONDS} s", outage.name());
        rows(bench, &name, LONG_SECONDS, recovery);
    }
    Ok(())
}

fn rows(bench: &mut Bench, name: &str, seconds: u64, recovery: &Recovery) {
    let figure = |time: Duration| Figure::new("s", [time.as_secs_f64()]);
    let row = Row::new(
        format!("{name}, first event"),
        "from its return to the next event at the sink",
        figure(recovery.first_event),
    );
    let most = if seconds < LONG_SECONDS { 2.0 } else { 10.0 };
    bench.row(row.target(Target::at_most(most)));
    let row = Row::new(
        format!("{name}, usual rate"),
        "from the first event to 90 % of the rate before",
        figure(recovery.usual_rate),
    );
    bench.row(row.target(Target::at_most(5.0)));
}

/// Measures one outage. `outage` lets it happen and returns at its end; the sink has counted nothing
/// since then. `url` is where the adapter finds the sink.
async fn measure(
    emulated: &EmulatedCloud,
    sink: Sink,
    url: &str,
    outage: impl AsyncFnOnce(Sink) -> Result<Sink>,
) -> Result<Recovery> {
    messages::fill(&emulated.cloud.queue, MESSAGES, 0).await?;
    let adapter = MeasuredAdapter::start(emulated, url, "source-adapter").await?;
    sleep(USUAL).await;
    let usual = rate(&sink, USUAL).await?;
    let sink = outage(sink).await?;

    let back = Instant::now();
    while sink.arrivals().await?.count == 0 {
        ensure!(back.elapsed() < DEADLINE, "no event came after the outage");
        sleep(Duration::from_millis(5)).await;
    }
    let first = Instant::now();
    while rate(&sink, WINDOW).await? < RECOVERED * usual {
        ensure!(first.elapsed() < DEADLINE, "the rate did not come back");
    }
    let usual_rate = first.elapsed();
    adapter.end(&emulated.services.http).await?;
    Ok(Recovery {
        first_event: first - back,
        usual_rate,
    })
}

/// Events per second at the sink.
#[expect(clippy::cast_precision_loss, reason = "far below 2 to the 53rd")]
async fn rate(sink: &Sink, over: Duration) -> Result<f64> {
    let (before, since) = (sink.arrivals().await?.count, Instant::now());
    sleep(over).await;
    let count = sink.arrivals().await?.count - before;
    Ok(count as f64 / since.elapsed().as_secs_f64())
}
