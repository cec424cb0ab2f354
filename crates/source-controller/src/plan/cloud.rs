//! What to make or correct in MNS.
//!
//! Only the queue and the subscription whose names carry this source's mark are ever made or
//! changed. A topic, and a queue that the user names, are somebody else's.

use std::time::Duration;

use mns::{
    Delay, Endpoint, MaximumMessageSize, NotifyContentFormat, NotifyStrategy, QueueAttributes,
    QueueName, QueueStatus, Retention, Subscription, SubscriptionStatus, VisibilityTimeout,
};
use transport::Disposition;

use crate::cloud::{CloudTrouble, Part};
use crate::look::{CloudSeen, Seen};
use crate::wish::{Subscribed, Supply, Wish};

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
