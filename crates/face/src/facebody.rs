//! Today's face API: `RecognizeFace` of facebody.
//!
//! The service reads pictures from buckets of its own region only. Any other picture is first
//! uploaded to a bucket that the vendor provides for this, as the official SDKs do ("Advance").
//! `DetectFace` is not used: it tells neither gender nor age.

mod form;
mod response;
mod upload;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use http::{Method, StatusCode};
use signing::LiveCredentials;
use tokio::sync::Semaphore;
use tracing::debug;
use transport::Transport;
use url::Url;

pub use response::read_answer;
pub use upload::{Authorization, read_authorization};

pub use crate::rpc::RpcSignature;

use crate::analysis::{Analysis, Dimensions};
use crate::call::call;
use crate::error::FaceError;
use crate::limits::{Limits, is_tiny};
use crate::photo::Photo;
use crate::rpc::Action;

pub(crate) const SERVICE: &str = "facebody";

/// Where the service lives.
pub const ENDPOINT: &str = "https://facebody.cn-shanghai.aliyuncs.com/";

/// Where uploads are authorized.
pub const OPEN_PLATFORM_ENDPOINT: &str = "https://openplatform.aliyuncs.com/";

/// The only region whose buckets the service reads.
const REGION: &str = "cn-shanghai";

/// The side stays large because faces below 64 pixels are not recognized.
const LIMITS: Limits = Limits {
    file_bytes: 20_000_000,
    encoded_side: 4000,
};

/// How to reach the service. [`FacebodyOptions::default`] is right for the real one.
#[derive(Clone)]
pub struct FacebodyOptions {
    /// The endpoint of `RecognizeFace`.
    pub endpoint: Url,
    /// The endpoint of `AuthorizeFileUpload`.
    pub open_platform_endpoint: Url,
    /// Where files are uploaded to instead of the host that the authorization names. The bucket
    /// then becomes the first segment of the path.
    pub upload_endpoint: Option<Url>,
    /// How calls are signed.
    pub signature: RpcSignature,
    /// The most faces that the service returns.
    pub max_faces: NonZeroU32,
}

impl Default for FacebodyOptions {
    fn default() -> Self {
        Self {
            endpoint: known(ENDPOINT),
            open_platform_endpoint: known(OPEN_PLATFORM_ENDPOINT),
            upload_endpoint: None,
            signature: RpcSignature::Acs3,
            max_faces: NonZeroU32::MIN.saturating_add(99),
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "the argument is one of this file's constants"
)]
fn known(url: &str) -> Url {
    Url::parse(url).expect("constants of this file are URLs")
}

/// The facebody back end. Cheap to clone.
#[derive(Clone)]
pub struct Facebody {
    options: FacebodyOptions,
    credentials: LiveCredentials,
    transport: Transport,
    permits: Arc<Semaphore>,
}

/// Where the service finds the picture, and in what size.
struct Source {
    url: Url,
    dimensions: Dimensions,
}

impl Facebody {
    /// Calls the service as `options` say. `permits` bounds the CPU work on pictures; see
    /// [`Photo`] for what that is.
    #[must_use]
    pub fn new(
        options: FacebodyOptions,
        credentials: LiveCredentials,
        transport: Transport,
        permits: Arc<Semaphore>,
    ) -> Self {
        Self {
            options,
            credentials,
            transport,
            permits,
        }
    }

    /// Analyses one photo. A picture too small for the service has no faces, without a call.
    ///
    /// # Errors
    /// See [`FaceError::disposition`].
    ///
    /// # Cancel safety
    /// A call that is dropped may still be billed; an uploaded file is left to its expiry.
    pub async fn analyse(&self, photo: Arc<dyn Photo>) -> Result<Analysis, FaceError> {
        let dimensions = photo.dimensions();
        if is_tiny(dimensions) {
            return Ok(Analysis::default());
        }
        let source = match in_place(photo.as_ref()) {
            Some(source) => source,
            None => self.upload(&photo).await?,
        };
        let response = self.recognize(&source).await?;
        Ok(response.rescaled(source.dimensions, dimensions))
    }

    async fn upload(&self, photo: &Arc<dyn Photo>) -> Result<Source, FaceError> {
        let encoded = LIMITS.encode(photo, &self.permits, SERVICE).await?;
        let dimensions = encoded.dimensions;
        debug!(size_bytes = encoded.bytes.len(), "uploading the picture");
        let url = self.upload_file(encoded).await?;
        Ok(Source { url, dimensions })
    }

    async fn recognize(&self, source: &Source) -> Result<Analysis, FaceError> {
        let action = Action {
            endpoint: &self.options.endpoint,
            method: Method::POST,
            name: "RecognizeFace",
            version: "2019-12-30",
            query: &[],
            form: &[
                ("ImageURL", source.url.as_str()),
                ("Age", "true"),
                ("Gender", "true"),
                ("MaxFaceNumber", &self.options.max_faces.to_string()),
            ],
        };
        let read = |status, response: &[u8]| read_answer(status, response, source.dimensions);
        self.call(SERVICE, &action, read).await
    }

    async fn call<T>(
        &self,
        service: &'static str,
        action: &Action<'_>,
        read: impl FnOnce(StatusCode, &[u8]) -> Result<T, FaceError>,
    ) -> Result<T, FaceError> {
        let sign = || action.request(self.options.signature, &self.credentials.get());
        call(&self.transport, service, sign, read).await
    }
}

/// The picture where it lies, if the service can read it there.
fn in_place(photo: &dyn Photo) -> Option<Source> {
    let dimensions = photo.dimensions();
    let file = photo.stored()?;
    (file.region == REGION && LIMITS.admit(file, dimensions)).then(|| Source {
        url: file.url.clone(),
        dimensions,
    })
}

impl fmt::Debug for Facebody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.options.endpoint.host_str();
        f.debug_struct("Facebody")
            .field("host", &host)
            .finish_non_exhaustive()
    }
}
