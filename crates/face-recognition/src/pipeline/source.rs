//! The photo in its bucket: where it is, and whether it changed.

use oss::{Bucket, ObjectKey, ObjectMeta};
use tracing::debug;

use super::{PhotoTask, Pipeline};
use crate::failure::Failure;
use crate::metrics::Stage;

impl Pipeline {
    /// Finds the photo: under the key as the event wrote it, else under that key with its
    /// percent sequences decoded, else with `+` for blanks as well, for no document says how
    /// publishers write it.
    pub(super) async fn locate(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
    ) -> Result<(ObjectKey, ObjectMeta), Failure> {
        self.metrics.stage(Stage::Look, locate(bucket, key)).await
    }

    pub(super) async fn head(&self, task: &PhotoTask) -> Result<ObjectMeta, Failure> {
        let looking = task.bucket.head(&task.key);
        let meta = self.metrics.stage(Stage::Look, looking).await;
        meta.map_err(no_metadata)
    }

    /// The photo as it is now, if it is no longer the version of `meta`. A photo that was
    /// deleted in the meantime keeps the result it has.
    pub(super) async fn changed_since(
        &self,
        task: &PhotoTask,
        meta: &ObjectMeta,
    ) -> Result<Option<ObjectMeta>, Failure> {
        match self.head(task).await {
            Ok(now) => Ok((now.etag != meta.etag).then_some(now)),
            Err(Failure::Gone(_)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

async fn locate(bucket: &Bucket, key: &ObjectKey) -> Result<(ObjectKey, ObjectMeta), Failure> {
    let missing = match bucket.head(key).await {
        Ok(meta) => return Ok((key.clone(), meta)),
        Err(error) if error.is_no_such_key() => error,
        Err(error) => return Err(no_metadata(error)),
    };
    for decoded in [key.percent_decoded(), key.form_decoded()]
        .into_iter()
        .flatten()
    {
        debug!(oss.key = %decoded, "no such key; trying it decoded");
        match bucket.head(&decoded).await {
            Ok(meta) => return Ok((decoded, meta)),
            Err(error) if error.is_no_such_key() => {}
            Err(error) => return Err(no_metadata(error)),
        }
    }
    Err(no_metadata(missing))
}

fn no_metadata(error: oss::Error) -> Failure {
    Failure::storage("cannot read the metadata of the photo", error)
}
