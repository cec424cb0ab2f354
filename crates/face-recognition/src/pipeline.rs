//! One photo, from its event to its stored result.
//!
//! The result is written whole by one request and names the version of the photo it was made
//! of. OSS has no write on condition that could keep an older result from replacing a newer
//! one. So each writer checks the photo before it writes, which avoids most such replacements,
//! and again afterwards, and starts over if the photo changed: the last writer has seen the last
//! version, in whatever order events and processes came. A process that dies between writing and
//! checking has not answered, so the event is delivered again, and that delivery repairs it.

mod render;
mod sidecar;
mod source;

use std::sync::Arc;
use std::time::{Duration, Instant};

use face::{AttributeSet, Backend};
use jiff::Timestamp;
use oss::{Bucket, BucketName, ETag, ObjectKey, ObjectMeta, PutOptions};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, instrument};

use crate::admission::AdmissionDeadline;
use crate::config::{Limits, Output, Storage};
use crate::event_filter::{Job, SkipReason};
use crate::failure::Failure;
use crate::keyed_mutex::KeyedMutex;
use crate::memory_budget::MemoryBudget;
use crate::metrics::{Metrics, Stage};
use crate::record::{self, Record};
use crate::reply::EventName;
use crate::storage::Buckets;
use render::{AnnotatedPhoto, RenderOutcome};

/// Raised whenever results are drawn differently, so that a redelivery replaces older ones.
const DRAWING: u32 = 3;

/// A photo may wait for this part of its time, as a divisor, so that enough is left for the work.
const ADMISSION_SHARE: u32 = 2;

/// A photo that is overwritten more often than this during processing is left to a later delivery.
const MAX_ATTEMPTS: u32 = 4;

/// Everything that work on a photo needs. Shared by all requests.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) storage: Storage,
    pub(crate) limits: Limits,
    pub(crate) url_lifetime: Duration,
    /// What is estimated of faces.
    pub(crate) attributes: AttributeSet,
    pub(crate) output: Output,
    pub(crate) buckets: Buckets,
    pub(crate) backend: Backend,
    /// One permit per photo that is decoded, shared with the back end.
    pub(crate) cpus: Arc<Semaphore>,
    /// One permit per header that is read; apart from the others, so that reading one does not
    /// wait for the drawing of others.
    pub(crate) readers: Arc<Semaphore>,
    /// One permit per photo that the back end analyses.
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) files: MemoryBudget,
    pub(crate) pixels: MemoryBudget,
    /// Held while a request works on a result.
    pub(crate) results: KeyedMutex<(BucketName, ObjectKey)>,
    pub(crate) metrics: Metrics,
}

/// How the work on a photo ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Its result is stored.
    Done(Box<Done>),
    /// There was nothing to do, as only OSS could tell.
    Skipped(SkipReason),
}

/// A stored result.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) job: Job,
    /// The key the photo was found under; differs from the event's if that was encoded.
    pub(crate) key: ObjectKey,
    pub(crate) target: ObjectKey,
    /// The version of the result.
    pub(crate) target_etag: ETag,
    pub(crate) record: Record,
    /// Whether the result was there already.
    pub(crate) known: bool,
    /// Of the work on it; none if it was there already.
    pub(crate) steps: Option<StepTimes>,
}

/// When each step of the work on a result ended.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct StepTimes {
    analysed: Timestamp,
    drawn: Timestamp,
    stored: Timestamp,
}

/// A photo that was found, and where its result goes.
struct PhotoTask {
    event: Arc<EventName>,
    job: Job,
    admission: AdmissionDeadline,
    bucket: Bucket,
    key: ObjectKey,
    target: ObjectKey,
}

/// How one attempt to make the result ended.
enum Attempt {
    Ended(Outcome),
    /// The photo is no longer the version it was; this is the one to begin anew with.
    Outdated(ObjectMeta),
}

impl Pipeline {
    /// Annotates one photo within the configured time. `client_gone` is cancelled when the client
    /// has gone away; work that has begun goes on all the same.
    ///
    /// # Cancel safety
    /// Nothing is left half done: the result is stored whole or not at all. Drawing under way
    /// runs to its end and is thrown away.
    #[instrument(skip_all, fields(oss.bucket = %job.address.bucket, oss.key = %job.address.key))]
    pub(crate) async fn process(
        &self,
        event: Arc<EventName>,
        job: Job,
        client_gone: CancellationToken,
    ) -> Result<Outcome, Failure> {
        let started = Instant::now();
        let after = self.limits.photo_deadline;
        let _gauge = self.metrics.photo_in_work();
        let admission = AdmissionDeadline::new(client_gone, after / ADMISSION_SHARE);
        let outcome = timeout(after, self.annotate(event, job, admission)).await;
        let outcome = outcome.unwrap_or(Err(Failure::Deadline { after }))?;
        if let Outcome::Done(done) = &outcome {
            report(done, started.elapsed());
        }
        Ok(outcome)
    }

