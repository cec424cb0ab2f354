//! A backlog of hundreds of thousands, worked off by one, two and four adapters, and of the
//! largest messages that there are. Its question is memory: an adapter must not notice how
//! long the queue is.

use std::time::Duration;

use anyhow::Result;
use testbed::Service;
use testbed::meter::Meter;

use crate::adapter::{AdapterRun, DRAIN_DEADLINE, MeasuredAdapter};
use crate::bench::Bench;
use crate::figure::{Figure, mb};
use crate::messages;
use crate::row::{Row, Target};
use crate::sink::{Arrivals, Sink};

/// What adapters that run side by side are called.
pub(crate) const NAMES: [&str; 4] = ["adapter-1", "adapter-2", "adapter-3", "adapter-4"];
/// Enough for every buffer to have its size.
const SHORT: u64 = 20_000;
const MAX_BYTES: usize = 64 * 1024;
/// Flat: what is more is the allocator's, not the backlog's.
const GROWTH: f64 = 1.25;

/// One backlog worked off.
struct Drained {
    arrivals: Arrivals,
    runs: Vec<AdapterRun>,
    emulator_peak_mb: f64,
}

impl Drained {
    fn peak_mb(&self) -> f64 {
        let peaks = self.runs.iter().map(|run| mb(run.usage.peak_bytes));
        peaks.fold(0.0, f64::max)
    }

    fn cpu_per_event(&self) -> f64 {
        let events: f64 = self.runs.iter().map(|run| run.events).sum();
        let cpu: Duration = self.runs.iter().map(|run| run.usage.cpu).sum();
        cpu.as_secs_f64() * 1e6 / events
    }
}

/// Measures the rows of this group.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    let long = bench.pick(200_000, 60_000);
    let few = drain(bench, SHORT, 0, 1).await?;
    let mut alone = None;
    for adapters in [1, 2, 4] {
        let drained = drain(bench, long, 0, adapters).await?;
        let rate = Figure::new("events/s", [drained.arrivals.per_second()]);
        let row = Row::new(
            format!("{long} messages, adapters: {adapters}"),
            "from a full queue to a sink, without latency",
            rate.clone(),
        )
        .beside(
            "CPU per event",
            Figure::new("µs", [drained.cpu_per_event()]),
        )
        .beside(
            "emulator's peak",
            Figure::new("MB", [drained.emulator_peak_mb]),
        );
        let alone = alone.get_or_insert(rate);
        bench.row(row.against("one adapter", alone.clone()));
        let row = Row::new(
            format!("{long} messages, adapters: {adapters}, memory"),
            "VmHWM of the largest adapter",
            Figure::new("MB", [drained.peak_mb()]),
        )
        .against(
            format!("{SHORT} messages"),
            Figure::new("MB", [few.peak_mb()]),
        );
        bench.row(row.target(Target::ratio_at_most(GROWTH)));
    }
    largest(bench).await
}

async fn largest(bench: &mut Bench) -> Result<()> {
    let padding = messages::padding_for(MAX_BYTES);
    let drained = drain(bench, bench.pick(6000, 1000), padding, 1).await?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2 to the 53rd")]
    let bytes_per_second = drained.arrivals.bytes as f64 / drained.arrivals.seconds;
    let row = Row::new(
        "messages of 64 KiB",
        "events of that size, base64 in the queue, without latency",
        Figure::new("events/s", [drained.arrivals.per_second()]),
    )
    .beside("data", Figure::new("MB/s", [bytes_per_second / 1e6]))
    .beside(
        "CPU per event",
        Figure::new("µs", [drained.cpu_per_event()]),
    );
    bench.row(row);
    let row = Row::new(
        "messages of 64 KiB, memory",
        "VmHWM of the adapter",
        Figure::new("MB", [drained.peak_mb()]),
    );
    bench.row(row.target(Target::at_most(64.0)));
    Ok(())
}

/// Fills a queue of an emulator of its own and lets so many adapters work it off.
async fn drain(bench: &Bench, count: u64, padding: usize, adapters: usize) -> Result<Drained> {
    bench.step(&format!("{count} messages, adapters: {adapters}"));
    let emulated = bench.emulated_cloud(bench.folder()).await?;
    let sink = Sink::start(bench.folder(), Duration::ZERO).await?;
    messages::fill(&emulated.cloud.queue, count, padding).await?;
    let mut running = Vec::new();
    for name in NAMES.into_iter().take(adapters) {
        running.push(MeasuredAdapter::start(&emulated, &sink.url, name).await?);
    }
    let arrivals = sink.wait_for(count).await?;
    emulated.cloud.drained(DRAIN_DEADLINE).await?;
    let mut runs = Vec::new();
    for adapter in running {
        runs.push(adapter.end(&emulated.services.http).await?);
    }
    let emulator = emulated.services.pid(Service::Emulator).await;
    let emulator = Meter::of(emulator.unwrap_or_default())?;
    Ok(Drained {
        arrivals,
        runs,
        emulator_peak_mb: mb(emulator.read()?.peak_bytes),
    })
}
