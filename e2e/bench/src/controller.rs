//! The cost of many sources for the controller, the API server and MNS.
//!
//! The controller's own binary talks to a fake API server over a socket and to the emulator's
//! MNS. Every source has a Secret and a sink of its own, which is the dearest case. The fake
//! lets Deployments become available, but starts no pods, and answers faster than a real
//! server: counts carry over to a cluster, times do not.

mod fleet;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use fake_api_server::Call;
use futures_util::{TryStreamExt as _, stream};
use tokio::time::{Instant, sleep};
use url::Url;

use crate::bench::Bench;
use crate::figure::{Figure, mb};
use crate::row::{Row, Target};
pub(crate) use fleet::launch;
use fleet::{DEADLINE, Fleet, Usage};

/// Calls to bring one source to Ready.
const CALLS: f64 = 12.0;
/// Memory for one source among [`MANY`], in thousands of bytes.
const KILOBYTES: f64 = 40.0;
/// How long a new controller may take to look at so many sources.
const START_SECONDS: f64 = 60.0;
/// So late the API server and MNS answer a new controller.
const LATENCY: Duration = Duration::from_millis(5);
/// From so many sources on, what is not per source does not count any more. The calls are then not
/// made again by a bare client: all their bodies would have to be kept.
const MANY: u32 = 10_000;
/// How often the controller looks at once, and so does the client it is compared with.
const CONCURRENCY: usize = 32;
/// Between two looks at what the controller does.
const GLANCE: Duration = Duration::from_millis(20);
/// A controller without a call for so long has come to rest.
const QUIET: Duration = Duration::from_secs(1);

/// Measures the rows of this group.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    for count in bench.pick(&[100, 500, 1000, MANY][..], &[100]) {
        bench.step(&format!("{count} sources to Ready"));
        let fleet = Fleet::start(bench, *count).await?;
        let fleet = measure(bench, fleet, *count).await?;
        start(bench, fleet, *count).await?;
    }
    Ok(())
}

async fn measure(bench: &mut Bench, fleet: Fleet, count: u32) -> Result<Fleet> {
    let started = Instant::now();
    let mut calls = until_ready(&fleet, count).await?;
    let took = started.elapsed();
    calls.extend(until_quiet(&fleet, 0).await?.0);
    let usage = fleet.usage().await?;
    let per_source = |number: f64| number / f64::from(count);
    bench.step(&tally(&calls));
    bench.row(
        Row::new(
            format!("{count} sources: calls"),
            "calls to the API server until one is Ready",
            Figure::new("calls", [per_source(number(calls.len()))]),
        )
        .beside(
            "calls to MNS",
            Figure::new("calls", [per_source(usage.cloud_calls)]),
        )
        .target(Target::at_most(CALLS)),
    );
    let ms_per_source = |time: Duration| per_source(time.as_secs_f64() * 1000.0);
    let time = Row::new(
        format!("{count} sources: time"),
        "until the last is Ready, per source; pods take 1 s of all",
        Figure::new("ms", [ms_per_source(took)]),
    );
    let time = time.beside("CPU", Figure::new("ms", [ms_per_source(usage.process.cpu)]));
    bench.row(if count < MANY {
        let replayed = ms_per_source(replay(&fleet, count, &calls).await?);
        let replayed = Figure::new("ms", [replayed]);
        time.against(
            "the same calls to the API server by a bare client",
            replayed,
        )
    } else {
        time
    });
    bench.row(memory(&fleet, count, &usage, "memory"));
    quiet(bench, &fleet, count, usage).await?;
    Ok(fleet)
}

/// A new controller looks at sources that are all in order.
async fn start(bench: &mut Bench, fleet: Fleet, count: u32) -> Result<()> {
    bench.step("a new controller");
    let fleet = fleet.restart(bench, LATENCY).await?;
    // Each source has a Secret of its own, which is read once.
    let (calls, took) = until_quiet(&fleet, count).await?;
    bench.step(&tally(&calls));
    let usage = fleet.usage().await?;
    let per_source = |number: f64| number / f64::from(count);
    let writes = calls.iter().filter(|call| call.is_write()).count();
    let row = Row::new(
        format!("{count} sources: start"),
        "until a new controller has looked at all of them; API server and MNS take 5 ms to answer",
        Figure::new("s", [took.as_secs_f64()]),
    );
    let cpu_ms = usage.process.cpu.as_secs_f64() * 1000.0;
    bench.row(
        row.beside("writes", Figure::new("writes", [number(writes)]))
            .beside(
                "calls each",
                Figure::new("calls", [per_source(number(calls.len()))]),
            )
            .beside(
                "calls to MNS each",
                Figure::new("calls", [per_source(usage.cloud_calls)]),
            )
            .beside("CPU each", Figure::new("ms", [per_source(cpu_ms)]))
            .target(Target::at_most(START_SECONDS)),
    );
    bench.row(memory(&fleet, count, &usage, "start, memory"));
    fleet.stop().await
}