    async fn annotate(
        &self,
        event: Arc<EventName>,
        job: Job,
        admission: AdmissionDeadline,
    ) -> Result<Outcome, Failure> {
        let bucket = self.buckets.of(&job.address)?;
        let (key, mut meta) = match self.locate(&bucket, &job.address.key).await {
            // Such as the object by which `doctor` sees whether uploads are announced. A failure
            // would have the source send its event again and again.
            Err(Failure::Gone(_)) if job.said_empty => {
                return Ok(Outcome::Skipped(SkipReason::NotAnImage));
            }
            located => located?,
        };
        // A decoded key may lie where the event's did not.
        if self.storage.target.holds(&key) {
            return Ok(Outcome::Skipped(SkipReason::InTarget));
        }
        let target = self
            .storage
            .target
            .result_key(&key)
            .map_err(Failure::ResultKey)?;
        let lock = self.results.lock((bucket.name().clone(), target.clone()));
        let _held = admission.wait_for(lock).await?;
        let task = PhotoTask {
            event,
            job,
            admission,
            bucket,
            key,
            target,
        };
        for _ in 0..MAX_ATTEMPTS {
            match self.attempt(&task, &meta).await? {
                Attempt::Ended(outcome) => return Ok(outcome),
                Attempt::Outdated(newer) => meta = newer,
            }
        }
        Err(Failure::Overwritten {
            attempts: MAX_ATTEMPTS,
        })
    }

    async fn attempt(&self, task: &PhotoTask, meta: &ObjectMeta) -> Result<Attempt, Failure> {
        let skipped = |reason| Ok(Attempt::Ended(Outcome::Skipped(reason)));
        if record::is_result(meta) {
            return skipped(SkipReason::OwnResult);
        }
        if let Some(done) = self.known(task, meta).await?
            && self.complete(task, &done).await?
        {
            return Ok(Attempt::Ended(done.into()));
        }
        let photo = match self.render(task, meta).await? {
            RenderOutcome::Result(photo) => *photo,
            RenderOutcome::NotAPicture => return skipped(SkipReason::NotAnImage),
            RenderOutcome::Changed => return Ok(Attempt::Outdated(self.head(task).await?)),
        };
        // An outdated result might replace that of the newer version. A change after this check
        // is seen by the next one.
        if let Some(newer) = self.changed_since(task, meta).await? {
            return Ok(Attempt::Outdated(newer));
        }
        let etag = self.store(task, &photo).await?;
        let steps = StepTimes {
            analysed: photo.analysed,
            drawn: photo.drawn,
            stored: Timestamp::now(),
        };
        let done = task.done(etag, photo.record, Some(steps));
        self.store_sidecar(task, &done).await?;
        Ok(match self.changed_since(task, meta).await? {
            Some(newer) => Attempt::Outdated(newer),
            None => Attempt::Ended(done.into()),
        })
    }

    /// The stored result, if it was made of this version by the same method.
    async fn known(&self, task: &PhotoTask, meta: &ObjectMeta) -> Result<Option<Done>, Failure> {
        let looking = task.bucket.head(&task.target);
        let result = match self.metrics.stage(Stage::Look, looking).await {
            Ok(result) => result,
            Err(error) if error.is_no_such_key() => return Ok(None),
            Err(error) => {
                return Err(Failure::storage(
                    "cannot read the metadata of the result",
                    error,
                ));
            }
        };
        let record = Record::read(&result)
            .filter(|record| record.source_etag == meta.etag && record.method == self.method());
        Ok(record.map(|record| task.done(result.etag, record, None)))
    }

    async fn store(&self, task: &PhotoTask, photo: &AnnotatedPhoto) -> Result<ETag, Failure> {
        let options = PutOptions {
            content_type: Some(photo.content_type.to_owned()),
            metadata: photo.record.metadata().map_err(Failure::ResultKey)?,
            forbid_overwrite: false,
        };
        let storing = task.bucket.put(&task.target, photo.file.clone(), &options);
        let stored = self.metrics.stage(Stage::Put, storing).await;
        stored
            .map(|stored| stored.etag)
            .map_err(|error| Failure::storage("OSS did not store the result", error))
    }

    /// A text for everything that a result depends on beside its photo. It is compared, never
    /// parsed.
    fn method(&self) -> String {
        let (name, attributes) = (self.backend.name(), self.attributes);
        let options = self.output.options();
        let (mark, banner, metadata) = (options.mark, options.banner, options.metadata());
        format!("{name}/{DRAWING}/{attributes}/{mark:?}/{banner:?}/{metadata:?}")
    }
}

impl PhotoTask {
    fn done(&self, target_etag: ETag, record: Record, steps: Option<StepTimes>) -> Done {
        Done {
            job: self.job.clone(),
            key: self.key.clone(),
            target: self.target.clone(),
            target_etag,
            record,
            known: steps.is_none(),
            steps,
        }
    }
}

impl From<Done> for Outcome {
    fn from(done: Done) -> Self {
        Self::Done(Box::new(done))
    }
}

fn report(done: &Done, elapsed: Duration) {
    let Done {
        key,
        target,
        record,
        known,
        ..
    } = done;
    let (faces, duration_ms) = (record.counts.total(), elapsed.as_millis());
    info!(oss.target = %target, faces, known, duration_ms, "`{key}` is annotated as `{target}`");
}
