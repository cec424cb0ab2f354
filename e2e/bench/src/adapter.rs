//! Events per second from a full queue to a sink, beside the serial way and a bare client.
//!
//! Emulator, sink and adapter share the machine's CPUs, so at 0 ms the rates say how the
//! three divide them; CPU time per event is the adapter's alone. The clock runs from the
//! first event at the sink to the last, and the queue is full before it starts.

use std::time::Duration;

use anyhow::{Context as _, Result};
use testbed::meter::{Meter, Usage};
use testbed::metrics::{Samples, scrape};
use testbed::{Cloud, Fault, FaultKind, Process, Service};
use url::Url;

use crate::baselines;
use crate::bench::{Bench, EmulatedCloud};
use crate::figure::{Figure, mb};
use crate::messages;
use crate::row::{Row, Target};
use crate::sink::{Arrivals, Sink};

/// Milliseconds, and events that take some seconds then.
const LATENCIES: [(u64, u64); 4] = [(0, 60_000), (5, 60_000), (20, 30_000), (50, 15_000)];
/// A sink that is slow: its workers, and what each takes for an event.
const WORKERS: usize = 16;
const SERVICE_TIME: Duration = Duration::from_millis(100);
/// The latency at which the ratio to the serial way has a target.
const DECISIVE_MS: u64 = 20;
/// Deletes come some milliseconds after the last event, unless a call has to be repeated.
pub(crate) const DRAIN_DEADLINE: Duration = Duration::from_secs(30);

/// Work and resources of one adapter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdapterRun {
    /// Events by count.
    pub(crate) events: f64,
    /// Resources used.
    pub(crate) usage: Usage,
    /// Calls to MNS of every kind.
    pub(crate) calls: f64,
    /// Messages that a receive brought, on average of those that brought any.
    pub(crate) per_receive: f64,
}

impl AdapterRun {
    /// CPU time in microseconds.
    pub(crate) fn cpu_per_event(&self) -> f64 {
        self.usage.cpu.as_secs_f64() * 1e6 / self.events
    }
}

/// A running adapter that is measured.
#[derive(Debug)]
pub(crate) struct MeasuredAdapter {
    process: Process,
    meter: Meter,
}

impl MeasuredAdapter {
    /// Starts one with default settings. `name` tells it from others that run now.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn start(
        emulated: &EmulatedCloud,
        sink: &str,
        name: &'static str,
    ) -> Result<Self> {
        let mut launch = emulated.services.launch(Service::SourceAdapter)?;
        launch.env.insert("K_SINK".to_owned(), sink.to_owned());
        launch.name = name;
        let process = Process::start(launch).await?;
        let id = process.id().context("the adapter ended at once")?;
        Ok(Self {
            process,
            meter: Meter::of(id)?,
        })
    }

    /// Reads what it did and used, and stops it.
    ///
    /// # Errors
    /// When it does not answer or does not stop in order.
    pub(crate) async fn end(self, http: &reqwest::Client) -> Result<AdapterRun> {
        let usage = self.meter.read()?;
        let samples = scrape(http, self.process.address("http")?).await?;
        self.process.stop().await?;
        Ok(adapter_run(&samples, usage))
    }
}

fn adapter_run(samples: &Samples, usage: Usage) -> AdapterRun {
    let calls = "adapter_mns_calls_total";
    let messages = samples.sum("adapter_messages_received_total", "");
    let receives = samples
        .labels(calls)
        .filter(|labels| labels.contains("receive") && labels.contains("success"))
        .map(|labels| samples.sum(calls, labels))
        .sum::<f64>();
    AdapterRun {
        events: messages,
        usage,
        calls: samples.sum(calls, ""),
        per_receive: messages / receives,
    }
}

/// Every call to MNS takes so much longer.
///
/// # Errors
/// When the emulator does not answer.
async fn slow_down(cloud: &Cloud, latency_ms: u64) -> Result<()> {
    let admin = &cloud.account.admin;
    admin.clear_faults().await?;
    if latency_ms > 0 {
        let latency = FaultKind::Latency { latency_ms };
        admin.add_fault(&Fault::always("mns", "*", latency)).await?;
    }
    Ok(())
}

