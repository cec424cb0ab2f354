//! `DetectImageFaces` of IMM (Intelligent Media Management).
//!
//! The service reads the photo in its bucket, which may be private, as the service role of an IMM
//! project in the bucket's region. Nothing is uploaded and no URL is signed. It reads the object
//! as it is at that moment: a caller that means a certain version has to compare the object's
//! `ETag` before and after.

mod response;

use std::fmt;
use std::sync::Arc;

use http::Method;
use signing::LiveCredentials;
use transport::Transport;
use url::Url;

pub use response::read_answer;

use crate::analysis::Analysis;
use crate::call::call;
use crate::error::FaceError;
use crate::limits::is_tiny;
use crate::photo::{Photo, StoredFile};
use crate::rpc::{Action, RpcSignature};
use crate::vendor;

pub(crate) const SERVICE: &str = "imm";

/// How to reach the service.
#[derive(Clone, Debug)]
pub struct ImmOptions {
    /// The project whose service role reads the buckets. There must be one of this name in each
    /// region that has photos.
    pub project: String,
    /// In place of `https://imm.<region>.aliyuncs.com/` for the region of each photo.
    pub endpoint: Option<Url>,
}

/// The IMM back end. Cheap to clone.
#[derive(Clone)]
pub struct Imm {
    options: ImmOptions,
    credentials: LiveCredentials,
    transport: Transport,
}

impl Imm {
    /// Calls the service as `options` say.
    #[must_use]
    pub fn new(options: ImmOptions, credentials: LiveCredentials, transport: Transport) -> Self {
        Self {
            options,
            credentials,
            transport,
        }
    }

    /// Analyses one photo. A picture too small for any face has none, without a call.
    ///
    /// # Errors
    /// [`FaceError::NotUpright`] for a photo that the service cannot read where it is stored; for
    /// the others see [`FaceError::disposition`].
    ///
    /// # Cancel safety
    /// A call that is dropped may still be billed.
    pub async fn analyse(&self, photo: Arc<dyn Photo>) -> Result<Analysis, FaceError> {
        let dimensions = photo.dimensions();
        if is_tiny(dimensions) {
            return Ok(Analysis::default());
        }
        let file = photo.stored();
        let file = file.ok_or(FaceError::NotUpright { service: SERVICE })?;
        let action = Action {
            endpoint: &self.endpoint(file)?,
            method: Method::POST,
            name: "DetectImageFaces",
            version: "2020-09-30",
            query: &[
                ("ProjectName", &self.options.project),
                ("SourceURI", &format!("oss://{}/{}", file.bucket, file.key)),
            ],
            form: &[],
        };
        let sign = || action.request(RpcSignature::Acs3, &self.credentials.get());
        let read = |status, body: &[u8]| read_answer(status, body, dimensions);
        call(&self.transport, SERVICE, sign, read).await
    }

    fn endpoint(&self, file: StoredFile<'_>) -> Result<Url, FaceError> {
        if let Some(endpoint) = &self.options.endpoint {
            return Ok(endpoint.clone());
        }
        let host = format!("imm.{}.aliyuncs.com", file.region);
        vendor::url(&host).ok_or_else(|| FaceError::Misconfigured {
            service: SERVICE,
            source: "the region of the photo is no name of a region".into(),
        })
    }
}

impl fmt::Debug for Imm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imm")
            .field("project", &self.options.project)
            .finish_non_exhaustive()
    }
}
