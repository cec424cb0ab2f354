//! Throughput while a service of the cloud refuses calls, because there are too many of them.
//!
//! The emulator enforces a limit; the queue holds more than can be delivered within it. What
//! reaches the sink stands beside what the limit allows: 16 messages in each receive, and one
//! call that deletes them. The limits are scaled down to what one machine can exceed. The rate is
//! taken over whole seconds, because the emulator counts calls in whole seconds.

mod photos;

use std::time::Duration;

use anyhow::{Result, ensure};
use testbed::Limits;
use tokio::time::{Instant, sleep};

use crate::adapter::{DRAIN_DEADLINE, MeasuredAdapter};
use crate::backlog::NAMES;
use crate::bench::{Bench, EmulatedCloud};
use crate::figure::Figure;
use crate::messages;
use crate::row::{Row, Target};
use crate::sink::Sink;

/// Messages that a receive brings, and that a call deletes.
const BATCH: f64 = 16.0;
/// Calls per second at a queue.
const AT_QUEUE: [u32; 3] = [500, 1000, 2000];
/// Half of what MNS takes of an account by default, where each message of a batch is one.
const OF_ACCOUNT: u32 = 10_000;
/// As much of what a limit allows must be left when far more is tried.
const GRACEFUL: f64 = 0.85;
/// Adapters find the limit in this time.
const SETTLING: Duration = Duration::from_secs(2);

/// A limit, and what it allows.
struct Case {
    name: String,
    limits: Limits,
    events_per_second: f64,
}

impl Case {
    /// Half of the calls receive.
    fn at_queue(calls: u32) -> Self {
        Self {
            name: format!("{calls} calls/s at a queue"),
            limits: Limits {
                queue: Some(calls),
                ..Limits::default()
            },
            events_per_second: f64::from(calls) / 2.0 * BATCH,
        }
    }

    /// A receive counts for its messages, and the delete of all of them for one.
    fn of_account(messages: u32) -> Self {
        Self {
            name: format!("{messages} messages/s of an account"),
            limits: Limits {
                mns: Some(messages),
                ..Limits::default()
            },
            events_per_second: f64::from(messages) * BATCH / (BATCH + 1.0),
        }
    }
}

/// What one repetition counted.
#[derive(Clone, Copy, Debug)]
struct Measured {
    events_per_second: f64,
    refused_per_event: f64,
    cpu_per_event: f64,
    twice: f64,
}

/// Measures the rows of this group.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    let adapters: &[usize] = bench.pick(&[1, 2, 4], &[1, 4]);
    let at_queue = bench.pick(&AT_QUEUE[..], &AT_QUEUE[1..2]);
    let cases = at_queue.iter().map(|calls| Case::at_queue(*calls));
    for case in cases.chain([Case::of_account(OF_ACCOUNT)]) {
        for &adapters in adapters {
            at_limit(bench, &case, adapters).await?;
        }
    }
    photos::run(bench).await
}

async fn at_limit(bench: &mut Bench, case: &Case, adapters: usize) -> Result<()> {
    let name = format!("{}, adapters: {adapters}", case.name);
    let mut measured = Vec::new();
    for repetition in 1..=bench.pick(3, 1) {
        bench.step(&format!("{name}, repetition {repetition}"));
        measured.push(measure(bench, case, adapters).await?);
    }
    let figure = |unit, of: fn(&Measured) -> f64| {
        Figure::new(unit, measured.iter().map(of).collect::<Vec<_>>())
    };
    let row = Row::new(
        name,
        "from a full queue to a sink, while MNS refuses the calls beyond the limit",
        figure("events/s", |it| it.events_per_second),
    )
    .beside(
        "refused calls per event",
        figure("calls", |it| it.refused_per_event),
    )
    .beside("CPU per event", figure("µs", |it| it.cpu_per_event))
    .beside("delivered twice", figure("events", |it| it.twice));
    let possible = vec![case.events_per_second; measured.len()];
    let row = row.against("the limit allows", Figure::new("events/s", possible));
    bench.row(row.target(Target::ratio_at_least(GRACEFUL)));
    Ok(())
}

async fn measure(bench: &Bench, case: &Case, adapters: usize) -> Result<Measured> {
    let window = Duration::from_secs(bench.pick(4, 2));
    let emulated = bench.emulated_cloud(bench.folder()).await?;
    let admin = &emulated.cloud.account.admin;
    let sink = Sink::telling_apart(bench.folder()).await?;
    // Enough until the end of the window, and a second more.
    let seconds = (SETTLING + window + Duration::from_secs(1)).as_secs_f64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some ten thousand"
    )]
    let events = (case.events_per_second * seconds) as u64;
    messages::fill(&emulated.cloud.queue, events, 0).await?;
    admin.limit(case.limits).await?;
    let mut running = Vec::new();
    for name in NAMES.into_iter().take(adapters) {
        running.push(MeasuredAdapter::start(&emulated, &sink.url, name).await?);
    }
    sleep(SETTLING).await;
    let (before, started) = (counts(&emulated, &sink).await?, Instant::now());
    sleep(window).await;
    let (after, took) = (counts(&emulated, &sink).await?, started.elapsed());

    admin.limit(Limits::default()).await?;
    sink.wait_for(events).await?;
    emulated.cloud.drained(DRAIN_DEADLINE).await?;
    let (mut cpu, mut received) = (Duration::ZERO, 0.0);
    for adapter in running {
        let run = adapter.end(&emulated.services.http).await?;
        cpu += run.usage.cpu;
        received += run.events;
    }
    let arrivals = sink.arrivals().await?;
    ensure!(
        arrivals.distinct == events,
        "{} of {events} events are lost",
        events - arrivals.distinct
    );
    let delivered = after.events - before.events;
    #[expect(clippy::cast_precision_loss, reason = "far below 2 to the 53rd")]
    Ok(Measured {
        events_per_second: delivered / took.as_secs_f64(),
        refused_per_event: (after.refused - before.refused) / delivered,
        cpu_per_event: cpu.as_secs_f64() * 1e6 / received,
        twice: (arrivals.count - events) as f64,
    })
}

/// Counts since the start.
#[derive(Clone, Copy, Debug)]
struct Counts {
    events: f64,
    refused: f64,
}

async fn counts(emulated: &EmulatedCloud, sink: &Sink) -> Result<Counts> {
    let stats = emulated.cloud.account.admin.stats().await?;
    let operations = stats["mns"].as_object().into_iter().flatten();
    let refused = operations.filter_map(|(_, tally)| tally["answers"]["429"].as_f64());
    #[expect(clippy::cast_precision_loss, reason = "far below 2 to the 53rd")]
    Ok(Counts {
        events: sink.arrivals().await?.count as f64,
        refused: refused.sum(),
    })
}
