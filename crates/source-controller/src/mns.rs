//! The queue and the subscription of a source in MNS.
//!
//! Only the queue and the subscription whose names carry this source's mark are ever made or
//! changed. A topic, and a queue that the user names, are somebody else's.
//!
//! MNS tells nobody when something changes, so it is asked on every pass; except that a pass
//! shortly after one that found all in order believes it still is. During a rollout a source
//! is looked at many times within seconds, and MNS has its limits.

mod circuit_breaker;
mod client;
pub mod orphans;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mns::{
    Delay, Endpoint, MaximumMessageSize, NameError, NotifyContentFormat, NotifyStrategy,
    QueueAttributes, QueueName, QueueStatus, Retention, Subscription, SubscriptionName,
    SubscriptionStatus, TopicName, VisibilityTimeout,
};
use source_api::{Conditions, Dependent, MnsOssSource, Origin, OriginError, names};
use thiserror::Error;
use tokio::time::Instant;
use tracing::info;
use transport::Disposition;

pub(crate) use circuit_breaker::Silence;
use client::TOPIC_NOT_FOUND;
pub use client::{Account, CloudTrouble, Part};

use crate::context::Context;
use crate::reconcile::{Done, Seen};
use crate::source::{Identity, Wish};

/// How long a message stays hidden after a receive. The adapter extends it as long as it
/// works on the message; this is what a killed adapter's messages wait.
const VISIBILITY: Duration = Duration::from_secs(30);

/// How long undelivered messages are kept: a long weekend.
const RETENTION: Duration = Duration::from_hours(4 * 24);

/// For how long all is taken to be in order after it was seen to be; less if regular looks
/// come oftener.
const FRESH: Duration = Duration::from_secs(20);

/// Where a source's messages come from, in MNS's own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supply {
    /// A topic, and what we make to receive from it.
    Topic(Subscribed),
    /// Somebody else's queue.
    Queue(QueueName),
}

/// A queue of ours and its subscription to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// The topic, which is somebody else's.
    pub topic: TopicName,
    /// The queue.
    pub queue: QueueName,
    /// The subscription, which has the queue's name.
    pub subscription: SubscriptionName,
}

/// Why a source has no supply. Permanent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SupplyError {
    /// It names none, or two.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// MNS knows no such names.
    #[error(transparent)]
    Name(#[from] NameError),
}

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

/// One thing to do in MNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloudStep {
    /// Make the queue.
    CreateQueue(QueueName, QueueAttributes),
    /// Set the attributes that somebody changed.
    CorrectQueue(QueueName, QueueAttributes),
    /// Subscribe the queue to the topic.
    Subscribe(Subscribed, Subscription),
    /// Replace a subscription of ours that leads elsewhere or alters messages, which cannot
    /// be mended.
    Resubscribe(Subscribed, Subscription),
    /// Set the strategy that somebody changed.
    CorrectSubscription(Subscribed, NotifyStrategy),
}

impl Supply {
    /// The queue that is received from.
    #[must_use]
    pub fn queue(&self) -> &QueueName {
        match self {
            Self::Topic(subscribed) => &subscribed.queue,
            Self::Queue(queue) => queue,
        }
    }
}

pub(crate) fn supply(source: &MnsOssSource, identity: &Identity) -> Result<Supply, SupplyError> {
    match source.spec.origin()? {
        Origin::Topic(topic) => Ok(Supply::Topic(subscribed(topic, identity)?)),
        Origin::Queue(queue) => Ok(Supply::Queue(QueueName::try_new(queue)?)),
    }
}

/// What we make for a source that receives from `topic`.
fn subscribed(topic: &str, identity: &Identity) -> Result<Subscribed, NameError> {
    let Identity {
        namespace,
        name,
        uid,
    } = identity;
    let queue = names::queue(namespace, name, uid);
    Ok(Subscribed {
        topic: TopicName::try_new(topic)?,
        subscription: SubscriptionName::try_new(&queue)?,
        queue: QueueName::try_new(queue)?,
    })
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

pub(crate) async fn look(
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

impl CloudStep {
    /// The step as done, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::CreateQueue(name, _) => format!("made queue `{name}`"),
            Self::CorrectQueue(name, _) => {
                format!("set attributes of queue `{name}` that somebody had changed")
            }
            Self::Subscribe(wanted, _) => {
                let Subscribed { topic, queue, .. } = wanted;
                format!("subscribed queue `{queue}` to topic `{topic}`")
            }
            Self::Resubscribe(wanted, _) | Self::CorrectSubscription(wanted, _) => {
                let Subscribed {
                    topic,
                    subscription,
                    ..
                } = wanted;
                format!(
                    "mended subscription `{subscription}` of topic `{topic}` that somebody had changed"
                )
            }
        }
    }

    /// The step in one word, for an event.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::CreateQueue(..) => "QueueCreated",
            Self::CorrectQueue(..) => "QueueCorrected",
            Self::Subscribe(..) => "Subscribed",
            Self::Resubscribe(..) | Self::CorrectSubscription(..) => "SubscriptionCorrected",
        }
    }
}

