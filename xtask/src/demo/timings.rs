//! Where the time went, as the face service itself measured it.

use std::time::Duration;

use anyhow::Result;
use testbed::Pipeline;
use testbed::metrics::{Samples, scrape};

use super::report::Share;

/// The stages of one photo's way through the face service: label and what it means.
const STAGES: [(&str, &str); 5] = [
    ("Look", "ask OSS what is there"),
    ("Get", "fetch the photo"),
    ("Analyse", "find the faces"),
    ("Draw", "decode, draw, encode"),
    ("Put", "store the result"),
];
const HISTOGRAM: &str = "face_stage_duration_seconds";

/// The stages of the whole way; `elapsed` is each photo's time from upload to result.
pub(super) async fn shares(pipeline: &Pipeline, elapsed: &[Duration]) -> Result<Vec<Share>> {
    let services = &pipeline.services;
    let samples = scrape(&services.http, &services.addresses().face_recognition).await?;
    Ok(divide(&samples, elapsed))
}

fn divide(samples: &Samples, elapsed: &[Duration]) -> Vec<Share> {
    let count = elapsed.len() as u64;
    let seconds = |label| samples.sum(&format!("{HISTOGRAM}_sum"), &format!("stage=\"{label}\""));
    let measured = STAGES.map(|(label, stage)| Share {
        stage,
        total: Duration::from_secs_f64(seconds(label)),
        count,
    });
    let within: Duration = measured.iter().map(|share| share.total).sum();
    let total = elapsed.iter().sum::<Duration>().saturating_sub(within);
    let outside = Share {
        stage: "upload, notification, queue",
        total,
        count,
    };
    [outside].into_iter().chain(measured).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_did_not_measure_was_spent_before_it() {
        let page = "face_stage_duration_seconds_sum{stage=\"Get\"} 0.5\n\
            face_stage_duration_seconds_sum{stage=\"Draw\"} 1.5\n";
        let shares = divide(
            &page.parse().unwrap(),
            &[Duration::from_secs(1), Duration::from_secs(2)],
        );
        let milliseconds: Vec<_> = shares
            .iter()
            .map(|share| (share.stage, share.total.as_millis()))
            .collect();
        assert_eq!(
            milliseconds,
            [
                ("upload, notification, queue", 1000),
                ("ask OSS what is there", 0),
                ("fetch the photo", 500),
                ("find the faces", 0),
                ("decode, draw, encode", 1500),
                ("store the result", 0),
            ]
        );
    }
}
