//! Presigned URLs, with which a client without credentials reads one object for a while.

use std::fmt;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use signing::SignError;
use transport::redact;
use url::{Position, Url};

use super::Bucket;
use crate::error::{Error, Operation};
use crate::names::ObjectKey;
use crate::request::Request;

/// A URL with which anybody can read an object. Printed without its signature.
#[derive(Clone, PartialEq, Eq)]
pub struct PresignedUrl(Url);

impl PresignedUrl {
    /// The URL with its signature. It is a secret until it expires.
    #[must_use]
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for PresignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redact(&self.0).fmt(f)
    }
}

impl fmt::Debug for PresignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresignedUrl({self})")
    }
}

impl Bucket {
    /// Signs a URL with which anybody can GET the object from `now` until `expires` later,
    /// with the client's kind of signature. V4 allows 1 second to 7 days. Nothing is sent, so
    /// the object need not exist.
    ///
    /// The URL expires earlier if it is signed with temporary credentials that do.
    ///
    /// # Errors
    /// [`Error::Unsigned`], which is permanent.
    pub fn presign_get(
        &self,
        key: &ObjectKey,
        expires: Duration,
        now: Timestamp,
    ) -> Result<PresignedUrl, Error> {
        let request = self.on_object(Operation::GetObject, Method::GET, key);
        presign(&request, expires, now)
    }

    /// As [`presign_get`](Self::presign_get), of what image processing makes of the object:
    /// `process` is a command such as `image/resize,w_480`.
    ///
    /// # Errors
    /// As [`presign_get`](Self::presign_get).
    pub fn presign_processed(
        &self,
        key: &ObjectKey,
        process: &str,
        expires: Duration,
        now: Timestamp,
    ) -> Result<PresignedUrl, Error> {
        let request = self.on_object(Operation::GetObject, Method::GET, key);
        presign(&request.query("x-oss-process", process), expires, now)
    }
}

fn presign(
    request: &Request<'_>,
    expires: Duration,
    now: Timestamp,
) -> Result<PresignedUrl, Error> {
    let unsigned = |source| Error::Unsigned {
        context: Box::new(request.context().clone()),
        source,
    };
    let signed = request.presigned(expires, now).map_err(unsigned)?;
    let url: Url = signed
        .to_string()
        .parse()
        .map_err(|_| unsigned(SignError::Target))?;
    // A URL that the parser had to change is not the one that was signed.
    if url[Position::BeforePath..] != *signed.path_and_query().map_or("", |target| target.as_str())
    {
        return Err(unsigned(SignError::Target));
    }
    Ok(PresignedUrl(url))
}
