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
use testbed::{Progress, poll_until};
use tokio::time::{Instant, sleep};
use url::Url;

use crate::bench::Bench;
use crate::figure::{Figure, mb};
use crate::row::{Row, Target};
pub(crate) use fleet::launch;
use fleet::{DEADLINE, Fleet, Usage};

/// Calls to bring one source to Ready.
const CALLS: f64 = 12.0;
/// How often the controller looks at once, and so does the client it is compared with.
const CONCURRENCY: usize = 32;

/// Measures the rows of this group.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    for count in bench.pick(&[100, 500, 1000][..], &[100]) {
        bench.step(&format!("{count} sources to Ready"));
        let fleet = Fleet::start(bench, *count).await?;
        measure(bench, fleet, *count).await?;
    }
    Ok(())
}

async fn measure(bench: &mut Bench, fleet: Fleet, count: u32) -> Result<()> {
    let started = Instant::now();
    until_ready(&fleet, count).await?;
    let took = started.elapsed();
    let calls = until_quiet(&fleet).await?;
    let usage = fleet.usage().await?;
    let replayed = replay(&fleet, count, &calls).await?;
    let sources = f64::from(count);
    let per_source = |number: f64| number / sources;
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
    bench.row(
        Row::new(
            format!("{count} sources: time"),
            "until the last is Ready, per source; pods take 1 s of all",
            Figure::new("ms", [ms_per_source(took)]),
        )
        .beside("CPU", Figure::new("ms", [ms_per_source(usage.process.cpu)]))
        .against(
            "the same calls to the API server by a bare client",
            Figure::new("ms", [ms_per_source(replayed)]),
        ),
    );
    bench.row(
        Row::new(
            format!("{count} sources: memory"),
            "the controller's peak",
            Figure::new("MB", [mb(usage.process.peak_bytes)]),
        )
        .beside("without sources", Figure::new("MB", [mb(fleet.idle_bytes)])),
    );
    quiet(bench, fleet, count, usage).await
}

/// The cost of an idle fleet.
async fn quiet(bench: &mut Bench, fleet: Fleet, count: u32, before: Usage) -> Result<()> {
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
    fleet.stop().await
}

async fn until_ready(fleet: &Fleet, count: u32) -> Result<()> {
    poll_until("Ready sources", DEADLINE, || async {
        let ready = fleet.ready();
        Ok(Progress::of(ready == count, || {
            format!("{ready} of {count}")
        }))
    })
    .await
}

/// All calls up to a second in which there is none.
async fn until_quiet(fleet: &Fleet) -> Result<Vec<Call>> {
    let give_up = Instant::now() + DEADLINE;
    let mut all = Vec::new();
    while Instant::now() < give_up {
        sleep(Duration::from_secs(1)).await;
        let calls = fleet.calls();
        if calls.is_empty() {
            return Ok(all);
        }
        all.extend(calls);
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
