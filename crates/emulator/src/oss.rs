//! OSS: buckets, objects and uploads over HTTP.
//!
//! A request is named, taken through the [gate](crate::gate), its sender is authenticated and
//! authorized, and one handler answers. Handlers change the store by records
//! and publish what happened in the same step, so that no acknowledged upload lacks its event.
//!
//! Not played, and refused as such: versioning, callbacks, life cycle, replication, image
//! processing beside making a picture smaller, and the other configurations of a bucket beside its
//! access control list and its cross-origin rules. Asked for
//! versions, every object shows one, called `null`; of live channels there are none. Encryption is remembered and shown, but
//! nothing is encrypted. An archived object is restored in seconds, without an event at the end.

mod access;
mod acl;
pub(crate) mod address;
mod archive;
mod auth;
mod bucket;
mod condition;
mod copy;
mod cors;
pub(crate) mod delete;
pub(crate) mod describe;
mod encryption;
mod error;
mod event;
mod get;
mod incoming;
mod list;
mod multipart;
mod object;
mod operation;
pub(crate) mod post;
mod process;
mod put;
mod query;
pub(crate) mod range;
mod reply;
mod request;
mod request_id;
mod service;
mod store;
mod version;
pub(crate) mod xml;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use self::error::Result;
use self::event::ObjectEvent;
use self::object::{BucketAcl, StorageClass};
use self::request::OssRequest;
use self::store::{AboutBucket, Record, Store};
use crate::blobs::Blobs;
use crate::journal::{JournalError, Journaled as _};
use crate::mns::{DeliveryError, Mns};
use crate::rules::Rules;
use crate::settings::Settings;
use crate::shared::Shared;

pub use self::service::router;

/// The OSS service.
#[derive(Debug)]
pub struct Oss {
    shared: Arc<Shared>,
    blobs: Arc<Blobs>,
    store: Mutex<Store>,
    rules: Arc<Rules>,
    mns: Arc<Mns>,
}

impl Oss {
    /// Restores buckets and objects from the journal, and frees bytes that nothing refers to.
    ///
    /// # Errors
    /// When the journal is damaged.
    pub fn new(
        shared: Arc<Shared>,
        blobs: Blobs,
        rules: Arc<Rules>,
        mns: Arc<Mns>,
    ) -> Result<Arc<Self>, JournalError> {
        let blobs = Arc::new(blobs);
        let store = shared.journal.restore(Store::new(Arc::clone(&blobs)))?;
        blobs.sweep(&store.owned_blobs());
        Ok(Arc::new(Self {
            shared,
            blobs,
            store: Mutex::new(store),
            rules,
            mns,
        }))
    }

    /// Makes a bucket that everybody may read, unless there is one: for services that keep
    /// files of their own in OSS.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn ensure_public_bucket(&self, bucket: &str) -> Result<(), JournalError> {
        let mut store = self.store();
        if store.bucket(bucket).is_ok() {
            return Ok(());
        }
        let about = AboutBucket {
            created: self.shared.clock.now(),
            acl: BucketAcl::PublicRead,
            storage_class: StorageClass::default(),
            redundancy: "LRS".to_owned(),
            encryption: None,
            cors: None,
        };
        let record = Record::PutBucket {
            bucket: bucket.to_owned(),
            about,
        };
        self.shared.journal.append::<Store>(&record)?;
        store.apply(record);
        Ok(())
    }

    /// Gives a host name to a bucket, or takes it away again.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub fn map_host(&self, host: &str, bucket: Option<&str>) -> Result<(), JournalError> {
        let host = host.to_ascii_lowercase();
        let record = match bucket {
            Some(bucket) => Record::MapHost {
                host,
                bucket: bucket.to_owned(),
            },
            None => Record::UnmapHost { host },
        };
        let mut store = self.store();
        self.shared.journal.append::<Store>(&record)?;
        store.apply(record);
        Ok(())
    }

    /// The host names that were given to buckets.
    #[must_use]
    pub fn mapped_hosts(&self) -> std::collections::BTreeMap<String, String> {
        self.store().cnames().clone()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock()
    }

    /// Makes one change: `plan` looks at the store and decides on the record, which is kept
    /// and applied before any other request sees the store.
    fn commit<T>(&self, plan: impl FnOnce(&Store) -> Result<(Record, T)>) -> Result<T> {
        let mut store = self.store();
        let (record, outcome) = plan(&store)?;
        self.shared.journal.append::<Store>(&record)?;
        store.apply(record);
        Ok(outcome)
    }

    /// Announces what happened, where a rule says so. Does not wait: between a change and its
    /// event a handler must not be dropped.
    ///
    /// # Errors
    /// When the event cannot be written to the journal. The change is made all the same, but must
    /// not be acknowledged: a client that makes it again has it announced then.
    fn publish_event(&self, request: &OssRequest, happened: &ObjectEvent) -> Result<()> {
        for (rule, endpoint) in self
            .rules
            .matching(request.bucket(), &happened.key, happened.event)
        {
            let message = happened.message(request, &self.shared.settings, &rule);
            match self.mns.deliver(&endpoint, &message) {
                Ok(()) => request.announced.store(true, Ordering::Relaxed),
                Err(DeliveryError::Journal(error)) => return Err(error.into()),
                Err(error @ DeliveryError::NoEndpoint(_)) => {
                    let cause: &dyn std::error::Error = &error;
                    tracing::warn!(rule, %endpoint, cause, "event of rule `{rule}` is lost");
                }
            }
        }
        Ok(())
    }

    /// The URL of the service, as this client reaches it.
    fn base_url(&self, request: &OssRequest) -> String {
        Settings::base_url(
            self.shared.settings.public.oss.as_ref(),
            &request.address.endpoint,
        )
    }
}

/// `2024-05-06T07:08:09.000Z`, the form of documents. Always whole seconds: the official Python
/// SDK takes nothing else.
fn iso_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}
