//! Signed upload forms, with which a browser without credentials puts one object.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use signing::time;
use url::Url;

use super::Bucket;
use crate::error::{Error, Operation};
use crate::names::ObjectKey;

/// The longest that a form may be used.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// What an upload form allows.
#[derive(Debug, Clone)]
pub struct PresignPostOptions {
    /// The object that it makes. One that is there already is not replaced.
    pub key: ObjectKey,
    /// The media type that the object gets.
    pub content_type: String,
    /// How large the file may be, in bytes.
    pub size_bytes: RangeInclusive<u64>,
}

/// A form with which anybody can upload one object. Printed without its fields.
#[derive(Clone)]
pub struct PresignedPost {
    /// Where to post it, as `multipart/form-data`.
    pub url: Url,
    fields: Vec<(&'static str, String)>,
}

impl PresignedPost {
    /// The fields by name, in the order in which to send them; the field `file` comes last and is
    /// the sender's to add. They are a secret until the form expires.
    #[must_use]
    pub fn expose_fields(&self) -> &[(&'static str, String)] {
        &self.fields
    }
}

impl fmt::Debug for PresignedPost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresignedPost")
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

impl Bucket {
    /// Signs a form (`PostObject`) with which anybody can upload one object from `now` until
    /// `expires` later, at most 7 days, with the client's kind of signature. Nothing is sent. OSS
    /// answers the upload with 200.
    ///
    /// The form expires earlier if it is signed with temporary credentials that do.
    ///
    /// # Errors
    /// [`Error::OutsideLimits`], which is permanent.
    pub fn presign_post(
        &self,
        options: &PresignPostOptions,
        expires: Duration,
        now: Timestamp,
    ) -> Result<PresignedPost, Error> {
        let context = self.context(Operation::PostObject, Some(&options.key));
        let refuse = |reason| Error::outside_limits(&context, reason);
        if expires > LONGEST {
            return Err(refuse("a form lives 7 days at most"));
        }
        let expiration = now
            .checked_add(expires)
            .map_err(|_| refuse("the form would expire after the end of time"))?;
        let address = self.client.endpoint().address(&self.name, None, &[]);
        let url = address
            .parse()
            .map_err(|_| refuse("the bucket has no address"))?;
        let credentials = self.client.credentials().get();
        let mut fields = vec![
            ("key", options.key.as_str().to_owned()),
            ("Content-Type", options.content_type.clone()),
            ("success_action_status", "200".to_owned()),
            ("x-oss-forbid-overwrite", "true".to_owned()),
        ];
        let signer = self.client.signer();
        let mut fixed = fields.clone();
        fixed.extend(signer.form_conditions(&credentials, now));
        let policy = self.policy(options, expiration, &fixed);
        fields.extend(signer.form_fields(&policy, &credentials, now));
        Ok(PresignedPost { url, fields })
    }

    /// The policy that allows these values of these fields only.
    fn policy(
        &self,
        options: &PresignPostOptions,
        expiration: Timestamp,
        fixed: &[(&'static str, String)],
    ) -> String {
        let (least, most) = (options.size_bytes.start(), options.size_bytes.end());
        let mut conditions = vec![
            json!({ "bucket": self.name.as_str() }),
            json!(["content-length-range", least, most]),
        ];
        let equal = |(name, value): &(&str, String)| json!(["eq", format!("${name}"), value]);
        conditions.extend(fixed.iter().map(equal));
        let expiration = time::iso_extended(expiration);
        json!({ "expiration": expiration, "conditions": conditions }).to_string()
    }
}
