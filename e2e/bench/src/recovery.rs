//! How soon events flow again after the sink, the queue or name resolution was gone, and how soon as many as before.
//!
//! The queue holds more than can be delivered, so that what flows is what adapter and sink let
//! flow. The sink counts anew when it is back: its first arrival then is the end of the outage.

mod names;

use std::time::Duration;

use anyhow::{Result, ensure};
use testbed::Service;
use tokio::time::{Instant, sleep};

use self::names::Manner;
pub(crate) use self::names::{Args as NamesArgs, lose_names};
use crate::adapter::MeasuredAdapter;
use crate::bench::{Bench, EmulatedCloud};
use crate::figure::Figure;
use crate::messages;
use crate::row::{Row, Target};
use crate::sink::Sink;

/// So long is a long outage, which is measured on request.
const LONG_SECONDS: u64 = 600;
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
/// Nobody waits longer for the rate to come back.
const DEADLINE: Duration = Duration::from_secs(30);

/// What is gone, and how.
#[derive(Clone, Copy, Debug)]
enum Outage {
    SinkKilled,
    SinkFrozen,
    MnsFrozen,
}

impl Outage {
    const ALL: [Self; 3] = [Self::SinkKilled, Self::SinkFrozen, Self::MnsFrozen];

    fn name(self) -> &'static str {
        match self {
            Self::SinkKilled => "sink killed",
            Self::SinkFrozen => "sink frozen",
            Self::MnsFrozen => "MNS frozen",
        }
    }
}

impl Outage {
    async fn measure(self, bench: &Bench, seconds: u64) -> Result<Recovery> {
        let emulated = bench.emulated_cloud(bench.folder()).await?;
        let sink = Sink::start(bench.folder(), LATENCY).await?;
        let url = sink.url.clone();
        let time = Duration::from_secs(seconds);
        let outage = async |sink: Sink| self.happen(time, &emulated, sink).await;
        measure(&emulated, sink, &url, outage).await
    }

    /// Lets it happen to a service.
    async fn happen(self, time: Duration, emulated: &EmulatedCloud, sink: Sink) -> Result<Sink> {
        match self {
            Self::SinkKilled => return sink.killed_for(time).await,
            Self::SinkFrozen => sink.frozen_for(time).await?,
            Self::MnsFrozen => {
                emulated.services.cut_off(Service::Emulator, time).await?;
                sink.forget().await?;
            }
        }
        Ok(sink)
    }
}

/// After the end of an outage.
struct Recovery {
    first_event: Duration,
    usual_rate: Duration,
}

/// Measures the rows of this group.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    let mut times = bench.pick(vec![10, 60], vec![10]);
    if bench.has_long_outages() {
        times.push(LONG_SECONDS);
    }
    for seconds in times {
        for outage in Outage::ALL {
            let name = format!("{} for {seconds} s", outage.name());
            bench.step(&name);
            let recovery = outage.measure(bench, seconds).await?;
            rows(bench, &name, seconds, &recovery);
        }
        for manner in Manner::GONE {
            let name = format!("name server {} for {seconds} s", manner.name());
            bench.step(&name);
            let recovery = names::measure_in_child(&bench.setup(), manner, seconds).await?;
            rows(bench, &name, seconds, &recovery);
        }
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
