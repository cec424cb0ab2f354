//! The face service through its HTTP interface, with a face API that takes 200 ms.
//!
//! The API is a stand-in that says the same of every photo: the emulator would look for
//! faces, and its detector's CPU time would hide the service's. Photos and results lie in the
//! emulator, over its real socket. Every photo is new; none has its result already.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::StatusCode;
use oss::PutOptions;
use service::ConnectOptions;
use testbed::Service;
use testbed::meter::{self, Finished, Meter, Usage};

use crate::bench::{Bench, EmulatedCloud};
use crate::figure::{Figure, mb, ms, percentile};
use crate::row::{Row, Target};
use crate::sink::Sink;
use crate::{messages, photos};

/// Latency of the face API for a photo.
const API: Duration = Duration::from_millis(200);
/// Two faces where the sample photo has something to see.
pub(crate) const ANSWER: &str = r#"{"errno":0,"err_msg":"","request_id":"bench","face_num":2,
"face_rect":[180,60,100,130,820,60,100,130],"face_prob":[0.99,0.98],"gender":[0,1],"age":[37,40]}"#;
/// 2 megapixels in the 4:3 of cameras.
const SIZE: (u16, u16) = (1632, 1224);
const MEGAPIXELS: &str = "2-megapixel JPEG";
const CONCURRENCIES: [usize; 3] = [1, 8, MAX_CONCURRENCY];
const MAX_CONCURRENCY: usize = 64;
/// A file of 10 MB: 37 megapixels.
const LARGE: (u16, u16) = (7040, 5280);

/// One service worked so many photos off.
struct Worked {
    /// Milliseconds per photo, in the order of the answers.
    latencies: Vec<f64>,
    wall: Duration,
    cpu: Duration,
    usage: Usage,
    idle: Usage,
}

/// Measures the rows of this group.
pub(crate) async fn run(bench: &mut Bench) -> Result<()> {
    let photo = Bytes::from(photos::jpeg(SIZE.0, SIZE.1)?);
    for concurrency in CONCURRENCIES {
        at_concurrency(bench, &photo, concurrency).await?;
    }
    large(bench).await
}

/// Photos whose files would fill the memory, were all of them there at one time.
async fn large(bench: &mut Bench) -> Result<()> {
    let photo = Bytes::from(photos::jpeg(LARGE.0, LARGE.1)?);
    let mut counted = Counted::default();
    for repetition in 1..=bench.pick(3, 1) {
        bench.step(&format!(
            "{MAX_CONCURRENCY} large photos, repetition {repetition}"
        ));
        let api = Sink::answering(bench.folder(), "face-api", API, ANSWER).await?;
        counted.note(&work(bench, &api, &photo, MAX_CONCURRENCY, MAX_CONCURRENCY).await?);
    }
    let row = Row::new(
        format!("{MAX_CONCURRENCY} at a time, peak memory with large files"),
        format!(
            "VmHWM of the service; each photo is a JPEG of {:.1} MB",
            mb(photo.len() as u64)
        ),
        Figure::new("MB", counted.peak),
    );
    let row = row.beside("idle", Figure::new("MB", counted.idle));
    bench.row(row.target(Target::at_most(160.0)));
    Ok(())
}

/// A number per repetition.
#[derive(Default)]
struct Counted {
    rate: Vec<f64>,
    limit: Vec<f64>,
    percentiles: [Vec<f64>; 3],
    later_half: Vec<f64>,
    earlier_half: Vec<f64>,
    cpu: Vec<f64>,
    codec: Vec<f64>,
    peak: Vec<f64>,
    idle: Vec<f64>,
}

async fn at_concurrency(bench: &mut Bench, photo: &Bytes, concurrency: usize) -> Result<()> {
    let rounds = match concurrency {
        1 => bench.pick(12, 6),
        8 => bench.pick(12, 5),
        _ => bench.pick(6, 3),
    };
    let count = concurrency * rounds;
    let mut counted = Counted::default();
    for repetition in 1..=bench.pick(3, 1) {
        bench.step(&format!(
            "{count} photos, {concurrency} at a time, repetition {repetition}"
        ));
        counted.codec.push(ms(codec(bench, photo)?.cpu));
        let api = Sink::answering(bench.folder(), "face-api", API, ANSWER).await?;
        counted.limit.push(limit(&api, count, concurrency).await?);
        counted.note(&work(bench, &api, photo, count, concurrency).await?);
    }
    rows(bench, concurrency, counted);
    Ok(())
}

impl Counted {
    #[expect(clippy::cast_precision_loss, reason = "hundreds of photos")]
    fn note(&mut self, worked: &Worked) {
        let Worked {
            latencies,
            wall,
            cpu,
            usage,
            idle,
        } = worked;
        let count = latencies.len() as f64;
        self.rate.push(count / wall.as_secs_f64());
        for (values, share) in self.percentiles.iter_mut().zip([0.5, 0.95, 0.99]) {
            values.push(percentile(latencies, share));
        }
        let (earlier, later) = latencies.split_at(latencies.len() / 2);
        self.earlier_half.push(percentile(earlier, 0.5));
        self.later_half.push(percentile(later, 0.5));
        self.cpu.push(ms(*cpu) / count);
        self.peak.push(mb(usage.peak_bytes));
        self.idle.push(mb(idle.resident_bytes));
    }
}

