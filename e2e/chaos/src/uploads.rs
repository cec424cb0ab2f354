//! The photos' owner: uploads what the schedule says, until OSS has it.

use std::sync::Arc;
use std::time::Duration;

use oss::PutOptions;
use testbed::Cloud;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::counts::Counts;
use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::photos::{Photo, Version};
use crate::schedule::Upload;

/// The OSS client has tried three times by itself before this.
const RETRY_PAUSE: Duration = Duration::from_millis(300);
/// How often to check whether all photos have arrived.
const QUIET_POLL: Duration = Duration::from_millis(100);
/// Beyond the longest time that the schedule takes OSS away for.
const DEADLINE: Duration = Duration::from_mins(2);

/// Uploads everything at its time. Versions of one photo follow one another: of two uploads
/// at the same time, nobody could say which one won.
pub(crate) async fn upload_all(
    photos: &Arc<Vec<Photo>>,
    uploads: &[Upload],
    cloud: &Cloud,
    ledger: &Arc<Ledger>,
    counts: &Counts,
    began: Instant,
) {
    let mut owners = JoinSet::new();
    for upload in uploads.iter().copied() {
        let (photos, cloud, ledger) = (Arc::clone(photos), cloud.clone(), Arc::clone(ledger));
        if upload.overwritten_after.is_some() {
            counts.add(Fault::Overwritten, 1);
        }
        owners.spawn(async move {
            let Photo { key, versions } = &photos[upload.photo];
            sleep_until(began + upload.at).await;
            put(&cloud, &ledger, key, &versions[0]).await;
            if let Some(pause) = upload.overwritten_after {
                sleep(pause).await;
                put(&cloud, &ledger, key, &versions[1]).await;
            }
        });
    }
    owners.join_all().await;
}

/// Uploads further photos until told to stop, each when all before it have arrived: a fault that
/// has struck nothing yet needs calls to strike. Gives how many it uploaded.
pub(crate) async fn upload_extra(
    photos: &[Photo],
    cloud: &Cloud,
    ledger: &Ledger,
    stop: &CancellationToken,
) -> usize {
    let mut used = 0;
    while let Some(photo) = photos.get(used) {
        while !ledger.is_quiet() && !stop.is_cancelled() {
            sleep(QUIET_POLL).await;
        }
        if stop.is_cancelled() {
            break;
        }
        put(cloud, ledger, &photo.key, &photo.versions[0]).await;
        used += 1;
    }
    used
}

/// Uploads one version. A lost answer leads to a second upload of the same, as it would in
/// anybody's program.
pub(crate) async fn put(cloud: &Cloud, ledger: &Ledger, key: &oss::ObjectKey, version: &Version) {
    let options = PutOptions {
        content_type: Some(version.format.to_mime_type().to_owned()),
        ..PutOptions::default()
    };
    let etag = version.etag.as_str();
    ledger.begun(key.as_str(), etag);
    let give_up = Instant::now() + DEADLINE;
    loop {
        let put = cloud.bucket.put(key, version.bytes.clone(), &options).await;
        match put {
            Ok(stored) if stored.etag == version.etag => {
                return ledger.stored(key.as_str(), etag);
            }
            Ok(stored) => {
                return ledger.note(format!("`{key}` was stored as `{}`", stored.etag));
            }
            Err(error) if Instant::now() > give_up => {
                return ledger.note(format!("`{key}` cannot be uploaded: {error}"));
            }
            Err(_) => sleep(RETRY_PAUSE).await,
        }
    }
}