/// What to make or correct for the source as it is now.
///
/// # Errors
/// Nothing can be done, for a reason that belongs into a condition.
pub fn steps(wish: &Wish, seen: &Seen) -> Result<Vec<CloudStep>, CloudTrouble> {
    let (Ok(supply), Ok(endpoint), Some(looked)) = (&wish.supply, &seen.account, &seen.cloud)
    else {
        // Said elsewhere: the supply or the account is what is wrong.
        return Ok(Vec::new());
    };
    let found = looked.as_ref().map_err(Clone::clone)?;
    match supply {
        Supply::Topic(wanted) => topic_steps(wanted, endpoint, found),
        Supply::Queue(queue) => match &found.queue {
            Some(_) => Ok(Vec::new()),
            None => Err(no_queue(queue)),
        },
    }
}

fn topic_steps(
    wanted: &Subscribed,
    endpoint: &Endpoint,
    found: &CloudSeen,
) -> Result<Vec<CloudStep>, CloudTrouble> {
    let arn = endpoint.queue_arn(&wanted.queue).ok_or_else(no_account)?;
    let queue = queue_step(&wanted.queue, found.queue.as_ref());
    let subscription = subscription_step(wanted, arn, found.subscription.as_ref());
    Ok(queue.into_iter().chain(subscription).collect())
}

/// The attributes that we care about. How long a receive waits and whether calls are logged
/// is not among them: the adapter says the one itself, the other is the user's choice.
fn attributes() -> QueueAttributes {
    QueueAttributes {
        visibility_timeout: Some(VisibilityTimeout::saturating(VISIBILITY)),
        // A topic refuses a queue that takes less than itself.
        maximum_message_size: Some(MaximumMessageSize::MAX),
        message_retention: Some(Retention::saturating(RETENTION)),
        delay: Some(Delay::MIN),
        ..QueueAttributes::default()
    }
}

fn queue_step(name: &QueueName, found: Option<&QueueStatus>) -> Option<CloudStep> {
    let wanted = attributes();
    let Some(found) = found else {
        return Some(CloudStep::CreateQueue(name.clone(), wanted));
    };
    let is_other = |is: Option<Duration>, wanted: Duration| is.is_some_and(|is| is != wanted);
    let size = found.maximum_message_size_bytes;
    let changed = QueueAttributes {
        visibility_timeout: wanted
            .visibility_timeout
            .filter(|wanted| is_other(found.visibility_timeout, wanted.get())),
        maximum_message_size: wanted
            .maximum_message_size
            .filter(|wanted| size.is_some_and(|is| is != u64::from(wanted.get()))),
        message_retention: wanted
            .message_retention
            .filter(|wanted| is_other(found.message_retention, wanted.get())),
        delay: wanted
            .delay
            .filter(|wanted| is_other(found.delay, wanted.get())),
        ..QueueAttributes::default()
    };
    (changed != QueueAttributes::default()).then(|| CloudStep::CorrectQueue(name.clone(), changed))
}

fn subscription_step(
    wanted: &Subscribed,
    arn: String,
    found: Option<&SubscriptionStatus>,
) -> Option<CloudStep> {
    let subscription = Subscription {
        notify_content_format: Some(NotifyContentFormat::Simplified),
        // A day of retries: time enough to make a queue anew that somebody removed.
        notify_strategy: Some(NotifyStrategy::ExponentialDecayRetry),
        ..Subscription::new(arn)
    };
    let Some(found) = found else {
        return Some(CloudStep::Subscribe(wanted.clone(), subscription));
    };
    let is_other_form = found
        .notify_content_format
        .is_some_and(|format| Some(format) != subscription.notify_content_format);
    let is_filtered = found.filter_tag.as_ref().is_some_and(|tag| !tag.is_empty());
    if found.endpoint != subscription.endpoint || is_other_form || is_filtered {
        return Some(CloudStep::Resubscribe(wanted.clone(), subscription));
    }
    let strategy = subscription.notify_strategy?;
    (found.notify_strategy? != strategy)
        .then(|| CloudStep::CorrectSubscription(wanted.clone(), strategy))
}

fn no_queue(queue: &QueueName) -> CloudTrouble {
    let message = format!("queue `{queue}` does not exist");
    CloudTrouble::new(
        Part::Queue,
        "QueueNotFound",
        message,
        Disposition::Permanent,
    )
}

