//! From the photo in its bucket to the file of the result.

use std::sync::Arc;

use bytes::Bytes;
use face::Analysis;
use jiff::Timestamp;
use oss::{ByteRange, GetOptions, ObjectMeta};
use tokio::runtime::Handle;
use tracing::Span;

use super::{Errand, Pipeline};
use crate::annotate::annotate;
use crate::budget::Grant;
use crate::failure::Failure;
use crate::guard::small_enough;
use crate::hint::Hint;
use crate::metrics::Stage;
use crate::photo::{FetchedPhoto, SharedPhoto};
use crate::picture::{Content, EncodedPicture, Header, PictureError, patch};
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
    pub(super) async fn make(&self, errand: &Errand, meta: &ObjectMeta) -> Result<Made, Failure> {
        if !self.may_be_a_picture(errand, meta).await? {
            return Ok(Made::NotAPicture);
        }
        small_enough(meta.size_bytes, &self.limits)?;
        // The photo and, later, the result.
        let memory = self.files.ask(meta.size_bytes.saturating_mul(2)).await;
        let Some(file) = self.fetch(errand, meta).await? else {
            return Ok(Made::Changed);
        };
        let photo = self.photo(errand, file)?;
        let size = photo.header.dimensions();
        let analysis = self.analyse(&photo).await?;
        let drawn = self.draw(photo, analysis.clone()).await?;
        Ok(Made::Result(Box::new(Drawn {
            file: drawn.bytes.into(),
            content_type: drawn.content_type,
            record: Record::new(meta.etag.clone(), &self.method(), size, analysis),
            _memory: memory,
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

    /// The file, if it is still this version.
    async fn fetch(&self, errand: &Errand, meta: &ObjectMeta) -> Result<Option<Bytes>, Failure> {
        let _timer = self.metrics.stage(Stage::Get);
        let options = GetOptions {
            if_match: Some(meta.etag.clone()),
            ..GetOptions::default()
        };
        let fetched = match errand.bucket.get_with(&errand.key, &options).await {
            Ok(object) => object.read_to_end(self.limits.object_bytes).await,
            Err(error) if error.is_precondition_failed() => return Ok(None),
            Err(error) => Err(error),
        };
        fetched.map(Some).map_err(not_fetched)
    }

    fn photo(&self, errand: &Errand, file: Bytes) -> Result<SharedPhoto, Failure> {
        let header = Header::read(&file, &self.limits.picture)?;
        let url = errand
            .bucket
            .presign_get(&errand.key, self.url_lifetime, Timestamp::now())
            .map_err(|error| Failure::storage("no URL was signed for the photo", error))?;
        Ok(Arc::new(FetchedPhoto {
            file,
            header,
            limits: self.limits.picture,
            url,
            region: errand.job.address.region.clone(),
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
    let sheet = annotate(photo.header.dimensions(), &analysis.faces);
    if let Some(result) = patch(&photo.file, &photo.header, &photo.limits, &sheet)
        && result.bytes.len() <= photo.file.len().saturating_mul(2)
    {
        return Ok(result); // Within the memory that was set aside for files.
    }
    let (mut picture, _grant) = photo.decode()?;
    picture.lay(&sheet);
    picture.encode()
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
