//! The whole pipeline while OSS refuses requests: a full queue, an adapter, and the face service as
//! its sink. An event that fails for it comes again, so that some of its requests are made twice.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use oss::PutOptions;
use testbed::{Cloud, Limits, Service, target_key};
use tokio::time::{Instant, sleep};

use super::GRACEFUL;
use crate::adapter::{DRAIN_DEADLINE, MeasuredAdapter};
use crate::bench::Bench;
use crate::figure::Figure;
use crate::photos;
use crate::row::{Row, Target};
use crate::sink::Sink;

/// Requests per second at the bucket: a fiftieth of what OSS takes of an account.
const AT_BUCKET: u32 = 200;
/// Metadata of photo and result, the photo, its result, and the photo's metadata before and after that.
const REQUESTS: u32 = 6;
/// Latency of the face API, which is no limit here.
const API: Duration = Duration::from_millis(20);
/// Small, so that two CPUs can exceed the limit.
const SIZE: (u16, u16) = (640, 480);
/// From the first event on; adapter and face service find the limit in this time.
const SETTLING: Duration = Duration::from_secs(4);

/// What one repetition counted.
struct Measured {
    photos_per_second: f64,
    requests_per_photo: f64,
    refused_per_photo: f64,
}

pub(super) async fn run(bench: &mut Bench) -> Result<()> {
    let name = format!("{AT_BUCKET} requests/s at a bucket");
    let mut measured = Vec::new();
    for repetition in 1..=bench.pick(3, 1) {
        bench.step(&format!("{name}, repetition {repetition}"));
        measured.push(measure(bench).await?);
    }
    let figure = |unit, of: fn(&Measured) -> f64| {
        Figure::new(unit, measured.iter().map(of).collect::<Vec<_>>())
    };
    let row = Row::new(
        name,
        "photos to stored results, while OSS refuses the requests beyond the limit",
        figure("photos/s", |it| it.photos_per_second),
    )
    .beside(
        "requests per photo",
        figure("requests", |it| it.requests_per_photo),
    )
    .beside(
        "refused of them",
        figure("requests", |it| it.refused_per_photo),
    );
    let possible = vec![f64::from(AT_BUCKET) / f64::from(REQUESTS); measured.len()];
    let row = row.against("the limit allows", Figure::new("photos/s", possible));
    bench.row(row.target(Target::ratio_at_least(GRACEFUL)));
    Ok(())
}

async fn measure(bench: &Bench) -> Result<Measured> {
    let window = Duration::from_secs(bench.pick(10, 5));
    let mut emulated = bench.emulated_cloud(bench.folder()).await?;
    let api = Sink::answering(bench.folder(), "face-api", API, crate::face::ANSWER).await?;
    let face_endpoint = ("FACE_ENDPOINT".to_owned(), api.url.clone());
    emulated.services.settings.face_env.extend([face_endpoint]);
    let (services, cloud) = (&emulated.services, &emulated.cloud);
    let photo = Bytes::from(photos::jpeg(SIZE.0, SIZE.1)?);
    let seconds = (SETTLING + window + Duration::from_secs(2)).as_secs();
    let count = seconds * u64::from(AT_BUCKET / REQUESTS);
    for number in 0..count {
        let (key, options) = (key(number)?, PutOptions::default());
        cloud.bucket.put(&key, photo.clone(), &options).await?;
    }
    services.start(Service::FaceRecognition).await?;
    services.ready(Service::FaceRecognition).await?;
    let limit = Limits {
        bucket: Some(AT_BUCKET),
        ..Limits::default()
    };
    cloud.account.admin.limit(limit).await?;
    let address = services.addresses().face_recognition;
    let adapter =
        MeasuredAdapter::start(&emulated, &format!("http://{address}/"), "source-adapter").await?;
    sleep(SETTLING).await;
    let (before, started) = (counts(cloud).await?, Instant::now());
    sleep(window).await;
    let (after, took) = (counts(cloud).await?, started.elapsed());

    cloud.account.admin.limit(Limits::default()).await?;
    cloud.drained(DRAIN_DEADLINE).await?;
    adapter.end(&services.http).await?;
    services.halt(Service::FaceRecognition).await?;
    for number in 0..count {
        let result = cloud.head(&target_key(&key(number)?)?).await?;
        ensure!(result.is_some(), "photo {number} has no result");
    }
    let stored = after.stored - before.stored;
    Ok(Measured {
        photos_per_second: stored / took.as_secs_f64(),
        requests_per_photo: (after.requests - before.requests) / stored,
        refused_per_photo: (after.refused - before.refused) / stored,
    })
}

fn key(number: u64) -> Result<oss::ObjectKey> {
    Ok(format!("photos/{number}.jpg").parse()?)
}

/// Counts since the start.
struct Counts {
    stored: f64,
    requests: f64,
    refused: f64,
}

async fn counts(cloud: &Cloud) -> Result<Counts> {
    let stats = cloud.account.admin.stats().await?;
    let operations = stats["oss"].as_object().context("no counts of OSS")?;
    let answers = |status: &str| {
        let answers = operations
            .values()
            .filter_map(|tally| tally["answers"][status].as_f64());
        answers.sum::<f64>()
    };
    let calls = operations
        .values()
        .filter_map(|tally| tally["calls"].as_f64());
    Ok(Counts {
        stored: stats["oss"]["PutObject"]["answers"]["200"]
            .as_f64()
            .unwrap_or_default(),
        requests: calls.sum(),
        refused: answers("503"),
    })
}
