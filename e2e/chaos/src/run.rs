//! One run from its first upload to its report.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures_util::future::try_join_all;
use mns::PollingWait;
use testbed::{Cloud, DeadLetter, Service, target_key};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::args::{Options, Theft};
use crate::environment::Environment;
use crate::photos::{self, Photo, Version};
use crate::report::{Findings, Report, ServiceLine, Setting};
use crate::schedule::{Schedule, Upload};
use crate::{uploads, verify};

/// Photos that may be uploaded beyond those that were asked for, because a fault has struck
/// nothing by then. Few are: each is uploaded when all before it have arrived.
const EXTRA_PHOTOS: usize = 100;
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
    let extra = if options.is_calm { 0 } else { EXTRA_PHOTOS };
    let photos = Arc::new(photos::make(options.size.photos + extra)?);
    let environment = Environment::start(options.isolation, schedule.slowness, &photos).await?;
    let report = tokio::select! {
        report = execute(&environment, options, &schedule, &photos) => report,
        // Never returns; dropping it leaves the services as they are.
        () = environment.supervise() => bail!("the services are no longer supervised"),
    };
    let is_clean = report.as_ref().is_ok_and(Report::is_clean);
    if !is_clean {
        let logs = environment.keep_logs(options.seed).await?;
        return report.map(|mut report| {
            report
                .mistakes
                .push(format!("the logs are in `{}`", logs.display()));
            report
        });
    }
    environment.services.stop().await?;
    report
}

async fn execute(
    environment: &Environment,
    options: &Options,
    schedule: &Schedule,
    photos: &Arc<Vec<Photo>>,
) -> Result<Report> {
    let began = Instant::now();
    if options.theft == Some(Theft::Message) {
        steal_message(environment, photos, schedule).await?;
    }
    let extra = run_schedule(environment, options, schedule, photos, began).await?;
    environment.clear_faults().await?;

    let left_in_queue = verify::settle(environment).await?;
    if options.theft == Some(Theft::Result) {
        let target = target_key(&photos[0].key)?;
        environment.cloud.bucket.delete(&target).await?;
    }
    let expected = verify::expected(photos, &schedule.uploads, extra);
    let findings = findings(environment, &expected, left_in_queue).await?;
    let setting = Setting {
        seed: options.seed,
        isolation: environment.isolation.to_owned(),
        reason: environment.reason.clone(),
        window_s: options.size.window.as_secs(),
        elapsed_s: began.elapsed().as_secs(),
        photos: expected.len(),
        services: services(environment),
        faults: environment.counts.all(),
    };
    Ok(Report::new(
        setting,
        &environment.ledger.totals(),
        &findings,
    ))
}

/// Uploads while the faults strike. Gives the extra photos that it took for each to strike.
async fn run_schedule<'a>(
    environment: &Environment,
    options: &Options,
    schedule: &Schedule,
    photos: &'a Arc<Vec<Photo>>,
    began: Instant,
) -> Result<&'a [Photo]> {
    let Environment {
        cloud,
        ledger,
        counts,
        ..
    } = environment;
    let (over, extra) = (CancellationToken::new(), &photos[schedule.uploads.len()..]);
    let uploads = async {
        uploads::upload_all(photos, &schedule.uploads, cloud, ledger, counts, began).await;
        uploads::upload_extra(extra, cloud, ledger, &over).await
    };
    let lanes = async {
        let _over = over.clone().drop_guard();
        let lanes = schedule.lanes.iter();
        let lanes =
            lanes.map(|injections| environment.play(injections, began, options.size.window));
        try_join_all(lanes).await
    };
    let (used, played) = tokio::join!(uploads, lanes);
    played?;
    Ok(&extra[..used])
}

async fn findings(
    environment: &Environment,
    expected: &[(&Photo, &Version)],
    left_in_queue: u64,
) -> Result<Findings> {
    let letters = environment.dead_letters.dead_letters();
    let letter =
        |letter: &DeadLetter| format!("{}: {} {}", letter.subject, letter.code, letter.reason);
    Ok(Findings {
        left_in_queue,
        dead_letters: letters.iter().map(letter).collect(),
        mistakes: verify::mistakes(&environment.cloud, expected).await?,
        strays: verify::strays(&environment.cloud, expected).await?,
    })
}

fn services(environment: &Environment) -> Vec<ServiceLine> {
    let line = |service: Service| {
        let history = environment.services.history(service);
        ServiceLine {
            name: service.name(),
            restarts: history.restarts,
            peak_kib: history.peak_bytes / 1024,
        }
    };
    Service::ALL.map(line).into()
}

/// Uploads a version that is never uploaded again, while nobody receives, and takes its
/// message away.
async fn steal_message(
    environment: &Environment,
    photos: &[Photo],
    schedule: &Schedule,
) -> Result<()> {
    let once = |upload: &&Upload| upload.overwritten_after.is_none();
    let upload = schedule.uploads.iter().find(once);
    let photo = &photos[upload.context("every photo is overwritten")?.photo];
    environment.services.halt(Service::SourceAdapter).await?;
    uploads::put(
        &environment.cloud,
        &environment.ledger,
        &photo.key,
        &photo.versions[1],
    )
    .await;
    let stolen = timeout(THEFT_DEADLINE, take_one(&environment.cloud)).await;
    stolen.context("no message came to be stolen")??;
    environment.services.start(Service::SourceAdapter).await
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