/// Measures the rows of this group.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    let emulated = bench.emulated_cloud(bench.folder()).await?;
    for (latency_ms, events) in LATENCIES {
        let events = bench.pick(events, events / 3);
        at_latency(bench, &emulated, latency_ms, events).await?;
    }
    at_slow_sink(bench, &emulated).await
}

/// A sink with few workers: its queue must stay short, and its workers busy.
async fn at_slow_sink(bench: &mut Bench, emulated: &EmulatedCloud) -> Result<()> {
    let sink = Sink::with_workers(bench.folder(), WORKERS, SERVICE_TIME).await?;
    let (mut rates, mut p99s, mut fastest) = (Vec::new(), Vec::new(), Vec::new());
    for repetition in 1..=bench.pick(3, 1) {
        bench.step(&format!(
            "a sink with {WORKERS} workers, repetition {repetition}"
        ));
        let events = bench.pick(2400, 800);
        slow_down(&emulated.cloud, 0).await?;
        messages::fill(&emulated.cloud.queue, events, 0).await?;
        sink.forget().await?;
        let adapter = MeasuredAdapter::start(emulated, &sink.url, "source-adapter").await?;
        let arrivals = sink.wait_for(events).await?;
        emulated.cloud.drained(DRAIN_DEADLINE).await?;
        adapter.end(&emulated.services.http).await?;
        rates.push(arrivals.per_second());
        let arrivals = sink.arrivals().await?;
        p99s.push(arrivals.p99_ms);
        fastest.push(arrivals.fastest_ms);
    }
    let service_ms = SERVICE_TIME.as_secs_f64() * 1000.0;
    let name = |what: &str| format!("{WORKERS} workers of {service_ms} ms, {what}");
    let row = Row::new(
        name("p99 at the sink"),
        "from a request to its answer, the wait for a worker included",
        Figure::new("ms", p99s),
    )
    .against("service time, measured", Figure::new("ms", fastest));
    bench.row(row.target(Target::ratio_at_most(2.0)));
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let possible = WORKERS as f64 / SERVICE_TIME.as_secs_f64();
    let row = Row::new(
        name("throughput"),
        "from a full queue to this sink",
        Figure::new("events/s", rates),
    );
    let row = row.against("all workers busy", Figure::new("events/s", vec![possible]));
    bench.row(row.target(Target::ratio_at_least(0.95)));
    Ok(())
}

/// The counts at one latency, a number per repetition.
#[derive(Debug, Default)]
struct Counted {
    adapter: Vec<f64>,
    serial: Vec<f64>,
    bare: Vec<f64>,
    cpu: Vec<f64>,
    bare_cpu: Vec<f64>,
    peak: Vec<f64>,
    calls: Vec<f64>,
    per_receive: Vec<f64>,
}

async fn at_latency(
    bench: &mut Bench,
    emulated: &EmulatedCloud,
    latency_ms: u64,
    events: u64,
) -> Result<()> {
    let sink = Sink::start(bench.folder(), Duration::from_millis(latency_ms)).await?;
    let mut counted = Counted::default();
    for repetition in 1..=bench.pick(3, 1) {
        bench.step(&format!(
            "{latency_ms} ms of latency, repetition {repetition}"
        ));
        repeat(emulated, &sink, latency_ms, events, &mut counted).await?;
    }
    rows(bench, latency_ms, counted);
    Ok(())
}

