//! One photo, from its event to its stored result.
//!
//! The result is written whole by one request and names the version of the photo it was made
//! of. Whoever writes looks at the photo again afterwards and starts over if it changed, so the
//! last result always belongs to the last photo, in whatever order events and processes came.

mod make;
mod source;

use std::sync::Arc;
use std::time::Duration;

use face::Backend;
use oss::{Bucket, BucketName, ObjectKey, ObjectMeta, PutOptions};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{info, instrument};

use crate::budget::Budget;
use crate::config::{Limits, Storage};
use crate::failure::Failure;
use crate::flights::Flights;
use crate::guard::{Job, SkipReason};
use crate::metrics::{Metrics, Stage};
use crate::record::{self, Record};
use crate::storage::Buckets;
use make::Made;

/// Changes with the way pictures are drawn, so that a redelivery replaces older results.
const DRAWING: u32 = 1;

/// A photo that changes more often than this while in work is left to a later delivery.
const MOST_ROUNDS: u32 = 4;

/// Everything that work on a photo needs. Shared by all requests.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) storage: Storage,
    pub(crate) limits: Limits,
    pub(crate) url_lifetime: Duration,
    pub(crate) buckets: Buckets,
    pub(crate) backend: Backend,
    /// One permit per photo that is decoded, shared with the back end.
    pub(crate) cpus: Arc<Semaphore>,
    pub(crate) files: Budget,
    pub(crate) pixels: Budget,
    pub(crate) flights: Flights<(BucketName, ObjectKey)>,
    pub(crate) metrics: Metrics,
}

/// What became of a photo.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Its result is stored.
    Done(Box<Done>),
    /// On closer look there was nothing to do.
    Skipped(SkipReason),
}

/// A stored result.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) job: Job,
    /// The key the photo was found under; differs from the event's if that was encoded.
    pub(crate) key: ObjectKey,
    pub(crate) target: ObjectKey,
    /// The version of the result.
    pub(crate) target_etag: oss::ETag,
    pub(crate) record: Record,
    /// Whether the result was there already.
    pub(crate) known: bool,
}

impl Pipeline {
    /// Brings one photo to its end, within the configured time.
    ///
    /// # Cancel safety
    /// Nothing is left half done: the result is stored whole or not at all. Drawing under way
    /// runs to its end and is thrown away.
    #[instrument(skip_all, fields(oss.bucket = %job.address.bucket, oss.key = %job.address.key))]
    pub(crate) async fn process(&self, job: Job) -> Result<Ending, Failure> {
        let after = self.limits.photo_deadline;
        let _gauge = self.metrics.photo_in_work();
        timeout(after, self.annotate(job))
            .await
            .unwrap_or(Err(Failure::Deadline { after }))
    }

    async fn annotate(&self, job: Job) -> Result<Ending, Failure> {
        let bucket = self.buckets.of(&job.address)?;
        let (key, mut meta) = self.locate(&bucket, &job.address.key).await?;
        // A decoded key may lie where the event's did not.
        if self.storage.target.holds(&key) {
            return Ok(Ending::Skipped(SkipReason::InTarget));
        }
        let target = self
            .storage
            .target
            .result_key(&key)
            .map_err(Failure::ResultKey)?;
        let flight = self
            .flights
            .enter((bucket.name().clone(), target.clone()))
            .await;
        for _ in 0..MOST_ROUNDS {
            if record::is_result(&meta) {
                return Ok(Ending::Skipped(SkipReason::OwnResult));
            }
            if let Some((target_etag, record)) = self.known(&bucket, &target, &meta).await? {
                return Ok(done(job, key, target, target_etag, record, true));
            }
            let made = match self.make(&job, &bucket, &key, &meta).await? {
                Made::Result(made) => *made,
                Made::NotAPicture => return Ok(Ending::Skipped(SkipReason::NotAnImage)),
                Made::Changed => {
                    meta = self.head(&bucket, &key).await?;
                    continue;
                }
            };
            let options = PutOptions {
                content_type: Some(made.content_type.to_owned()),
                metadata: made.record.metadata().map_err(Failure::ResultKey)?,
                forbid_overwrite: false,
            };
            let timer = self.metrics.stage(Stage::Put);
            let stored = bucket.put(&target, made.file, &options).await;
            let stored =
                stored.map_err(|error| Failure::storage("the result was not stored", error))?;
            drop(timer);
            match self.changed_since(&bucket, &key, &meta).await? {
                Some(newer) => meta = newer,
                None => return Ok(done(job, key, target, stored.etag, made.record, false)),
            }
        }
        drop(flight);
        Err(Failure::Restless {
            rounds: MOST_ROUNDS,
        })
    }

    /// The result that is there already, if it is of this version and made in the same way.
    async fn known(
        &self,
        bucket: &Bucket,
        target: &ObjectKey,
        photo: &ObjectMeta,
    ) -> Result<Option<(oss::ETag, Record)>, Failure> {
        let timer = self.metrics.stage(Stage::Look);
        let result = bucket.head(target).await;
        drop(timer);
        let result = match result {
            Ok(result) => result,
            Err(error) if error.is_no_such_key() => return Ok(None),
            Err(error) => return Err(Failure::storage("the result was not looked for", error)),
        };
        let record = Record::read(&result)
            .filter(|record| record.source_etag == photo.etag && record.method == self.method());
        Ok(record.map(|record| (result.etag, record)))
    }

    fn method(&self) -> String {
        format!("{}/{DRAWING}", self.backend.name())
    }
}

fn done(
    job: Job,
    key: ObjectKey,
    target: ObjectKey,
    target_etag: oss::ETag,
    record: Record,
    known: bool,
) -> Ending {
    info!(
        oss.target = %target,
        faces = record.faces,
        known,
        "`{key}` is annotated as `{target}`"
    );
    Ending::Done(Box::new(Done {
        job,
        key,
        target,
        target_etag,
        record,
        known,
    }))
}
