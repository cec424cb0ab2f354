//! From the photo in its bucket to the file of the result.

use std::sync::Arc;

use bytes::Bytes;
use face::Analysis;
use jiff::Timestamp;
use oss::{Bucket, ByteRange, GetOptions, ObjectKey, ObjectMeta};
use tokio::runtime::Handle;
use tracing::Span;

use super::Pipeline;
use crate::annotate::annotate;
use crate::budget::Grant;
use crate::failure::Failure;
use crate::guard::{Job, small_enough};
use crate::hint::Hint;
use crate::metrics::Stage;
use crate::photo::{FetchedPhoto, SharedPhoto};
use crate::picture::{Content, EncodedPicture, Header, PictureError};
use crate::record::Record;

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
    _memory: Grant,
}

impl Pipeline {
    /// Fetches this version of the photo, has it analysed, and draws.
    pub(super) async fn make(
        &self,
        job: &Job,
        bucket: &Bucket,
        key: &ObjectKey,
        meta: &ObjectMeta,
    ) -> Result<Made, Failure> {
        let hint = match job.hint {
            Hint::Unknown => Hint::of(key.as_str(), meta.content_type.as_deref()),
            known => known,
        };
        match hint {
            Hint::Other => return Ok(Made::NotAPicture),
            Hint::Unknown if !looks_like_a_picture(bucket, key, meta).await? => {
                return Ok(Made::NotAPicture);
            }
            Hint::Unknown | Hint::Picture => {}
        }
        small_enough(meta.size_bytes, &self.limits)?;
        // The photo and, later, the result.
        let memory = self.files.ask(meta.size_bytes.saturating_mul(2)).await;
        let Some(file) = self.fetch(bucket, key, meta).await? else {
            return Ok(Made::Changed);
        };
        let photo = self.photo(job, bucket, key, file)?;
        let analysis = self.analyse(&photo).await?;
        let size = photo.header.dimensions();
        let drawn = self.draw(photo, analysis.clone()).await?;
        Ok(Made::Result(Box::new(Drawn {
            file: drawn.bytes.into(),
            content_type: drawn.content_type,
            record: Record::new(meta.etag.clone(), &self.method(), size, analysis),
            _memory: memory,
        })))
    }

    /// The file, if it is still this version.
    async fn fetch(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        meta: &ObjectMeta,
    ) -> Result<Option<Bytes>, Failure> {
        let _timer = self.metrics.stage(Stage::Get);
        let options = GetOptions {
            if_match: Some(meta.etag.clone()),
            ..GetOptions::default()
        };
        let fetched = match bucket.get_with(key, &options).await {
            Ok(object) => object.read_to_end(self.limits.object_bytes).await,
            Err(error) if error.is_precondition_failed() => return Ok(None),
            Err(error) => Err(error),
        };
        fetched
            .map(Some)
            .map_err(|error| Failure::storage("the photo was not fetched", error))
    }

    fn photo(
        &self,
        job: &Job,
        bucket: &Bucket,
        key: &ObjectKey,
        file: Bytes,
    ) -> Result<SharedPhoto, Failure> {
        let header = Header::read(&file, &self.limits.picture)?;
        let url = bucket
            .presign_get(key, self.url_lifetime, Timestamp::now())
            .map_err(|error| Failure::storage("no URL was signed for the photo", error))?;
        Ok(Arc::new(FetchedPhoto {
            file,
            header,
            limits: self.limits.picture,
            url,
            region: job.address.region.clone(),
            memory: self.pixels.clone(),
            runtime: Handle::current(),
        }))
    }

    async fn analyse(&self, photo: &SharedPhoto) -> Result<Analysis, Failure> {
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

    async fn draw(
        &self,
        photo: SharedPhoto,
        analysis: Analysis,
    ) -> Result<EncodedPicture, Failure> {
        // Nobody closes the semaphore before the last photo is done.
        let permit = self
            .cpus
            .clone()
            .acquire_owned()
            .await
            .map_err(|_closed| Failure::Stopping)?;
        let _timer = self.metrics.stage(Stage::Draw);
        let span = Span::current();
        let work = move || {
            let _permit = permit; // Freed when the work ends, not when the caller stops waiting.
            span.in_scope(|| draw(&photo, &analysis))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(drawn) => Ok(drawn?),
            Err(error) if error.is_panic() => Err(Failure::Defect),
            Err(_cancelled) => Err(Failure::Stopping),
        }
    }
}

fn draw(photo: &FetchedPhoto, analysis: &Analysis) -> Result<EncodedPicture, PictureError> {
    let (mut picture, _grant) = photo.decode()?;
    annotate(&mut picture.sheet(), &analysis.faces);
    picture.encode()
}

/// Whether what nobody calls a picture is one all the same.
async fn looks_like_a_picture(
    bucket: &Bucket,
    key: &ObjectKey,
    meta: &ObjectMeta,
) -> Result<bool, Failure> {
    let last = meta.size_bytes.min(FIRST_BYTES).saturating_sub(1);
    if meta.size_bytes == 0 {
        return Ok(false);
    }
    let read = async {
        bucket
            .get_range(key, ByteRange::Between(0, last))
            .await?
            .read_to_end(FIRST_BYTES)
            .await
    };
    let first = read
        .await
        .map_err(|error| Failure::storage("the photo was not fetched", error))?;
    Ok(Content::of(&first) != Content::Other)
}
