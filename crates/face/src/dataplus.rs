//! The old face API, `/face/attribute` of the Dataplus gateway.
//!
//! The picture is sent as a URL where the service can read it in its bucket, else inside the
//! request. The scheme knows no temporary credentials. `/face/detect` and
//! `/face/verify` are not used: they tell neither gender nor age.

mod answer;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use jiff::Timestamp;
use serde_json::json;
use signing::LiveCredentials;
use tokio::sync::Semaphore;
use transport::{BoxError, Transport};
use url::Url;

pub use answer::read_answer;

use crate::analysis::{Analysis, Dimensions};
use crate::call::call;
use crate::error::FaceError;
use crate::limits::{Limits, is_tiny};
use crate::photo::Photo;

pub(crate) const SERVICE: &str = "dataplus";

/// Where the service lives.
pub const ENDPOINT: &str = "https://dtplus-cn-shanghai.data.aliyuncs.com/";

const PATH: &str = "/face/attribute";
const JSON: &str = "application/json";

const LIMITS: Limits = Limits {
    file_bytes: 3_000_000,
    encoded_side: 2048,
};

/// The Dataplus back end. Cheap to clone.
#[derive(Clone)]
pub struct Dataplus {
    endpoint: Url,
    credentials: LiveCredentials,
    transport: Transport,
    permits: Arc<Semaphore>,
}

impl Dataplus {
    /// Calls the service at `endpoint` (normally [`ENDPOINT`]), whose path is replaced.
    ///
    /// `permits` bounds the CPU work on pictures; see [`Photo`] for what that is.
    #[must_use]
    pub fn new(
        endpoint: Url,
        credentials: LiveCredentials,
        transport: Transport,
        permits: Arc<Semaphore>,
    ) -> Self {
        let mut endpoint = endpoint;
        endpoint.set_path(PATH);
        endpoint.set_query(None);
        Self {
            endpoint,
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
    /// A call that is dropped may still be billed.
    pub async fn analyse(&self, photo: Arc<dyn Photo>) -> Result<Analysis, FaceError> {
        let dimensions = photo.dimensions();
        if is_tiny(dimensions) {
            return Ok(Analysis::default());
        }
        let (body, sent) = self.body(&photo).await?;
        let request = || self.request(&body);
        let read = |status, answer: &[u8]| read_answer(status, answer, sent);
        let answer = call(&self.transport, SERVICE, request, read).await?;
        Ok(answer.rescaled(sent, dimensions))
    }

    /// The body of the call, and the size in which it gives the picture.
    async fn body(&self, photo: &Arc<dyn Photo>) -> Result<(Bytes, Dimensions), FaceError> {
        let dimensions = photo.dimensions();
        let stored = photo
            .stored()
            .filter(|file| LIMITS.admit(*file, dimensions));
        if let Some(file) = stored {
            let body = json!({ "type": 0, "image_url": file.url.as_str() });
            return Ok((body.to_string().into(), dimensions));
        }
        let encoded = LIMITS.encode(photo, &self.permits, SERVICE).await?;
        let body = json!({ "type": 1, "content": BASE64_STANDARD.encode(&encoded.bytes) });
        Ok((body.to_string().into(), encoded.dimensions))
    }

    fn request(&self, body: &Bytes) -> Result<http::Request<Bytes>, BoxError> {
        let request = http::Request::post(self.endpoint.as_str())
            .header(ACCEPT, JSON)
            .header(CONTENT_TYPE, JSON)
            .body(body.clone())?;
        let (mut parts, body) = request.into_parts();
        let credentials = self.credentials.get();
        signing::dataplus::sign(&mut parts, &body, &credentials, Timestamp::now())?;
        Ok(http::Request::from_parts(parts, body))
    }
}

impl fmt::Debug for Dataplus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.endpoint.host_str();
        f.debug_struct("Dataplus")
            .field("host", &host)
            .finish_non_exhaustive()
    }
}
