//! What a source has in MNS.
//!
//! MNS tells nobody when something changes, so it is asked on every pass; except that a pass
//! shortly after one that found all in order believes it still is. During a rollout a source
//! is looked at many times within seconds, and MNS has its limits.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mns::{QueueStatus, SubscriptionStatus};
use source_api::MnsOssSource;
use tokio::time::Instant;

use crate::cloud::{Account, CloudTrouble, Part};
use crate::context::Context;
use crate::wish::Supply;

/// For how long all is taken to be in order after it was seen to be; less if regular looks
/// come oftener.
const FRESH: Duration = Duration::from_secs(20);

/// What was found in MNS. What is absent does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloudSeen {
    /// The queue.
    pub queue: Option<QueueStatus>,
    /// The subscription.
    pub subscription: Option<SubscriptionStatus>,
}

/// What must not have changed for a memory to be of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    generation: Option<i64>,
    secret_version: Option<String>,
}

/// What was found in order lately, by uid of the source.
#[derive(Debug)]
pub(crate) struct CloudMemory {
    fresh: Duration,
    entries: Mutex<HashMap<String, Entry>>,
}

#[derive(Debug)]
struct Entry {
    about: Remembered,
    at: Instant,
    seen: CloudSeen,
}

impl Remembered {
    pub(crate) fn new(source: &MnsOssSource, secret_version: Option<&str>) -> Self {
        Self {
            generation: source.metadata.generation,
            secret_version: secret_version.map(str::to_owned),
        }
    }
}

impl CloudMemory {
    /// Remembers nothing yet, and nothing until the next regular look.
    pub(crate) fn new(resync: Duration) -> Self {
        Self {
            fresh: FRESH.min(resync / 2),
            entries: Mutex::default(),
        }
    }

    /// Takes note that all was in order.
    fn keep(&self, uid: &str, about: Remembered, seen: &CloudSeen) {
        let entry = Entry {
            about,
            at: Instant::now(),
            seen: seen.clone(),
        };
        self.lock().insert(uid.to_owned(), entry);
    }

    /// Forgets a source, because it is gone or what it has in MNS is about to change.
    pub(crate) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn recall(&self, uid: &str, about: &Remembered) -> Option<CloudSeen> {
        let memory = self.lock();
        let entry = memory.get(uid)?;
        (entry.about == *about && entry.at.elapsed() < self.fresh).then(|| entry.seen.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn look(
    ctx: &Context,
    uid: &str,
    about: Remembered,
    account: &Account,
    supply: &Supply,
) -> Result<CloudSeen, CloudTrouble> {
    if let Some(seen) = ctx.cloud_memory.recall(uid, &about) {
        return Ok(seen);
    }
    let seen = ask(account, supply).await?;
    ctx.cloud_memory.keep(uid, about, &seen);
    Ok(seen)
}

async fn ask(account: &Account, supply: &Supply) -> Result<CloudSeen, CloudTrouble> {
    let queue = account.queue(supply.queue());
    let queue = account.find(Part::Queue, queue.attributes()).await?;
    let subscription = match supply {
        Supply::Topic(wanted) => {
            let topic = account.topic(&wanted.topic);
            let attributes = topic.subscription_attributes(&wanted.subscription);
            account.find(Part::Subscription, attributes).await?
        }
        Supply::Queue(_) => None,
    };
    Ok(CloudSeen {
        queue,
        subscription,
    })
}