/// What a source takes of the controller's memory.
fn memory(fleet: &Fleet, count: u32, usage: &Usage, name: &str) -> Row {
    let peak = usage.process.peak_bytes;
    let each = mb(peak.saturating_sub(fleet.idle_bytes)) * 1000.0 / f64::from(count);
    let row = Row::new(
        format!("{count} sources: {name}"),
        "the controller's peak above that without sources, per source",
        Figure::new("KB", [each]),
    )
    .beside("peak", Figure::new("MB", [mb(peak)]))
    .beside("without sources", Figure::new("MB", [mb(fleet.idle_bytes)]));
    if count < MANY {
        row
    } else {
        row.target(Target::at_most(KILOBYTES))
    }
}

/// The cost of an idle fleet.
async fn quiet(bench: &mut Bench, fleet: &Fleet, count: u32, before: Usage) -> Result<()> {
    let seconds = bench.pick(60, 10);
    bench.step(&format!("{seconds} quiet seconds"));
    fleet.calls();
    sleep(Duration::from_secs(seconds)).await;
    let calls = fleet.calls();
    let writes = calls.iter().filter(|call| call.is_write()).count();
    let after = fleet.usage().await?;
    let cpu = after.process.cpu.saturating_sub(before.process.cpu);
    bench.row(
        Row::new(
            format!("{count} sources: quiet"),
            format!("writes in {seconds} s in which nothing changes"),
            Figure::new("writes", [number(writes)]),
        )
        .beside("calls", Figure::new("calls", [number(calls.len())]))
        .beside(
            "calls to MNS",
            Figure::new("calls", [after.cloud_calls - before.cloud_calls]),
        )
        .beside("CPU", Figure::new("ms", [cpu.as_secs_f64() * 1000.0]))
        .target(Target::at_most(0.0)),
    );
    Ok(())
}

/// All calls until all sources are ready; without their bodies if they are too many.
async fn until_ready(fleet: &Fleet, count: u32) -> Result<Vec<Call>> {
    let mut all = Vec::new();
    let (give_up, mut pause) = (Instant::now() + DEADLINE, GLANCE);
    while Instant::now() < give_up {
        sleep(pause).await;
        let mut calls = fleet.calls();
        if count >= MANY {
            for call in &mut calls {
                call.body.take();
            }
        }
        all.extend(calls);
        // To look at thousands of sources takes its time.
        let looked = Instant::now();
        if u32::try_from(fleet.ready())? == count {
            return Ok(all);
        }
        pause = GLANCE.max(4 * looked.elapsed());
    }
    bail!("{} of {count} sources are ready", fleet.ready())
}

/// All calls up to a second in which there is none, and when the last one came; but at least so many
/// that read a Secret.
async fn until_quiet(fleet: &Fleet, secrets: u32) -> Result<(Vec<Call>, Duration)> {
    let started = Instant::now();
    let mut last = started;
    let mut all = Vec::new();
    let is_read = |call: &&Call| call.verb() == "get" && call.resource() == "secrets";
    while started.elapsed() < DEADLINE {
        sleep(GLANCE).await;
        let calls = fleet.calls();
        if !calls.is_empty() {
            last = Instant::now();
            all.extend(calls);
        } else if last.elapsed() >= QUIET
            && all.iter().filter(is_read).count() >= usize::try_from(secrets)?
        {
            return Ok((all, last - started));
        }
    }
    bail!("the controller does not come to rest")
}

/// Makes the same calls again, to another server with the same sources, without looking at
/// the answers and as fast as they are taken.
async fn replay(fleet: &Fleet, count: u32, calls: &[Call]) -> Result<Duration> {
    let server = fleet.twin(count);
    let socket = server.listen().await?;
    let http = service::http_client(&service::ConnectOptions {
        idle_per_host: CONCURRENCY,
        ..service::ConnectOptions::default()
    })?;
    let single = calls
        .iter()
        .filter(|call| !matches!(call.verb(), "list" | "watch"));
    let requests = single.map(|call| {
        let url = format!("{}{}", socket.url(), call.path);
        let url = Url::parse_with_params(&url, &call.query)?;
        let request = http
            .request(call.method.clone(), url)
            .header("content-type", &call.content_type);
        Ok(if call.is_write() {
            request.body(call.body.to_string())
        } else {
            request
        })
    });
    let requests = requests.collect::<Result<Vec<_>>>()?;
    let started = Instant::now();
    stream::iter(requests.into_iter().map(Ok))
        .try_for_each_concurrent(CONCURRENCY, async |request| {
            request.send().await?.bytes().await.map(drop)
        })
        .await
        .context("cannot make the calls again")?;
    Ok(started.elapsed())
}

/// Calls by verb and resource, in one line.
fn tally(calls: &[Call]) -> String {
    let mut tally = BTreeMap::<_, u32>::new();
    for call in calls {
        let what = format!("{} {}", call.verb(), call.resource());
        *tally.entry(what).or_default() += 1;
    }
    let each = tally.iter().map(|(what, count)| format!("{count} {what}"));
    each.collect::<Vec<_>>().join(", ")
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn number(count: usize) -> f64 {
    count as f64
}