async fn repeat(
    emulated: &EmulatedCloud,
    sink: &Sink,
    latency_ms: u64,
    events: u64,
    counted: &mut Counted,
) -> Result<()> {
    let (cloud, queue) = (&emulated.cloud, &emulated.cloud.queue);
    let url = Url::parse(&sink.url)?;
    // About a second's worth each.
    let serially = (1000 / (3 * latency_ms + 1)).max(10);

    slow_down(cloud, 0).await?;
    messages::fill(queue, serially, 0).await?;
    slow_down(cloud, latency_ms).await?;
    sink.forget().await?;
    baselines::serial(queue, &url, serially).await?;
    counted.serial.push(sink.arrivals().await?.per_second());

    let own = Meter::of(std::process::id())?;
    sink.forget().await?;
    let before = own.read()?.cpu;
    baselines::bare(&url, events, 0).await?;
    let cpu = own.read()?.cpu.saturating_sub(before);
    let arrivals = sink.arrivals().await?;
    counted.bare.push(arrivals.per_second());
    counted.bare_cpu.push(per_event(cpu, &arrivals));

    slow_down(cloud, 0).await?;
    messages::fill(queue, events, 0).await?;
    slow_down(cloud, latency_ms).await?;
    sink.forget().await?;
    let adapter = MeasuredAdapter::start(emulated, &sink.url, "source-adapter").await?;
    let arrivals = sink.wait_for(events).await?;
    cloud.drained(DRAIN_DEADLINE).await?;
    let run = adapter.end(&emulated.services.http).await?;
    counted.adapter.push(arrivals.per_second());
    counted.cpu.push(run.cpu_per_event());
    counted.peak.push(mb(run.usage.peak_bytes));
    counted.calls.push(run.calls / run.events);
    counted.per_receive.push(run.per_receive);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2 to the 53rd")]
fn per_event(cpu: Duration, arrivals: &Arrivals) -> f64 {
    cpu.as_secs_f64() * 1e6 / arrivals.count as f64
}

fn rows(bench: &mut Bench, latency_ms: u64, counted: Counted) {
    let Counted {
        adapter,
        serial,
        bare,
        cpu,
        bare_cpu,
        peak,
        calls,
        per_receive,
    } = counted;
    let rate = Figure::new("events/s", adapter);
    let name = |what: &str| format!("{latency_ms} ms, {what}");
    let row = Row::new(
        name("beside the serial way"),
        "from a full queue to a sink, both with this latency",
        rate.clone(),
    )
    .against("serial", Figure::new("events/s", serial));
    bench.row(if latency_ms == DECISIVE_MS {
        row.target(Target::ratio_at_least(100.0))
    } else {
        row
    });
    let row = Row::new(
        name("beside a bare client"),
        format!(
            "the same; the client posts the same bytes, {} at a time",
            baselines::CONCURRENCY
        ),
        rate,
    )
    .against("bare client", Figure::new("events/s", bare));
    let target = if latency_ms == 0 { 0.75 } else { 0.9 };
    bench.row(row.target(Target::ratio_at_least(target)));
    let row = Row::new(
        name("CPU per event"),
        "user and system time of the adapter alone, its start included",
        Figure::new("µs", cpu),
    );
    let row = row.against("bare client", Figure::new("µs", bare_cpu));
    bench.row(row.target(Target::ratio_at_most(1.4)));
    let row = Row::new(
        name("MNS calls per event"),
        "receives and deletes, empty ones included",
        Figure::new("calls", calls),
    )
    .beside("messages per receive", Figure::new("", per_receive));
    bench.row(row.target(Target::at_most(0.2)));
    let row = Row::new(
        name("peak memory"),
        "VmHWM of the adapter",
        Figure::new("MB", peak),
    );
    bench.row(row.target(Target::at_most(24.0)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_adapter_did_is_read_from_its_metrics() {
        let page = "adapter_messages_received_total 320\n\
            adapter_mns_calls_total{operation=\"receive\",result=\"success\"} 20\n\
            adapter_mns_calls_total{operation=\"receive\",result=\"empty\"} 4\n\
            adapter_mns_calls_total{operation=\"delete\",result=\"success\"} 22\n";
        let samples: Samples = page.parse().unwrap();
        let usage = Usage {
            cpu: Duration::from_millis(32),
            ..Usage::default()
        };
        let run = adapter_run(&samples, usage);
        let found = (run.events, run.calls, run.per_receive, run.cpu_per_event());
        assert_eq!(format!("{found:?}"), "(320.0, 46.0, 16.0, 100.0)");
    }
}
