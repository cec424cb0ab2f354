//! The old face API, `/face/attribute` of the Dataplus gateway.
//!
//! The picture is sent as a URL where the service can read it in its bucket, else inside the
//! request. The scheme knows no temporary credentials. `/face/detect` and
//! `/face/verify` are not used: they tell neither gender nor age.

mod response;

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

pub use response::read_answer;

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

/// Bytes that are put into base64 at a time: a multiple of three.
const PIECE: usize = 3 << 12;

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
        let read = |status, response: &[u8]| read_answer(status, response, sent);
        let response = call(&self.transport, SERVICE, request, read).await?;
        Ok(response.rescaled(sent, dimensions))
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
        let body = with_content(encoded.bytes.into());
        Ok((body.into(), encoded.dimensions))
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

/// The body that gives `file` in base64, which needs no escapes. It is written into the memory of the
/// file: that is moved to the end first, so that reading keeps ahead of writing.
fn with_content(file: Vec<u8>) -> Vec<u8> {
    const BEFORE: &[u8] = br#"{"content":""#;
    const BEHIND: &[u8] = br#"","type":1}"#;
    let mut body = file;
    let length = body.len();
    let size = BEFORE.len() + 4 * length.div_ceil(3) + BEHIND.len();
    body.resize(size, 0);
    body.copy_within(..length, size - length);
    body[..BEFORE.len()].copy_from_slice(BEFORE);
    let mut written = BEFORE.len();
    for begin in (size - length..size).step_by(PIECE) {
        let code = BASE64_STANDARD.encode(&body[begin..size.min(begin + PIECE)]);
        body[written..written + code.len()].copy_from_slice(code.as_bytes());
        written += code.len();
    }
    body[written..].copy_from_slice(BEHIND);
    body
}

impl fmt::Debug for Dataplus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.endpoint.host_str();
        f.debug_struct("Dataplus")
            .field("host", &host)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_any_length_is_put_into_the_body_as_it_is() {
        for length in [0, 1, 2, 3, 100, PIECE - 1, PIECE, PIECE + 1, 9 * PIECE + 2] {
            let file: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
            let expected = json!({ "type": 1, "content": BASE64_STANDARD.encode(&file) });
            let body = with_content(file);
            assert_eq!(body, expected.to_string().as_bytes(), "{length} bytes");
        }
    }
}
