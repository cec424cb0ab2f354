//! From the photo in its bucket to the file of the result.

use std::sync::Arc;

use bytes::Bytes;
use face::Analysis;
use jiff::Timestamp;
use oss::event::ObjectAddress;
use oss::{ByteRange, GetOptions, ObjectMeta};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::{Errand, Pipeline};
use crate::budget::Grant;
use crate::failure::Failure;
use crate::guard::small_enough;
use crate::hint::Hint;
use crate::metrics::Stage;
use crate::photo::{FetchedPhoto, SharedPhoto};
use crate::record::{Conversion, Counts, Drawn as Marked, Record, listed};
use picture::{Annotated, Content, Header, Options, Picture};

/// As much of a file as tells what it is.
const FIRST_BYTES: u64 = 64;

/// What came of the attempt.
pub(super) enum Made {
    /// A result that can be stored.
    Result(Box<Drawn>),
    /// It was never called a picture, and it is none.
    NotAPicture,
    /// The photo is no longer the version that was asked for.
    Changed,
}

/// A result that can be stored.
pub(super) struct Drawn {
    pub(super) file: Bytes,
    pub(super) content_type: &'static str,
    pub(super) record: Record,
    /// The memory of the file, and before that, of the photo.
    _memory: (Arc<Grant>, Grant),
}

impl Pipeline {
    /// Fetches this version of the photo, has it analysed, and draws.
    pub(super) async fn make(&self, errand: &Errand, meta: &ObjectMeta) -> Result<Made, Failure> {
        if !self.may_be_a_picture(errand, meta).await? {
            return Ok(Made::NotAPicture);
        }
        small_enough(meta.size_bytes, &self.limits)?;
        // The photo and, later, the result.
        let memory = self.files.ask(meta.size_bytes.saturating_mul(2));
        let memory = Arc::new(errand.patience.turn(memory).await?);
        let Some(file) = self.fetch(errand, meta).await? else {
            return Ok(Made::Changed);
        };
        let photo = self.photo(errand, file, memory.clone()).await?;
        let size = photo.header.dimensions();
        let analysis = self.analyse(errand, &photo).await?;
        let counts = Counts::of(&analysis.faces);
        let analysis = Arc::new(analysis);
        let (result, drawn, more_memory) = self.draw(photo, analysis.clone()).await?;
        let record = Record {
            source_etag: meta.etag.clone(),
            method: self.method(),
            size,
            counts,
            drawn,
            conversion: result
                .is_lossless_copy
                .then_some(Conversion::LossyToLossless),
            analysis: Some(listed(Arc::unwrap_or_clone(analysis))),
        };
        Ok(Made::Result(Box::new(Drawn {
            file: result.bytes.into(),
            content_type: result.content_type,
            record,
            _memory: (memory, more_memory),
        })))
    }

    /// Asks the name, then the media type, then the first bytes. What somebody calls a picture
    /// counts as one; if it is none, that is a mistake worth reporting.
    async fn may_be_a_picture(&self, errand: &Errand, meta: &ObjectMeta) -> Result<bool, Failure> {
        let hint = match errand.job.hint {
            Hint::Unknown => Hint::of(errand.key.as_str(), meta.content_type.as_deref()),
            known => known,
        };
        match hint {
            Hint::Picture => Ok(true),
            Hint::Other => Ok(false),
            Hint::Unknown => looks_like_a_picture(errand, meta).await,
        }
    }

    /// The file, if it is still this version; servers that do not heed the condition exist. For
    /// one of another size there would be no memory either.
    async fn fetch(&self, errand: &Errand, meta: &ObjectMeta) -> Result<Option<Bytes>, Failure> {
        let _timer = self.metrics.stage(Stage::Get);
        let options = GetOptions {
            if_match: Some(meta.etag.clone()),
            ..GetOptions::default()
        };
        let fetched = match errand.bucket.get_with(&errand.key, &options).await {
            Ok(object) if !is_same_version(object.meta(), meta) => return Ok(None),
            Ok(object) => object.read_to_end(meta.size_bytes).await,
            Err(error) if error.is_precondition_failed() => return Ok(None),
            Err(error) => Err(error),
        };
        fetched.map(Some).map_err(not_fetched)
    }