fn no_account() -> CloudTrouble {
    let message = "the endpoint does not name account and region: use `https://<account>.mns.<region>.aliyuncs.com`, \
                   or add `accountId` and `region` to the document in the Secret";
    let reason = "EndpointIncomplete";
    CloudTrouble::new(
        Part::Subscription,
        reason,
        message.to_owned(),
        Disposition::Permanent,
    )
}

/// Does the steps in order, up to the first that fails.
pub(crate) async fn make(
    ctx: &Context,
    identity: &Identity,
    steps: Result<Vec<CloudStep>, CloudTrouble>,
    account: Option<&Account>,
) -> Result<Vec<CloudStep>, CloudTrouble> {
    let in_order = steps.as_ref().is_ok_and(Vec::is_empty);
    if !in_order {
        ctx.cloud_memory.forget(&identity.uid);
    }
    let steps = steps?;
    let Some(account) = account else {
        return Ok(Vec::new());
    };
    for step in &steps {
        take(account, step).await?;
        info!(
            source.namespace = identity.namespace,
            source.name = identity.name,
            "{}",
            step.describe()
        );
    }
    Ok(steps)
}

async fn take(account: &Account, step: &CloudStep) -> Result<(), CloudTrouble> {
    match step {
        CloudStep::CreateQueue(name, attributes) => {
            let queue = account.queue(name);
            account.call(Part::Queue, queue.create(attributes)).await?;
        }
        CloudStep::CorrectQueue(name, attributes) => {
            let queue = account.queue(name);
            account
                .call(Part::Queue, queue.set_attributes(attributes))
                .await?;
        }
        CloudStep::Subscribe(wanted, subscription) => {
            let topic = account.topic(&wanted.topic);
            let call = topic.subscribe(&wanted.subscription, subscription);
            let subscribed = account.call(Part::Subscription, call).await;
            subscribed.map_err(|trouble| named(trouble, wanted))?;
        }
        CloudStep::Resubscribe(wanted, subscription) => {
            let topic = account.topic(&wanted.topic);
            let call = topic.unsubscribe(&wanted.subscription);
            account.call(Part::Subscription, call).await?;
            let call = topic.subscribe(&wanted.subscription, subscription);
            account.call(Part::Subscription, call).await?;
        }
        CloudStep::CorrectSubscription(wanted, strategy) => {
            let topic = account.topic(&wanted.topic);
            let call = topic.set_subscription_attributes(&wanted.subscription, *strategy);
            account.call(Part::Subscription, call).await?;
        }
    }
    Ok(())
}

/// A topic that is missing is the user's most likely mistake, so it is told in plain words.
fn named(trouble: CloudTrouble, wanted: &Subscribed) -> CloudTrouble {
    if trouble.reason != TOPIC_NOT_FOUND {
        return trouble;
    }
    let message = format!("topic `{}` does not exist", wanted.topic);
    CloudTrouble { message, ..trouble }
}

pub(crate) fn mark(conditions: &mut Conditions, wish: &Wish, seen: &Seen, done: &Done) {
    if let Err(error) = &wish.supply {
        conditions.mark_false(Dependent::QueueReady, "Invalid", error.to_string());
        return;
    }
    if seen.account.is_err() {
        without_credentials(conditions);
        return;
    }
    match &done.cloud {
        Ok(_) => {
            conditions.mark_true(Dependent::QueueReady);
            mark_subscribed(conditions, wish);
        }
        Err(trouble) if trouble.is_key_refused => without_credentials(conditions),
        Err(trouble) => match trouble.part {
            Part::Queue => mark_trouble(conditions, Dependent::QueueReady, trouble),
            Part::Subscription => {
                conditions.mark_true(Dependent::QueueReady);
                mark_trouble(conditions, Dependent::Subscribed, trouble);
            }
        },
    }
}

fn without_credentials(conditions: &mut Conditions) {
    let message = "MNS cannot be asked without credentials that it takes";
    conditions.mark_unknown(Dependent::QueueReady, "CredentialsMissing", message);
}

fn mark_subscribed(conditions: &mut Conditions, wish: &Wish) {
    if let Ok(Supply::Queue(_)) = &wish.supply {
        let message = "whoever owns the queue sees to what is in it";
        conditions.mark_true_because(Dependent::Subscribed, "QueueGiven", message);
    } else {
        conditions.mark_true(Dependent::Subscribed);
    }
}

/// What may pass is not a failure yet.
fn mark_trouble(conditions: &mut Conditions, dependent: Dependent, trouble: &CloudTrouble) {
    let message = trouble.message.clone();
    if trouble.disposition.is_retryable() {
        conditions.mark_unknown(dependent, trouble.reason, message);
    } else {
        conditions.mark_false(dependent, trouble.reason, message);
    }
}
