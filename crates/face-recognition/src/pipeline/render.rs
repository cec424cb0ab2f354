//! From the photo in its bucket to the file of the result.

use std::sync::Arc;

use bytes::Bytes;
use face::Analysis;
use jiff::Timestamp;
use oss::event::ObjectAddress;
use oss::{ByteRange, GetOptions, ObjectMeta};
use picture::{Annotated, Content, Header, Options, Picture};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::{PhotoTask, Pipeline};
use crate::event_filter::small_enough;
use crate::failure::Failure;
use crate::hint::Hint;
use crate::memory_budget::MemoryPermit;
use crate::metrics::Stage;
use crate::photo::{FetchedPhoto, SharedPhoto};
use crate::record::{Counts, Drawn, Record, listed};

/// As much of a file as tells what it is.
const FIRST_BYTES: u64 = 64;

/// How an attempt to make the result ended.
pub(super) enum RenderOutcome {
    /// A result that can be stored.
    Result(Box<AnnotatedPhoto>),
    /// The object is no picture, and neither its name nor its media type says so.
    NotAPicture,
    /// The photo is no longer the version that was found.
    Changed,
}

/// A result that can be stored.
pub(super) struct AnnotatedPhoto {
    pub(super) file: Bytes,
    pub(super) content_type: &'static str,
    pub(super) record: Record,
    pub(super) analysed: Timestamp,
    pub(super) drawn: Timestamp,
    /// The memory of the file: what was that of the photo, and more.
    _memory: (Arc<MemoryPermit>, MemoryPermit),
}

impl Pipeline {
    /// Fetches this version of the photo, has it analysed, and draws.
    pub(super) async fn render(
        &self,
        task: &PhotoTask,
        meta: &ObjectMeta,
    ) -> Result<RenderOutcome, Failure> {
        if !self.may_be_a_picture(task, meta).await? {
            return Ok(RenderOutcome::NotAPicture);
        }
        small_enough(meta.size_bytes, &self.limits)?;
        // For the photo and then for the result, which drawing asks more memory for if it needs it.
        let memory = self.files.acquire(meta.size_bytes);
        let memory = Arc::new(task.admission.wait_for(memory).await?);
        let Some(file) = self.fetch(task, meta).await? else {
            return Ok(RenderOutcome::Changed);
        };
        let photo = self.photo(task, file, memory.clone()).await?;
        let size = photo.header.dimensions();
        let analysis = self.analyse(task, &photo).await?;
        let analysed = Timestamp::now();
        let counts = Counts::of(&analysis.faces);
        let analysis = Arc::new(analysis);
        let (result, drawn, more_memory) = self.draw(photo, analysis.clone()).await?;
        let record = Record {
            source_etag: meta.etag.clone(),
            method: self.method(),
            size,
            counts,
            drawn,
            analysis: Some(listed(Arc::unwrap_or_clone(analysis))),
        };
        Ok(RenderOutcome::Result(Box::new(AnnotatedPhoto {
            file: result.bytes.into(),
            content_type: result.content_type,
            record,
            analysed,
            drawn: Timestamp::now(),
            _memory: (memory, more_memory),
        })))
    }

    /// By the name, then by the media type, then by the first bytes. An object that is called a
    /// picture counts as one; if it is none, decoding fails and the failure is reported.
    async fn may_be_a_picture(&self, task: &PhotoTask, meta: &ObjectMeta) -> Result<bool, Failure> {
        let hint = match task.job.hint {
            Hint::Unknown => Hint::of(task.key.as_str(), meta.content_type.as_deref()),
            known => known,
        };
        match hint {
            Hint::Picture => Ok(true),
            Hint::Other => Ok(false),
            Hint::Unknown => looks_like_a_picture(task, meta).await,
        }
    }

    /// The file, if it is still this version, also where a server ignores the condition. For a
    /// file of another size no memory would be set aside.
    async fn fetch(&self, task: &PhotoTask, meta: &ObjectMeta) -> Result<Option<Bytes>, Failure> {
        self.metrics.stage(Stage::Get, fetch(task, meta)).await
    }

    async fn photo(
        &self,
        task: &PhotoTask,
        file: Bytes,
        file_permit: Arc<MemoryPermit>,
    ) -> Result<SharedPhoto, Failure> {
        let header = self.header(file.clone()).await?;
        let url = task
            .bucket
            .presign_get(&task.key, self.url_lifetime, Timestamp::now())
            .map_err(|error| Failure::storage("no URL was signed for the photo", error))?;
        Ok(Arc::new(FetchedPhoto {
            file,
            file_permit,
            header,
            limits: self.limits.picture(),
            url,
            address: ObjectAddress {
                key: task.key.clone(),
                ..task.job.address.clone()
            },
            memory: self.pixels.clone(),
            runtime: Handle::current(),
        }))
    }

