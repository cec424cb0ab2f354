//! A short form of `cargo bench -p bench`: the very same functions, timed just long enough
//! for a row.

use std::error::Error;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::bench::Bench;
use crate::figure::Figure;
use crate::row::Row;

/// Measures the rows of this group.
pub(crate) fn run(bench: &mut Bench) -> Result<()> {
    for case in cases::cases().map_err(|error| unprepared(&*error))? {
        let limit = (case.limit_name, &*case.limit);
        row(bench, case.name, case.bytes, &*case.run, limit);
    }
    Ok(())
}

fn unprepared(error: &dyn Error) -> anyhow::Error {
    anyhow!("a case could not be prepared: {error}")
}

fn row(bench: &mut Bench, name: &str, bytes: usize, run: &dyn Fn(), limit: (&str, &dyn Fn())) {
    bench.step(name);
    let time = Duration::from_millis(bench.pick(200, 50));
    let (mut ours, mut limits, mut each) = (vec![], vec![], vec![]);
    for _ in 0..bench.pick(9, 5) {
        let seconds = seconds_per_call(run, time);
        ours.push(megabytes(bytes) / seconds);
        each.push(seconds * 1e6);
        limits.push(megabytes(bytes) / seconds_per_call(limit.1, time));
    }
    let measures = format!("bytes per second of one thread, {bytes} bytes per call");
    let row = Row::new(name, measures, Figure::new("MB/s", ours))
        .beside("per call", Figure::new("µs", each))
        .against(limit.0, Figure::new("MB/s", limits));
    bench.row(row);
}

#[expect(clippy::cast_precision_loss, reason = "megabytes at most")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// Calls it for about `time`, in rounds that are long against reading the clock.
fn seconds_per_call(call: &dyn Fn(), time: Duration) -> f64 {
    let mut calls = 1_u32;
    loop {
        let started = Instant::now();
        for _ in 0..calls {
            call();
        }
        let took = started.elapsed();
        if took >= time {
            return took.as_secs_f64() / f64::from(calls);
        }
        calls = calls.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn calls_are_repeated_until_time_is_up() {
        let calls = Cell::new(0);
        let pause = Duration::from_micros(100);
        let seconds = seconds_per_call(
            &|| {
                calls.set(calls.get() + 1);
                std::thread::sleep(pause);
            },
            Duration::from_millis(5),
        );
        assert!(seconds >= pause.as_secs_f64());
        assert!(calls.get() > 1);
    }

    #[test]
    fn every_case_can_be_prepared() {
        assert!(!cases::cases().unwrap().is_empty());
    }
}
