//! Cross-origin rules: which pages of other origins a browser lets talk to the bucket.

use bytes::Bytes;
use http::Method;

use super::Bucket;
use crate::error::{Error, Operation};
use crate::wire;

/// A rule of a bucket. An asterisk within a text stands for any text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsRule {
    /// Pages, as `scheme://host[:port]`.
    pub origins: Vec<String>,
    /// Methods that they may use.
    pub methods: Vec<Method>,
    /// Headers that they may send.
    pub headers: Vec<String>,
    /// Headers of answers that they may read.
    pub exposed: Vec<String>,
}

impl Bucket {
    /// Adds a cross-origin rule to those of the bucket, which stay as they are; nothing is written
    /// if one of them allows the same. Returns whether the rule was added.
    ///
    /// OSS can only replace all rules at once: a change that another client makes at the same
    /// moment is lost.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn add_cors_rule(&self, rule: &CorsRule) -> Result<bool, Error> {
        let document = self.cors_document().await?;
        let rules = match &document {
            Some(document) => {
                wire::read::<wire::CorsConfiguration>(document).map_err(|source| {
                    Error::unreadable(&self.context(Operation::GetBucketCors, None), source)
                })?
            }
            None => wire::CorsConfiguration::default(),
        };
        if rules.rules().any(|other| other.covers(rule)) {
            return Ok(false);
        }
        // The text of the others is kept, with whatever it says that is not known here.
        let known = document.as_deref().unwrap_or_default();
        let request = self
            .on_bucket(Operation::PutBucketCors, Method::PUT)
            .query("cors", "")
            .xml(wire::with_cors_rule(&String::from_utf8_lossy(known), rule));
        request.send().await?;
        Ok(true)
    }

    /// The rules as OSS has them; `None` if there are none.
    async fn cors_document(&self) -> Result<Option<Bytes>, Error> {
        let request = self
            .on_bucket(Operation::GetBucketCors, Method::GET)
            .query("cors", "");
        match request.send().await {
            Ok(response) => Ok(Some(response.into_body())),
            Err(error) if error.code() == Some("NoSuchCORSConfiguration") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl CorsRule {
    /// Whether this rule names all that the other one does.
    fn covers(&self, other: &Self) -> bool {
        fn holds<T: PartialEq>(all: &[T], some: &[T]) -> bool {
            some.iter().all(|one| all.contains(one))
        }
        holds(&self.origins, &other.origins)
            && holds(&self.methods, &other.methods)
            && holds(&self.headers, &other.headers)
            && holds(&self.exposed, &other.exposed)
    }
}
