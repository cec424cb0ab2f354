//! What many sources cost the controller, the API server and MNS.
//!
//! The controller's own binary talks to a fake API server over a socket and to the emulator's
//! MNS. Every source has a Secret and a sink of its own, which is the dearest case. The fake
//! lets Deployments become available, but starts no pods, and answers faster than a real
//! server: counts carry over to a cluster, times do not.

mod herd;

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
pub(crate) use herd::launch;
use herd::{Herd, Used};

/// Calls to bring one source to Ready.
const CALLS: f64 = 12.0;
/// How often the controller looks at once, and so does the client it is compared with.
const CONCURRENCY: usize = 32;
const GIVE_UP: Duration = Duration::from_mins(5);
/// Pods come up so long after they were made: long enough to be looked at in between.
const PODS_TAKE: Duration = Duration::from_secs(1);

/// Measures the rows of this group.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    for count in bench.pick(&[100, 500, 1000][..], &[100]) {
        bench.step(&format!("{count} sources to Ready"));
        let herd = Herd::start(bench, *count).await?;
        measure(bench, herd, *count).await?;
    }
    Ok(())
}

async fn measure(bench: &mut Bench, herd: Herd, count: u32) -> Result<()> {
    let started = Instant::now();
    until_ready(&herd, count).await?;
    let took = started.elapsed();
    let calls = until_quiet(&herd).await?;
    let used = herd.used().await?;
    let replayed = replay(&herd, count, &calls).await?;
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
            Figure::new("calls", [per_source(used.cloud_calls)]),
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
        .beside("CPU", Figure::new("ms", [ms_per_source(used.usage.cpu)]))
        .against(
            "the same calls to the API server by a bare client",
            Figure::new("ms", [ms_per_source(replayed)]),
        ),
    );
    bench.row(
        Row::new(
            format!("{count} sources: memory"),
            "the controller's peak",
            Figure::new("MB", [mb(used.usage.peak_bytes)]),
        )
        .beside("without sources", Figure::new("MB", [mb(herd.idle_bytes)])),
    );
    quiet(bench, herd, count, used).await
}

/// What happens when nothing happens.
async fn quiet(bench: &mut Bench, herd: Herd, count: u32, before: Used) -> Result<()> {
    let seconds = bench.pick(60, 10);
    bench.step(&format!("{seconds} quiet seconds"));
    herd.calls();
    sleep(Duration::from_secs(seconds)).await;
    let calls = herd.calls();
    let writes = calls.iter().filter(|call| call.is_write()).count();
    let after = herd.used().await?;
    let cpu = after.usage.cpu.saturating_sub(before.usage.cpu);
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
    herd.stop().await
}

async fn until_ready(herd: &Herd, count: u32) -> Result<()> {
    let give_up = Instant::now() + GIVE_UP;
    loop {
        let ready = herd.ready();
        if ready == count {
            return Ok(());
        }
        if Instant::now() > give_up {
            bail!("only {ready} of {count} sources became Ready within {GIVE_UP:?}");
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// All calls up to a second in which there is none.
async fn until_quiet(herd: &Herd) -> Result<Vec<Call>> {
    let give_up = Instant::now() + GIVE_UP;
    let mut all = Vec::new();
    while Instant::now() < give_up {
        sleep(Duration::from_secs(1)).await;
        let calls = herd.calls();
        if calls.is_empty() {
            return Ok(all);
        }
        all.extend(calls);
    }
    bail!("the controller does not come to rest")
}

/// Makes the same calls again, to another server with the same sources, without looking at
/// the answers and as fast as they are taken.
async fn replay(herd: &Herd, count: u32, calls: &[Call]) -> Result<Duration> {
    let server = herd.twin(count);
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
