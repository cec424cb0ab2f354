//! The photos' owner: uploads what the schedule says, until OSS has it.

use std::sync::Arc;
use std::time::Duration;

use harness::Cloud;
use oss::PutOptions;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::counts::Counts;
use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::photos::{Photo, Version};
use crate::schedule::Upload;

/// The OSS client has tried three times by itself before this.
const RETRY_PAUSE: Duration = Duration::from_millis(300);
/// Beyond the longest time that the schedule takes OSS away for.
const PATIENCE: Duration = Duration::from_mins(2);

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

/// Uploads one version. A lost answer leads to a second upload of the same, as it would in
/// anybody's program.
pub(crate) async fn put(cloud: &Cloud, ledger: &Ledger, key: &oss::ObjectKey, version: &Version) {
    let options = PutOptions {
        content_type: Some(version.format.to_mime_type().to_owned()),
        ..PutOptions::default()
    };
    let etag = version.etag.as_str();
    ledger.begun(key.as_str(), etag);
    let give_up = Instant::now() + PATIENCE;
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
