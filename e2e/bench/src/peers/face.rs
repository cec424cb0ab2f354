//! The original face service beside ours: one photo of 12 megapixels, from its event to the stored
//! result, with a face API that says the same of every photo at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use oss::PutOptions;
use testbed::meter::{Meter, Usage};
use testbed::{BUCKET, Progress, Service, TARGET, poll_until, workspace_root};
use tokio::net::TcpStream;

use super::cgroup::Cgroup;
use super::image::{Image, Original};
use super::tls::TlsFront;
use super::{columns, text};
use crate::bench::{Bench, EmulatedCloud};
use crate::child::{Setup, report};
use crate::face::{ANSWER, ask, key};
use crate::figure::{Figure, mb, ms};
use crate::row::{Row, Target};
use crate::sink::Sink;
use crate::{messages, photos};

/// 12 megapixels in the 4:3 of cameras.
const SIZE: (u16, u16) = (4000, 3000);
/// What each photo is, and its quality: the face API takes files up to 3 MB, and ours makes a
/// smaller copy of a larger one.
const PHOTOS: [(&str, u8); 2] = [
    ("12-megapixel JPEG", 80),
    ("12-megapixel JPEG above the face API's limit", 92),
];
/// Where the original looks for OSS and for the face API.
const OSS_HOST: &str = "oss-cn-shanghai.aliyuncs.com";
const FACE_HOST: &str = "dtplus-cn-shanghai.data.aliyuncs.com";
/// Where the original listens, whatever else is asked of it.
const ORIGINAL: &str = "127.0.0.1:8080";
const START_DEADLINE: Duration = Duration::from_secs(30);
/// Stands for memory by cgroup where this process may make none.
const NOT_COUNTED: f64 = 0.0;
/// Numbers of the photos.
const OURS: usize = 0;
const THEIRS: usize = 1;

/// Arguments of a child that compares them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    setup: Setup,
    /// The original's binary.
    #[arg(long)]
    original: PathBuf,
    /// The photo.
    #[arg(long)]
    photo: PathBuf,
}

/// Measures in children, and shows the rows.
pub(super) async fn rows(bench: &mut Bench, original: &Path) -> Result<()> {
    for (name, quality) in PHOTOS {
        let photo = bench.folder().join(format!("quality-{quality}.jpg"));
        let file = photos::jpeg_with(SIZE.0, SIZE.1, quality)?;
        std::fs::write(&photo, &file)?;
        let args = ["--photo", text(&photo)?];
        let columns = columns(bench, name, "compare-faces", original, &args).await?;
        let [cpu, peak, charged, their_cpu, their_peak, their_charged] = columns;
        let row = Row::new(
            format!("{name}, CPU"),
            format!(
                "user and system time of the service alone for a file of {:.1} MB, from its event to the stored result",
                mb(file.len() as u64)
            ),
            Figure::new("ms", cpu),
        );
        let row = row.against("original", Figure::new("ms", their_cpu));
        bench.row(row.target(Target::ratio_at_most(0.1)));
        let row = Row::new(
            format!("{name}, peak memory"),
            "VmHWM of the service after this photo, pages of its binary included",
            Figure::new("MB", peak),
        );
        bench.row(row.against("original", Figure::new("MB", their_peak)));
        if charged.contains(&NOT_COUNTED) {
            bench.step("left out: memory by cgroup, which needs root");
            continue;
        }
        let row = Row::new(
            format!("{name}, peak memory by cgroup"),
            "what the kernel charged to a container with the service after this photo",
            Figure::new("MB", charged),
        );
        let row = row.against("original", Figure::new("MB", their_charged));
        bench.row(row.target(Target::ratio_at_most(0.1)));
    }
    Ok(())
}

/// Lets ours and then the original annotate the same photo, and reports CPU time and memory of
/// each.
pub(crate) async fn compare(args: Args) -> Result<()> {
    let Args {
        setup,
        original,
        photo,
    } = args;
    // The original asks for names without a port.
    let mut emulated = setup.emulated_cloud(Some("127.0.0.1:80")).await?;
    let photo = std::fs::read(photo)?;
    for number in [OURS, THEIRS] {
        let (key, options) = (key(number).parse()?, PutOptions::default());
        emulated
            .cloud
            .bucket
            .put(&key, photo.clone().into(), &options)
            .await?;
    }
    let api = Sink::answering(&setup.folder, "face-api", Duration::ZERO, ANSWER).await?;
    let ours = ours(&mut emulated, &api).await?;
    let theirs = theirs(&emulated, &setup.folder, &original, &api).await?;
    report(&[ours, theirs].concat())
}