    async fn photo(
        &self,
        errand: &Errand,
        file: Bytes,
        set_aside: Arc<Grant>,
    ) -> Result<SharedPhoto, Failure> {
        let header = self.header(file.clone()).await?;
        let url = errand
            .bucket
            .presign_get(&errand.key, self.url_lifetime, Timestamp::now())
            .map_err(|error| Failure::storage("no URL was signed for the photo", error))?;
        Ok(Arc::new(FetchedPhoto {
            file,
            _set_aside: set_aside,
            header,
            limits: self.limits.picture,
            url,
            address: ObjectAddress {
                key: errand.key.clone(),
                ..errand.job.address.clone()
            },
            memory: self.pixels.clone(),
            runtime: Handle::current(),
        }))
    }

    /// Off the runtime, because all of a file may have to be walked to know its header, and few
    /// at a time, because decoders hold what they find on the way.
    async fn header(&self, file: Bytes) -> Result<Header, Failure> {
        let permit = permit(&self.readers).await?;
        let limits = self.limits.picture;
        let reading = move || {
            let _permit = permit;
            Picture::open(&file, &limits).map(|picture| *picture.header())
        };
        Ok(ended(tokio::task::spawn_blocking(reading).await)??)
    }

    async fn analyse(&self, errand: &Errand, photo: &SharedPhoto) -> Result<Analysis, Failure> {
        let _call = errand.patience.turn(permit(&self.calls)).await??;
        let timer = self.metrics.stage(Stage::Analyse);
        let answer = self.backend.analyse(photo.clone()).await;
        drop(timer);
        self.metrics.analysed(answer.is_ok());
        let mut analysis = answer.map_err(Failure::faces)?;
        // As the labels are numbered.
        analysis
            .faces
            .sort_by_key(|face| (face.rect.left, face.rect.top));
        Ok(analysis)
    }

    /// # Cancel safety
    /// What is under way is told to stop, and does so before its next step.
    async fn draw(
        &self,
        photo: SharedPhoto,
        analysis: Arc<Analysis>,
    ) -> Result<(Annotated, Marked, Grant), Failure> {
        let permit = permit(&self.cpus).await?;
        let _timer = self.metrics.stage(Stage::Draw);
        let span = Span::current();
        let stop = CancellationToken::new();
        let _stop_when_dropped = stop.clone().drop_guard();
        let work = move || {
            let _permit = permit; // Freed when the work ends, not when the caller stops waiting.
            span.in_scope(|| draw(&photo, &analysis, &stop))
        };
        ended(tokio::task::spawn_blocking(work).await)?
    }
}

fn is_same_version(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    one.etag == other.etag && one.size_bytes == other.size_bytes
}

/// Nobody closes the semaphores before the last photo is done.
async fn permit(of: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Failure> {
    let permit = of.clone().acquire_owned().await;
    permit.map_err(|_closed| Failure::Stopping)
}

/// What a blocking task came to. A panic is a defect; a task is cancelled only at the end.
fn ended<T>(joined: Result<T, JoinError>) -> Result<T, Failure> {
    joined.map_err(|error| {
        if error.is_panic() {
            Failure::Defect
        } else {
            Failure::Stopping
        }
    })
}

/// The result, with memory for what of it goes beyond the memory that was set aside for files.
fn draw(
    photo: &FetchedPhoto,
    analysis: &Analysis,
    stop: &CancellationToken,
) -> Result<(Annotated, Marked, Grant), Failure> {
    let set_aside = photo.file.len().saturating_mul(2);
    let picture = photo.picture()?;
    let plan = picture.plan(&analysis.faces, Options::default());
    let drawn = Marked::from(&plan);
    go_on(stop)?;
    let (result, mut grant) = photo.annotate(&picture, &plan)?;
    grant.shrink(result.bytes.len().saturating_sub(set_aside) as u64);
    Ok((result, drawn, grant))
}

/// Nobody sees the failure: whoever cancels has left.
fn go_on(stop: &CancellationToken) -> Result<(), Failure> {
    if stop.is_cancelled() {
        Err(Failure::Left)
    } else {
        Ok(())
    }
}

/// Whether what nobody calls a picture is one all the same. Reads no more than it must.
async fn looks_like_a_picture(errand: &Errand, meta: &ObjectMeta) -> Result<bool, Failure> {
    let Some(last) = meta.size_bytes.min(FIRST_BYTES).checked_sub(1) else {
        return Ok(false);
    };
    let range = ByteRange::Between(0, last);
    let first = match errand.bucket.get_range(&errand.key, range).await {
        Ok(object) => object.read_to_end(FIRST_BYTES).await,
        Err(error) => Err(error),
    };
    Ok(Content::of(&first.map_err(not_fetched)?) != Content::Other)
}

fn not_fetched(error: oss::Error) -> Failure {
    Failure::storage("the photo was not fetched", error)
}
