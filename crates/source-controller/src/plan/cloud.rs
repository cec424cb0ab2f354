//! What to do in MNS: for the source as it is now, and about what it no longer uses.
//!
//! Only queues and subscriptions whose name carries this source's mark are ever changed or
//! removed. A topic, and a queue that the user names, are somebody else's.

use std::time::Duration;

use mns::{
    Delay, Endpoint, MaximumMessageSize, NotifyContentFormat, NotifyStrategy, QueueAttributes,
    QueueName, QueueStatus, Retention, Subscription, SubscriptionName, SubscriptionStatus,
    TopicName, VisibilityTimeout,
};
use source_api::{DeletionPolicy, MnsOssSource, MnsOssSourceStatus, names};
use transport::Disposition;

use crate::cloud::{CloudTrouble, Part};
use crate::look::{CloudSeen, Seen};
use crate::wish::{Identity, Subscribed, Supply, Wish};

/// How long a message stays hidden after a receive. The adapter extends it as long as it
/// works on the message; this is what a killed adapter's messages wait.
const VISIBILITY: Duration = Duration::from_secs(30);
/// How long undelivered messages are kept: a long weekend.
const RETENTION: Duration = Duration::from_hours(4 * 24);

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

/// What a source has in MNS but no longer uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftovers {
    /// Where it is.
    pub endpoint: Endpoint,
    /// What it is.
    pub items: Items,
}

/// Things in MNS that carry a source's mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items {
    /// Subscriptions and their topics. They go first, so that nothing is sent into a queue
    /// that is gone.
    pub subscriptions: Vec<(TopicName, SubscriptionName)>,
    /// The queue.
    pub queue: Option<QueueName>,
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

/// What the source has according to its status and no longer uses.
#[must_use]
pub fn leftovers(
    source: &MnsOssSource,
    identity: &Identity,
    wish: &Wish,
    seen: &Seen,
) -> Option<Leftovers> {
    let (Ok(supply), Ok(endpoint)) = (&wish.supply, &seen.account) else {
        return None;
    };
    if keeps_all(source) {
        return None;
    }
    let recorded = Recorded::of(source.status.as_ref()?, identity);
    let in_use = match supply {
        Supply::Topic(wanted) => Some(wanted),
        Supply::Queue(_) => None,
    };
    let elsewhere = recorded.elsewhere(endpoint);
    let is_unused = |used: bool| elsewhere.is_some() || !used;
    let subscription = recorded.subscription.filter(|(topic, name)| {
        is_unused(in_use.is_some_and(|it| it.topic == *topic && it.subscription == *name))
    });
    let queue = recorded
        .queue
        .filter(|queue| is_unused(in_use.is_some_and(|it| it.queue == *queue)));
    let items = Items {
        subscriptions: subscription.into_iter().collect(),
        queue,
    };
    let endpoint = elsewhere.unwrap_or_else(|| endpoint.clone());
    (!items.is_empty()).then_some(Leftovers { endpoint, items })
}

/// Everything that a source has in MNS, for its deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Everything {
    recorded: Recorded,
    /// What it is.
    pub items: Items,
}

/// Everything that a source has in MNS; `None` if that is nothing, or all of it shall stay.
#[must_use]
pub fn everything(source: &MnsOssSource, identity: &Identity, wish: &Wish) -> Option<Everything> {
    if keeps_all(source) {
        return None;
    }
    let status = source.status.as_ref();
    let recorded = status.map_or_else(Recorded::default, |it| Recorded::of(it, identity));
    let mut items = Items {
        subscriptions: recorded.subscription.clone().into_iter().collect(),
        queue: recorded.queue.clone(),
    };
    // What a pass made whose status was never written.
    if let Ok(Supply::Topic(wanted)) = &wish.supply {
        let current = (wanted.topic.clone(), wanted.subscription.clone());
        if !items.subscriptions.contains(&current) {
            items.subscriptions.push(current);
        }
        items.queue.get_or_insert_with(|| wanted.queue.clone());
    }
    (!items.is_empty()).then_some(Everything { recorded, items })
}

impl Everything {
    /// The same with its place, for an account that is at `endpoint` now.
    #[must_use]
    pub fn at(self, endpoint: &Endpoint) -> Leftovers {
        let elsewhere = self.recorded.elsewhere(endpoint);
        Leftovers {
            endpoint: elsewhere.unwrap_or_else(|| endpoint.clone()),
            items: self.items,
        }
    }
}

/// Whether the user wants everything in MNS left as it is.
fn keeps_all(source: &MnsOssSource) -> bool {
    source.spec.deletion_policy.unwrap_or_default() == DeletionPolicy::Retain
}

impl Items {
    fn is_empty(&self) -> bool {
        self.subscriptions.is_empty() && self.queue.is_none()
    }

    /// All of it by name, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let subscriptions = self
            .subscriptions
            .iter()
            .map(|(topic, name)| format!("subscription `{name}` of topic `{topic}`"));
        let queue = self.queue.iter().map(|name| format!("queue `{name}`"));
        subscriptions.chain(queue).collect::<Vec<_>>().join(", ")
    }
}

impl Leftovers {
    /// All of it by name and place, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{} at `{}`", self.items.describe(), self.endpoint)
    }
}

/// What a source's status says that we made for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Recorded {
    endpoint: Option<Endpoint>,
    subscription: Option<(TopicName, SubscriptionName)>,
    queue: Option<QueueName>,
}

impl Recorded {
    /// Reads a status. Names that do not carry the source's mark are not ours, whoever wrote
    /// them there.
    fn of(status: &MnsOssSourceStatus, identity: &Identity) -> Self {
        let ours = |name: &Option<String>| {
            name.clone()
                .filter(|name| names::is_made_for(name, &identity.uid))
        };
        let topic = status.topic.as_deref();
        Self {
            endpoint: status
                .endpoint
                .as_deref()
                .and_then(|text| text.parse().ok()),
            subscription: topic
                .and_then(|topic| topic.parse().ok())
                .zip(ours(&status.subscription).and_then(|name| name.parse().ok())),
            queue: ours(&status.queue).and_then(|name| name.parse().ok()),
        }
    }

    /// Where it is, if that is certainly another place than `endpoint`: another account or
    /// region, not just another host name of the same one.
    fn elsewhere(&self, endpoint: &Endpoint) -> Option<Endpoint> {
        let there = self.endpoint.clone()?;
        let place = |endpoint: &Endpoint| {
            let account = endpoint.account_id()?.to_owned();
            Some((account, endpoint.region()?.to_owned()))
        };
        (place(&there)? != place(endpoint)?).then_some(there)
    }
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