/// The practical limit of decoding and encoding the same file.
fn codec(bench: &Bench, photo: &[u8]) -> Result<Finished> {
    let file = bench.folder().join("photo.jpg");
    std::fs::write(&file, photo)?;
    let mut decode = Command::new("djpeg");
    decode.arg(&file);
    let mut encode = Command::new("cjpeg");
    encode
        .args(["-quality", &photos::QUALITY.to_string()])
        .stdout(Stdio::null());
    meter::pipe([decode, encode]).context("install libjpeg-turbo-progs")
}

/// Calls of the face API per second, when nothing else is done.
async fn limit(api: &Sink, count: usize, concurrency: usize) -> Result<f64> {
    let http = service::http_client(&ConnectOptions::default())?;
    let call = |_| async { Ok(http.post(&api.url).body("{}").send().await?.bytes().await?) };
    let started = Instant::now();
    let answers: Result<Vec<Bytes>> = stream::iter(0..count)
        .map(call)
        .buffer_unordered(concurrency)
        .try_collect()
        .await;
    #[expect(clippy::cast_precision_loss, reason = "hundreds of photos")]
    let count = answers?.len() as f64;
    Ok(count / started.elapsed().as_secs_f64())
}

async fn work(
    bench: &Bench,
    api: &Sink,
    photo: &Bytes,
    count: usize,
    concurrency: usize,
) -> Result<Worked> {
    let EmulatedCloud {
        mut services,
        cloud,
    } = bench.emulated_cloud(bench.folder()).await?;
    for number in 0..count {
        let key = key(number).parse()?;
        let options = PutOptions::default();
        cloud.bucket.put(&key, photo.clone(), &options).await?;
    }
    services.settings.face_env.extend(env(api));
    let service = Service::FaceRecognition;
    services.start(service).await?;
    services.ready(service).await?;
    let id = services.pid(service).await;
    let meter = Meter::of(id.context("the service ended at once")?)?;
    let address = services.addresses().face_recognition;
    let idle = meter.read()?;

    let started = Instant::now();
    let latencies = ask_all(&address, count, concurrency).await?;
    let wall = started.elapsed();
    let usage = meter.read()?;
    services.halt(service).await?;
    Ok(Worked {
        latencies,
        wall,
        cpu: usage.cpu.saturating_sub(idle.cpu),
        usage,
        idle,
    })
}

/// What the service is told beside the usual: where the face API is, and the allocator's settings,
/// as in its image.
pub(crate) fn env(api: &Sink) -> [(String, String); 2] {
    let tunables = "glibc.malloc.mmap_threshold=131072".to_owned();
    [
        ("FACE_ENDPOINT".to_owned(), api.url.clone()),
        ("GLIBC_TUNABLES".to_owned(), tunables),
    ]
}

/// Milliseconds of each answer, in the order in which they came.
async fn ask_all(address: &str, count: usize, concurrency: usize) -> Result<Vec<f64>> {
    let http = service::http_client(&ConnectOptions::default())?;
    stream::iter(0..count)
        .map(|number| ask(&http, address, number))
        .buffer_unordered(concurrency)
        .try_collect()
        .await
}

/// Sends the event of one photo, as a Trigger would, and waits for the reply.
pub(crate) async fn ask(http: &reqwest::Client, address: &str, number: usize) -> Result<f64> {
    let id = u64::try_from(number)?;
    let request = http
        .post(format!("http://{address}/"))
        .header("content-type", "application/json")
        .header("ce-specversion", "1.0")
        .header("ce-id", id.to_string())
        .header("ce-source", "acs.oss")
        .header("ce-type", "oss:ObjectCreated:PutObject")
        .body(messages::document(&key(number), id, 0));
    let started = Instant::now();
    let answer = request.send().await?;
    let status = answer.status();
    let reply = answer.text().await?;
    ensure!(
        status == StatusCode::OK && reply.contains(r#""known":false"#),
        "photo {number} was answered with {status}: {reply}"
    );
    Ok(ms(started.elapsed()))
}

/// The key of a photo.
pub(crate) fn key(number: usize) -> String {
    format!("photos/{number}.jpg")
}

fn rows(bench: &mut Bench, concurrency: usize, counted: Counted) {
    let Counted {
        rate,
        limit,
        percentiles: [p50, p95, p99],
        later_half,
        earlier_half,
        cpu,
        codec,
        peak,
        idle,
    } = counted;
    let name = |what: &str| format!("{concurrency} at a time, {what}");
    let row = Row::new(
        name("photos"),
        format!(
            "{MEGAPIXELS} to stored result, the face API takes {} ms",
            API.as_millis()
        ),
        Figure::new("photos/s", rate),
    );
    bench.row(row.against("face API alone", Figure::new("photos/s", limit)));
    let row = Row::new(
        name("latency"),
        "median of all photos",
        Figure::new("ms", p50),
    )
    .beside("p95", Figure::new("ms", p95))
    .beside("p99", Figure::new("ms", p99));
    bench.row(row);
    if concurrency == MAX_CONCURRENCY {
        let row = Row::new(
            name("growth"),
            "median latency of the later half of the photos: a queue that grows doubles it",
            Figure::new("ms", later_half),
        );
        let row = row.against("earlier half", Figure::new("ms", earlier_half));
        bench.row(row.target(Target::ratio_at_most(1.3)));
    }
    let row = Row::new(
        name("CPU per photo"),
        "user and system time of the service alone; reference: the same file decoded and encoded",
        Figure::new("ms", cpu),
    );
    let row = row.against("djpeg | cjpeg", Figure::new("ms", codec));
    bench.row(row.target(Target::at_most(60.0)));
    let row = Row::new(
        name("peak memory"),
        "VmHWM of the service",
        Figure::new("MB", peak),
    );
    bench.row(row.beside("idle", Figure::new("MB", idle)));
}