/// CPU time from `idle` on, and memory.
fn figures(idle: Usage, usage: Usage, cgroup: Option<&Cgroup>) -> Result<[f64; 3]> {
    let charged = cgroup.map(Cgroup::peak_bytes).transpose()?;
    Ok([
        ms(usage.cpu.saturating_sub(idle.cpu)),
        mb(usage.peak_bytes),
        charged.map_or(NOT_COUNTED, mb),
    ])
}

/// Lets `start` begin processes, in the cgroup if there is one.
async fn within<T>(cgroup: Option<&Cgroup>, start: impl Future<Output = Result<T>>) -> Result<T> {
    match cgroup {
        Some(cgroup) => cgroup.around(start).await,
        None => start.await,
    }
}

async fn ours(emulated: &mut EmulatedCloud, api: &Sink) -> Result<[f64; 3]> {
    let cgroup = Cgroup::new();
    let (service, services) = (Service::FaceRecognition, &mut emulated.services);
    services.settings.face_env.extend(crate::face::env(api));
    within(cgroup.as_ref(), services.start(service)).await?;
    services.ready(service).await?;
    let id = services.pid(service).await;
    let meter = Meter::of(id.context("the service ended at once")?)?;
    let idle = meter.read()?;
    let address = services.addresses().face_recognition;
    ask(&services.http, &address, OURS).await?;
    let usage = meter.read()?;
    services.halt(service).await?;
    figures(idle, usage, cgroup.as_ref())
}

async fn theirs(
    emulated: &EmulatedCloud,
    folder: &Path,
    program: &Path,
    api: &Sink,
) -> Result<[f64; 3]> {
    let cgroup = Cgroup::new();
    let api = api.url.trim_start_matches("http://").trim_end_matches('/');
    let front = TlsFront::start("127.0.0.1:443", FACE_HOST, api).await?;
    let image = image(folder.join("original-face"), program, &front)?;
    let original = within(cgroup.as_ref(), async { start(&image) }).await?;
    poll_until("the original face service", START_DEADLINE, || async {
        let connected = TcpStream::connect(ORIGINAL).await;
        Ok(Progress::of(connected.is_ok(), || original.last_words()))
    })
    .await?;
    let idle = original.usage()?;
    let document = messages::document(&key(THEIRS), 1, 0);
    let http = &emulated.services.http;
    let answer = http
        .post(format!("http://{ORIGINAL}/"))
        .header("content-type", "application/json")
        .header("ce-specversion", "0.2")
        .header("ce-id", "1")
        .header("ce-source", "photos")
        .header("ce-type", "alimns.event")
        .body(format!("\"{}\"", BASE64_STANDARD.encode(document)))
        .send()
        .await?;
    ensure!(
        answer.status().is_success(),
        "it answered {}",
        answer.status()
    );
    let usage = original.usage()?;
    // It answers so whether it worked or not, and keeps no folders.
    let result = format!("{TARGET}/rec-{THEIRS}.jpg").parse()?;
    if emulated.cloud.head(&result).await?.is_none() {
        bail!("it stored no result; {}", original.last_words());
    }
    figures(idle, usage, cgroup.as_ref())
}

/// The files of the original's image. The font is the one of ours, and the picture under the banner
/// any: those of its repository are not ours to copy.
fn image(folder: PathBuf, program: &Path, face_api: &TlsFront) -> Result<Image> {
    let bucket_host = format!("{BUCKET}.{OSS_HOST}");
    let image = Image::new(folder, program, &[OSS_HOST, &bucket_host, FACE_HOST])?;
    image.put(
        "/etc/ssl/certs/ca-certificates.crt",
        face_api.certificate.as_bytes(),
    )?;
    let font = workspace_root().join("crates/picture/assets/DejaVuSans-Bold-ascii.ttf");
    image.put("/app/config/simsun.ttc", &std::fs::read(font)?)?;
    image.put("/app/config/bg.jpg", &photos::jpeg(460, 68)?)?;
    Ok(image)
}

/// Starts the original.
fn start(image: &Image) -> Result<Original> {
    let env = [
        ("ACCESSKEY_ID", testbed::ACCESS_KEY_ID),
        ("ACCESSKEY_SECRET", testbed::ACCESS_KEY_SECRET),
        ("UPLOAD_OSS_PATH", TARGET),
    ];
    image.start(&["-configpath", "/app/config"], &env)
}