    /// Off the runtime, because some formats need a pass over the whole file, and few at a time,
    /// because decoders hold memory meanwhile.
    async fn header(&self, file: Bytes) -> Result<Header, Failure> {
        let permit = permit(&self.readers).await?;
        let limits = self.limits.picture();
        let reading = move || {
            let _permit = permit;
            Picture::open(&file, &limits).map(|picture| *picture.header())
        };
        Ok(joined(tokio::task::spawn_blocking(reading).await)??)
    }

    async fn analyse(&self, task: &PhotoTask, photo: &SharedPhoto) -> Result<Analysis, Failure> {
        let _call = task.admission.wait_for(permit(&self.calls)).await??;
        let analysing = self.backend.analyse(photo.clone());
        let answer = self.metrics.stage(Stage::Analyse, analysing).await;
        self.metrics.analysed(answer.is_ok());
        let mut analysis = answer.map_err(Failure::faces)?;
        for face in &mut analysis.faces {
            self.attributes.restrict(face);
        }
        // As the labels are numbered.
        analysis
            .faces
            .sort_by_key(|face| (face.rect.left, face.rect.top));
        Ok(analysis)
    }

    /// # Cancel safety
    /// Dropping the future stops the drawing before its next step.
    async fn draw(
        &self,
        photo: SharedPhoto,
        analysis: Arc<Analysis>,
    ) -> Result<(Annotated, Drawn, MemoryPermit), Failure> {
        let permit = permit(&self.cpus).await?;
        let span = Span::current();
        let (stop, options) = (CancellationToken::new(), self.output.options());
        let _stop_when_dropped = stop.clone().drop_guard();
        let work = move || {
            let _permit = permit; // Released when the work ends, not when the caller stops waiting.
            span.in_scope(|| draw(photo, &analysis, options, &stop))
        };
        let drawing = tokio::task::spawn_blocking(work);
        joined(self.metrics.stage(Stage::Draw, drawing).await)?
    }
}

async fn fetch(task: &PhotoTask, meta: &ObjectMeta) -> Result<Option<Bytes>, Failure> {
    let options = GetOptions {
        if_match: Some(meta.etag.clone()),
        ..GetOptions::default()
    };
    let fetched = match task.bucket.get_with(&task.key, &options).await {
        Ok(object) if !is_same_version(object.meta(), meta) => return Ok(None),
        Ok(object) => object.read_to_end(meta.size_bytes).await,
        Err(error) if error.is_precondition_failed() => return Ok(None),
        Err(error) => Err(error),
    };
    fetched.map(Some).map_err(not_fetched)
}

fn is_same_version(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    one.etag == other.etag && one.size_bytes == other.size_bytes
}

/// The semaphores are not closed before the last photo is done.
async fn permit(of: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Failure> {
    let permit = of.clone().acquire_owned().await;
    permit.map_err(|_closed| Failure::Stopping)
}

/// The result of a blocking task. A panic is a defect; a task is cancelled only at shutdown.
fn joined<T>(joined: Result<T, JoinError>) -> Result<T, Failure> {
    joined.map_err(|error| {
        if error.is_panic() {
            Failure::Defect
        } else {
            Failure::Stopping
        }
    })
}

/// The result, with memory for what of it goes beyond the memory of the photo.
fn draw(
    photo: SharedPhoto,
    analysis: &Analysis,
    options: Options,
    stop: &CancellationToken,
) -> Result<(Annotated, Drawn, MemoryPermit), Failure> {
    let picture = photo.picture()?;
    let plan = picture.plan(&analysis.faces, options);
    let needed = picture.annotate_bytes(&plan);
    let drawn = Drawn::from(&plan);
    check_cancelled(stop)?;
    let (result, permit) = photo.annotate(&plan, needed)?;
    Ok((result, drawn, permit))
}

/// The failure is never seen: `stop` is cancelled when nothing waits for the result.
fn check_cancelled(stop: &CancellationToken) -> Result<(), Failure> {
    if stop.is_cancelled() {
        Err(Failure::ClientGone)
    } else {
        Ok(())
    }
}

/// Whether an object that is not called a picture is one. Reads its first bytes only.
async fn looks_like_a_picture(task: &PhotoTask, meta: &ObjectMeta) -> Result<bool, Failure> {
    let Some(last) = meta.size_bytes.min(FIRST_BYTES).checked_sub(1) else {
        return Ok(false);
    };
    let range = ByteRange::Between(0, last);
    let first = match task.bucket.get_range(&task.key, range).await {
        Ok(object) => object.read_to_end(FIRST_BYTES).await,
        Err(error) => Err(error),
    };
    Ok(Content::of(&first.map_err(not_fetched)?) != Content::Other)
}

fn not_fetched(error: oss::Error) -> Failure {
    Failure::storage("OSS did not send the photo", error)
}
