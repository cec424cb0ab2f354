//! One photo, from its event to its stored result.
//!
//! The result is written whole by one request and names the version of the photo it was made
//! of. OSS has no write on condition that could keep an older result from replacing a newer
//! one. So whoever writes looks at the photo before, to replace nothing newer if it can be
//! helped, and again afterwards, and starts over if it changed: the last to write has seen the
//! last photo, in whatever order events and processes came. Who dies between writing and
//! looking has not answered, so its event comes again and is found to be undone.

mod make;
mod source;

use std::sync::Arc;
use std::time::{Duration, Instant};

use face::Backend;
use oss::{Bucket, BucketName, ETag, ObjectKey, ObjectMeta, PutOptions};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, instrument};

use crate::budget::Budget;
use crate::config::{Limits, Storage};
use crate::failure::Failure;
use crate::guard::{Job, SkipReason};
use crate::keyed_mutex::KeyedMutex;
use crate::metrics::{Metrics, Stage};
use crate::patience::Patience;
use crate::record::{self, Record};
use crate::storage::Buckets;
use make::{Drawn, Made};

/// Changes with the way pictures are drawn, so that a redelivery replaces older results.
const DRAWING: u32 = 2;

/// The part of a photo's time that it may wait, as a divisor: what begins must have time enough
/// to be finished.
const WAITING: u32 = 2;

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
    /// One permit per header that is read; apart from the others, so that reading one does not
    /// wait for the drawing of others.
    pub(crate) readers: Arc<Semaphore>,
    /// One permit per photo that the back end looks at.
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) files: Budget,
    pub(crate) pixels: Budget,
    /// Held while a task works on a result.
    pub(crate) results: KeyedMutex<(BucketName, ObjectKey)>,
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
    pub(crate) target_etag: ETag,
    pub(crate) record: Record,
    /// Whether the result was there already.
    pub(crate) known: bool,
}

/// What is worked on: a photo that was found, and where its result belongs.
struct Errand {
    job: Job,
    patience: Patience,
    bucket: Bucket,
    key: ObjectKey,
    target: ObjectKey,
}

/// How one attempt at the photo ended.
enum Round {
    Ended(Ending),
    /// The photo is no longer the version it was; this is the one to begin anew with.
    Outdated(ObjectMeta),
}

impl Pipeline {
    /// Brings one photo to its end, within the configured time. `left` is cancelled when nobody
    /// waits for that any more; work that has begun is ended all the same.
    ///
    /// # Cancel safety
    /// Nothing is left half done: the result is stored whole or not at all. Drawing under way
    /// runs to its end and is thrown away.
    #[instrument(skip_all, fields(oss.bucket = %job.address.bucket, oss.key = %job.address.key))]
    pub(crate) async fn process(
        &self,
        job: Job,
        left: CancellationToken,
    ) -> Result<Ending, Failure> {
        let started = Instant::now();
        let after = self.limits.photo_deadline;
        let _gauge = self.metrics.photo_in_work();
        let patience = Patience::new(left, after / WAITING);
        let ending = timeout(after, self.annotate(job, patience)).await;
        let ending = ending.unwrap_or(Err(Failure::Deadline { after }))?;
        if let Ending::Done(done) = &ending {
            report(done, started.elapsed());
        }
        Ok(ending)
    }

    async fn annotate(&self, job: Job, patience: Patience) -> Result<Ending, Failure> {
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
        let lock = self.results.lock((bucket.name().clone(), target.clone()));
        let _held = patience.turn(lock).await?;
        let errand = Errand {
            job,
            patience,
            bucket,
            key,
            target,
        };
        for _ in 0..MOST_ROUNDS {
            match self.round(&errand, &meta).await? {
                Round::Ended(ending) => return Ok(ending),
                Round::Outdated(newer) => meta = newer,
            }
        }
        Err(Failure::Restless {
            rounds: MOST_ROUNDS,
        })
    }

    async fn round(&self, errand: &Errand, meta: &ObjectMeta) -> Result<Round, Failure> {
        let skipped = |reason| Ok(Round::Ended(Ending::Skipped(reason)));
        if record::is_result(meta) {
            return skipped(SkipReason::OwnResult);
        }
        if let Some((etag, record)) = self.known(errand, meta).await? {
            return Ok(Round::Ended(errand.done(etag, record, true)));
        }
        let drawn = match self.make(errand, meta).await? {
            Made::Result(drawn) => *drawn,
            Made::NotAPicture => return skipped(SkipReason::NotAnImage),
            Made::Changed => return Ok(Round::Outdated(self.head(errand).await?)),
        };
        // A result that is outdated by now might replace that of the newer version; what
        // changes after this look is seen by the next.
        if let Some(newer) = self.changed_since(errand, meta).await? {
            return Ok(Round::Outdated(newer));
        }
        let etag = self.store(errand, &drawn).await?;
        Ok(match self.changed_since(errand, meta).await? {
            Some(newer) => Round::Outdated(newer),
            None => Round::Ended(errand.done(etag, drawn.record, false)),
        })
    }

    /// The result that is there already, if it is of this version and made in the same way.
    async fn known(
        &self,
        errand: &Errand,
        meta: &ObjectMeta,
    ) -> Result<Option<(ETag, Record)>, Failure> {
        let _timer = self.metrics.stage(Stage::Look);
        let result = match errand.bucket.head(&errand.target).await {
            Ok(result) => result,
            Err(error) if error.is_no_such_key() => return Ok(None),
            Err(error) => return Err(Failure::storage("the result was not looked for", error)),
        };
        let record = Record::read(&result)
            .filter(|record| record.source_etag == meta.etag && record.method == self.method());
        Ok(record.map(|record| (result.etag, record)))
    }

    async fn store(&self, errand: &Errand, drawn: &Drawn) -> Result<ETag, Failure> {
        let _timer = self.metrics.stage(Stage::Put);
        let options = PutOptions {
            content_type: Some(drawn.content_type.to_owned()),
            metadata: drawn.record.metadata().map_err(Failure::ResultKey)?,
            forbid_overwrite: false,
        };
        let stored = errand
            .bucket
            .put(&errand.target, drawn.file.clone(), &options)
            .await;
        stored
            .map(|stored| stored.etag)
            .map_err(|error| Failure::storage("the result was not stored", error))
    }

    fn method(&self) -> String {
        format!("{}/{DRAWING}", self.backend.name())
    }
}

impl Errand {
    fn done(&self, target_etag: ETag, record: Record, known: bool) -> Ending {
        Ending::Done(Box::new(Done {
            job: self.job.clone(),
            key: self.key.clone(),
            target: self.target.clone(),
            target_etag,
            record,
            known,
        }))
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
