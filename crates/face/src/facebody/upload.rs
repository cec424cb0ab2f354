//! The "Advance" path: an authorization, an upload, and a URL that the service may read.
//!
//! The authorization names the host to which the photo is sent. Only hosts of Alibaba Cloud's
//! storage are accepted, or the endpoint that the configuration names instead. Internal and accelerated endpoints are not used.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use transport::{BoxError, Call, Replay, retry_after};
use url::Url;

use super::form::Form;
use super::{Facebody, REGION};
use crate::error::{FaceError, Refusal, ResponseError};
use crate::photo::Encoded;
use crate::rpc::Action;
use crate::vendor;

const OPEN_PLATFORM: &str = "openplatform";
const UPLOAD: &str = "facebody upload";

/// Enough for the largest file on a slow line.
const UPLOAD_DEADLINE: Duration = Duration::from_mins(1);

/// Answers to uploads are a few lines of XML.
const UPLOAD_RESPONSE_LIMIT_BYTES: usize = 64 << 10;

/// The authorization to upload one file. The signature in it is as good as a key while it lasts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Authorization {
    access_key_id: String,
    encoded_policy: String,
    signature: String,
    object_key: String,
    bucket: String,
    endpoint: String,
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("bucket", &self.bucket)
            .field("object_key", &self.object_key)
            .finish_non_exhaustive()
    }
}

/// Reads the response of `AuthorizeFileUpload`. Never panics, whatever the bytes.
///
/// # Errors
/// [`FaceError::InvalidResponse`], or what the service's refusal amounts to.
pub fn read_authorization(status: StatusCode, body: &[u8]) -> Result<Authorization, FaceError> {
    if !status.is_success() {
        return Err(Refusal::read(status, body).into_error(OPEN_PLATFORM, status));
    }
    let form = |error: serde_json::Error| FaceError::InvalidResponse {
        service: OPEN_PLATFORM,
        source: ResponseError::Form {
            source: error.into(),
        },
    };
    serde_json::from_slice(body).map_err(form)
}

impl Facebody {
    /// Uploads a file and returns where the service can read it.
    pub(super) async fn upload_file(&self, file: Encoded) -> Result<Url, FaceError> {
        let authorization = self.authorize().await?;
        let over = self.options.upload_endpoint.as_ref();
        let bucket = authorization.bucket_url(over)?;
        let form = authorization.form(&file).map_err(unsendable)?;
        drop(file);
        self.post(&bucket, &form).await?;
        authorization.object_url(bucket)
    }

    async fn authorize(&self) -> Result<Authorization, FaceError> {
        let action = Action {
            endpoint: &self.options.open_platform_endpoint,
            method: Method::GET,
            name: "AuthorizeFileUpload",
            version: "2019-12-19",
            query: &[("Product", "facebody"), ("RegionId", REGION)],
            form: &[],
        };
        self.call(OPEN_PLATFORM, &action, read_authorization).await
    }

    async fn post(&self, bucket: &Url, form: &Form) -> Result<(), FaceError> {
        let request = || -> Result<http::Request<Bytes>, BoxError> {
            let request = http::Request::post(bucket.as_str());
            let request = request.header(CONTENT_TYPE, &form.content_type);
            Ok(request.body(form.body.clone())?)
        };
        let terms = Call::new(UPLOAD_DEADLINE, UPLOAD_RESPONSE_LIMIT_BYTES).replay(Replay::Safe);
        let response = self.transport.send(&terms, request).await;
        let response = response.map_err(|source| FaceError::from_transport(UPLOAD, source))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let wait = retry_after(response.headers(), Timestamp::now());
        Err(refused_upload(Refusal::read(status, response.body()), status).with_wait(wait))
    }
}

impl Authorization {
    /// Where the form goes: the root of the bucket, in the vendor's domain or at `over`.
    ///
    /// # Errors
    /// [`FaceError::InvalidResponse`] when that would be outside of the vendor's domain.
    pub fn bucket_url(&self, over: Option<&Url>) -> Result<Url, FaceError> {
        if let Some(over) = over {
            let mut url = over.clone();
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().extend([self.bucket.as_str(), ""]);
            }
            return Ok(url);
        }
        let host = format!("{}.{}", self.bucket, self.endpoint);
        vendor::url(&host).ok_or_else(|| FaceError::InvalidResponse {
            service: OPEN_PLATFORM,
            source: ResponseError::ForeignHost {
                host: host.escape_debug().take(200).collect(),
            },
        })
    }

    /// What the service is told to read: the object, over plain HTTP as the SDKs have it.
    fn object_url(&self, bucket: Url) -> Result<Url, FaceError> {
        let mut url = bucket;
        if url.host_str().is_some_and(vendor::owns) {
            url.set_scheme("http")
                .map_err(|()| unsendable("no plain URL".into()))?;
        }
        let path = format!("{}{}", url.path(), signing::encode::path(&self.object_key));
        url.set_path(&path);
        Ok(url)
    }

    fn form(&self, file: &Encoded) -> Result<Form, BoxError> {
        let fields = [
            ("OSSAccessKeyId", self.access_key_id.as_str()),
            ("policy", &self.encoded_policy),
            ("Signature", &self.signature),
            ("key", &self.object_key),
            ("success_action_status", "201"),
        ];
        Form::new(&fields, &file.bytes, file.media_type)
    }
}

/// The upload is refused by a bucket that knows nothing of pictures. Forbidden means that the
/// authorization is stale, and the next attempt brings a fresh one.
fn refused_upload(refusal: Refusal, status: StatusCode) -> FaceError {
    if status == StatusCode::FORBIDDEN {
        return FaceError::Unavailable {
            service: UPLOAD,
            wait: None,
            source: refusal.into(),
        };
    }
    refusal.into_error(UPLOAD, status)
}

fn unsendable(source: BoxError) -> FaceError {
    FaceError::Misconfigured {
        service: UPLOAD,
        source,
    }
}
