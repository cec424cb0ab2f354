//! `PostObject`: an upload from a browser form. What vouches for it is a signed policy among
//! the fields; headers do not count.

pub(crate) mod form;
pub(crate) mod policy;

use std::borrow::Cow;

use axum::response::Response;
use http::header::{ETAG, LOCATION};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;

use self::form::Form;
use self::policy::Policy;
use super::auth::{self, Caller};
use super::error::{OssError, Result};
use super::incoming::Incoming;
use super::object::{Described, Kind, Object, Sums};
use super::operation::Operation;
use super::put::{Storing, opaque_etag};
use super::request::OssRequest;
use super::xml::Xml;
use super::{Oss, access, address, reply};
use crate::presented::post_policy::Presented;

impl Oss {
    pub(super) async fn post_object(
        &self,
        request: &OssRequest,
        body: &mut Incoming,
        now: Timestamp,
    ) -> Result<Response> {
        let mut form = Form::begin(request, body)?;
        form.read_fields().await?;
        if form.get("callback").is_some() {
            return Err(OssError::not_implemented("callback"));
        }
        let (request, key) = addressed(request, form.key()?);
        let request = request.as_ref();
        let about = self.store().bucket(request.bucket())?.about.clone();
        if !address::is_object_key(&key) {
            return Err(address::invalid_key(&key));
        }
        let policy = self.vouched(request, &form, &key, now)?;
        let described = Described::from_pairs(&form.described(), about.storage_class)?;
        let described = described.encrypted_by(&about);
        let forbid_overwrite = form.get("x-oss-forbid-overwrite") == Some("true");
        let storing = Storing {
            key: &key,
            forbid_overwrite,
            event: "ObjectCreated:PostObject",
        };
        storing.check(self.store().bucket(request.bucket())?)?;

        let limit = self.shared.settings.max_object_bytes;
        let written = form.keep_file(&self.blobs, limit).await?;
        if let Some(policy) = &policy {
            let checked = policy.check_length(written.blob.length());
            checked.inspect_err(|_| self.blobs.discard([written.blob.clone()]))?;
        }
        let sums = Sums {
            etag: opaque_etag(),
            ..Sums::of(&written)
        };
        let etag = sums.etag_header();
        let encryption = described.encryption_headers();
        let (blobs, modified) = (vec![written.blob], request.received);
        let object = Object::new(Kind::Normal, blobs, sums, described, modified);
        self.put(request, storing, object)?;
        let mut response = self.posted(request, &form, &key, etag);
        response.headers_mut().extend(encryption);
        Ok(response)
    }

    /// Checks who sent the form and what its policy allows; `None` when it is not signed and
    /// need not be.
    fn vouched(
        &self,
        request: &OssRequest,
        form: &Form<'_>,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<Policy>> {
        let presented = Presented::from_fields(form.fields()).map_err(auth::unreadable)?;
        let Some(presented) = presented else {
            let (caller, store) = (Caller::Anonymous, self.store());
            access::authorize(caller, Operation::PostObject, &store, request.bucket(), key)?;
            return Ok(None);
        };
        let id = presented.access_key_id.as_str();
        let token = presented.security_token.as_ref();
        let credentials = auth::find_key(&self.shared.keys, id, token, now)?;
        if !presented.matches(credentials.access_key_secret()) {
            let provided = form.get("signature").or(form.get("x-oss-signature"));
            return Err(auth::mismatch(
                id,
                provided.unwrap_or_default(),
                &presented.policy_base64,
            ));
        }
        let json = presented
            .policy_json()
            .map_err(|_| policy::invalid("not base64 of text"))?;
        let policy = Policy::parse(&json)?;
        policy.check(request.bucket(), key, form.fields(), now)?;
        Ok(Some(policy))
    }

    fn posted(
        &self,
        request: &OssRequest,
        form: &Form<'_>,
        key: &str,
        etag: HeaderValue,
    ) -> Response {
        let location = request.address.location(&self.base_url(request), key);
        let redirect = form
            .get("success_action_redirect")
            .filter(|url| !url.is_empty());
        if let Some(url) = redirect.and_then(|url| HeaderValue::try_from(url).ok()) {
            return reply::empty(StatusCode::SEE_OTHER, [(LOCATION, url), (ETAG, etag)]);
        }
        match form.get("success_action_status") {
            Some("200") => reply::empty(StatusCode::OK, [(ETAG, etag)]),
            Some("201") => {
                let mut xml = Xml::new("PostResponse");
                xml.text("Bucket", request.bucket());
                xml.text("ETag", etag.to_str().unwrap_or_default());
                xml.text("Key", key).text("Location", &location);
                let mut response = reply::document(xml);
                *response.status_mut() = StatusCode::CREATED;
                response.headers_mut().insert(ETAG, etag);
                response
            }
            _ => reply::empty(StatusCode::NO_CONTENT, [(ETAG, etag)]),
        }
    }
}

/// A form that is posted to the service itself says its bucket first in its key, as a path
/// does: where the service is reached by an IP address, no bucket can stand in front of it.
fn addressed(request: &OssRequest, key: String) -> (Cow<'_, OssRequest>, String) {
    match key.split_once('/') {
        Some((bucket, key)) if request.address.bucket.is_none() => {
            let mut request = request.clone();
            request.address.bucket = Some(bucket.to_owned());
            (Cow::Owned(request), key.to_owned())
        }
        _ => (Cow::Borrowed(request), key),
    }
}

impl From<multer::Error> for OssError {
    fn from(error: multer::Error) -> Self {
        match error {
            multer::Error::FieldSizeExceeded { .. } => {
                OssError::bad("FieldItemTooLong", "Your form field is too long.")
            }
            multer::Error::StreamReadFailed(cause) => form::unreadable(&*cause),
            error => form::malformed(&error.to_string()),
        }
    }
}
