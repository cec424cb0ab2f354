//! One run from its first upload to its report.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures_util::future::try_join_all;
use mns::PollingWait;
use testbed::{Cloud, target_key};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::args::{Options, Theft};
use crate::launch::Service;
use crate::photos::{self, Photo, Version};
use crate::report::{Findings, Report, ServiceLine, Setting};
use crate::scene::Scene;
use crate::schedule::{Schedule, Upload};
use crate::uploads;
use crate::verdict;

/// Photos that may be uploaded beyond those that were asked for, because a fault has struck
/// nothing by then. Few are: each is uploaded when all before it have arrived.
const BAITS: usize = 100;
/// For a message that is published in milliseconds.
const THEFT_DEADLINE: Duration = Duration::from_mins(1);

/// Carries out a run.
///
/// # Errors
/// When it cannot be carried out. What it finds is in the report.
pub async fn run(options: &Options) -> Result<Report> {
    let schedule = if options.is_calm {
        Schedule::undisturbed(options.seed, options.size)
    } else {
        Schedule::new(options.seed, options.size)
    };
    let baits = if options.is_calm { 0 } else { BAITS };
    let photos = Arc::new(photos::make(options.size.photos + baits)?);
    let scene = Scene::open(options.isolation, schedule.slowness, &photos).await?;
    let report = tokio::select! {
        report = perform(&scene, options, &schedule, &photos) => report,
        // Never returns; dropping it leaves the services as they are.
        () = scene.look_after() => bail!("nobody looks after the services"),
    };
    let is_clean = report.as_ref().is_ok_and(Report::is_clean);
    if !is_clean {
        let logs = scene.keep_logs(options.seed).await?;
        return report.map(|mut report| {
            report
                .mistakes
                .push(format!("the logs are in `{}`", logs.display()));
            report
        });
    }
    scene.site.stop().await?;
    report
}

async fn perform(
    scene: &Scene,
    options: &Options,
    schedule: &Schedule,
    photos: &Arc<Vec<Photo>>,
) -> Result<Report> {
    let began = Instant::now();
    if options.theft == Some(Theft::Message) {
        steal_message(scene, photos, schedule).await?;
    }
    let baits = disturb(scene, options, schedule, photos, began).await?;
    scene.calm_down().await?;

    let left_in_queue = verdict::settle(scene).await?;
    if options.theft == Some(Theft::Result) {
        let target = target_key(&photos[0].key)?;
        scene.cloud.bucket.delete(&target).await?;
    }
    let expected = verdict::expected(photos, &schedule.uploads, baits);
    let findings = findings(scene, &expected, left_in_queue).await?;
    let setting = Setting {
        seed: options.seed,
        isolation: scene.isolation.clone(),
        reason: scene.reason.clone(),
        window_s: options.size.window.as_secs(),
        elapsed_s: began.elapsed().as_secs(),
        photos: expected.len(),
        services: services(scene),
        faults: scene.counts.all(),
    };
    Ok(Report::new(setting, &scene.ledger.totals(), &findings))
}

/// Uploads while the faults strike. Gives the baits that it took for each to strike.
async fn disturb<'a>(
    scene: &Scene,
    options: &Options,
    schedule: &Schedule,
    photos: &'a Arc<Vec<Photo>>,
    began: Instant,
) -> Result<&'a [Photo]> {
    let Scene {
        cloud,
        ledger,
        counts,
        ..
    } = scene;
    let (over, baits) = (CancellationToken::new(), &photos[schedule.uploads.len()..]);
    let uploads = async {
        uploads::upload_all(photos, &schedule.uploads, cloud, ledger, counts, began).await;
        uploads::bait(baits, cloud, ledger, &over).await
    };
    let lanes = async {
        let _over = over.clone().drop_guard();
        let lanes = schedule.lanes.iter();
        let lanes = lanes.map(|strikes| scene.play(strikes, began, options.size.window));
        try_join_all(lanes).await
    };
    let (used, played) = tokio::join!(uploads, lanes);
    played?;
    Ok(&baits[..used])
}

async fn findings(
    scene: &Scene,
    expected: &[(&Photo, &Version)],
    left_in_queue: u64,
) -> Result<Findings> {
    let letters = scene.dead_letters.all();
    let letter = |letter: &testbed::DeadLetter| {
        format!("{}: {} {}", letter.subject, letter.code, letter.reason)
    };
    Ok(Findings {
        left_in_queue,
        dead_letters: letters.iter().map(letter).collect(),
        mistakes: verdict::mistakes(&scene.cloud, expected).await?,
        strays: verdict::strays(&scene.cloud, expected).await?,
    })
}

fn services(scene: &Scene) -> Vec<ServiceLine> {
    let line = |service: Service| {
        let tally = scene.site.tally_of(service);
        ServiceLine {
            name: service.name(),
            restarts: tally.restarts,
            peak_kib: tally.peak_kib,
        }
    };
    Service::ALL.map(line).into()
}

/// Uploads a version that is never uploaded again, while nobody receives, and takes its
/// message away.
async fn steal_message(scene: &Scene, photos: &[Photo], schedule: &Schedule) -> Result<()> {
    let once = |upload: &&Upload| upload.overwritten_after.is_none();
    let upload = schedule.uploads.iter().find(once);
    let photo = &photos[upload.context("every photo is overwritten")?.photo];
    scene.site.halt(Service::Adapter).await?;
    uploads::put(&scene.cloud, &scene.ledger, &photo.key, &photo.versions[1]).await;
    let stolen = timeout(THEFT_DEADLINE, take_one(&scene.cloud)).await;
    stolen.context("no message came to be stolen")??;
    scene.site.start(Service::Adapter).await
}

async fn take_one(cloud: &Cloud) -> Result<()> {
    let wait = PollingWait::saturating(Duration::from_secs(5));
    loop {
        if let Some(message) = cloud.queue.receive(wait).await? {
            cloud.queue.delete_message(&message.receipt_handle).await?;
            return Ok(());
        }
    }
}
