//! What requests and background work share.

use std::sync::Arc;

use jiff::Timestamp;
use mns::QueueName;
use oss::{Bucket, NameError, ObjectKey};
use tokio_util::sync::CancellationToken;

use crate::broadcaster::Broadcaster;
use crate::config::BucketConfig;
use crate::gallery::{Gallery, Item};
use crate::journey::Journeys;
use crate::rate_limiter::RateLimiter;
use crate::session::Sessions;
use crate::source::Source;
use crate::status::StatusHistory;

/// Twice the size at which a page shows it, for fine screens.
const THUMBNAIL: &str = "image/resize,m_lfit,w_480,h_480";
/// Image processing takes no larger files.
const MAX_PROCESSED_BYTES: u64 = 20 << 20;

/// The console; handlers and tasks share one.
pub(crate) type Shared = Arc<Console>;

/// What requests and background work share.
#[derive(Debug)]
pub(crate) struct Console {
    pub(crate) settings: BucketConfig,
    /// The bucket as the console reaches it.
    pub(crate) bucket: Bucket,
    /// The bucket as browsers reach it; only signs.
    pub(crate) public: Bucket,
    pub(crate) queue: QueueView,
    pub(crate) sessions: Sessions,
    pub(crate) journeys: Journeys,
    pub(crate) gallery: Gallery,
    pub(crate) status: StatusHistory,
    pub(crate) broadcaster: Arc<Broadcaster>,
    pub(crate) rate_limits: RateLimits,
    /// The start of the name that senders of events use; any name will do if there is none.
    pub(crate) events_host: Option<String>,
    pub(crate) stop: CancellationToken,
}

/// How the queue is found, if there is one to be shown.
#[derive(Debug, Default)]
pub(crate) struct QueueView {
    /// MNS, if any queue is looked at.
    pub(crate) mns: Option<mns::Client>,
    /// The queue, if it is known from the start.
    pub(crate) name: Option<QueueName>,
    /// The source that knows it, in a cluster.
    pub(crate) source: Option<Source>,
}

/// How often something may happen, for all clients together.
#[derive(Debug)]
pub(crate) struct RateLimits {
    /// Attempts to sign in.
    pub(crate) sign_in: RateLimiter,
    /// Requests of pages.
    pub(crate) api: RateLimiter,
    /// Upload forms.
    pub(crate) forms: RateLimiter,
    /// CloudEvents.
    pub(crate) events: RateLimiter,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            sign_in: RateLimiter::new(10, 0.2),
            api: RateLimiter::new(200, 50.0),
            forms: RateLimiter::new(2000, 20.0),
            events: RateLimiter::new(2000, 500.0),
        }
    }
}

impl Console {
    /// A URL with which the browser reads an object for a few minutes.
    pub(crate) fn url(&self, key: &ObjectKey) -> Result<String, oss::Error> {
        let (lifetime, now) = (self.settings.url_lifetime, Timestamp::now());
        let url = self.public.presign_get(key, lifetime, now)?;
        Ok(url.expose().to_string())
    }

    /// A URL with which the browser reads a result made small; none where OSS makes none.
    pub(crate) fn thumbnail(&self, item: &Item) -> Option<String> {
        if item.size_bytes > MAX_PROCESSED_BYTES {
            return None;
        }
        let (key, lifetime) = (item.key.parse().ok()?, self.settings.url_lifetime);
        let url = self
            .public
            .presign_processed(&key, THUMBNAIL, lifetime, Timestamp::now());
        Some(url.ok()?.expose().to_string())
    }

    /// The key of a photo's result.
    pub(crate) fn result_key(&self, photo: &ObjectKey) -> Result<ObjectKey, NameError> {
        self.settings.results.result_key(photo)
    }

    /// The key of the photo that a result was made of, unless it was too long to be kept.
    pub(crate) fn photo_key(&self, result: &ObjectKey) -> Option<ObjectKey> {
        let folder = format!("{}/", self.settings.results);
        let rest = result.as_str().strip_prefix(&folder)?;
        let (folders, name) = match rest.rsplit_once('/') {
            Some((folders, name)) => (format!("{folders}/"), name),
            None => (String::new(), rest),
        };
        let name = name.strip_prefix("rec-")?;
        let photo: ObjectKey = format!("{folders}{name}").parse().ok()?;
        (self.result_key(&photo).as_ref() == Ok(result)).then_some(photo)
    }
}
