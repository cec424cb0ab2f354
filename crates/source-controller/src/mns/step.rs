//! One change in MNS, and how it is made.

use mns::{NotifyStrategy, QueueAttributes, QueueName, Subscription};

use super::client::TOPIC_NOT_FOUND;
use super::{Account, MnsProblem, MnsResource};
use crate::source::SubscribedQueue;

/// One change in MNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MnsStep {
    /// Make the queue.
    CreateQueue(QueueName, QueueAttributes),
    /// Set the attributes that somebody changed.
    CorrectQueue(QueueName, QueueAttributes),
    /// Subscribe the queue to the topic.
    Subscribe(SubscribedQueue, Subscription),
    /// Replace a subscription of ours that leads elsewhere or alters messages: MNS cannot
    /// change that.
    Resubscribe(SubscribedQueue, Subscription),
    /// Set the strategy that somebody changed.
    CorrectSubscription(SubscribedQueue, NotifyStrategy),
}

impl MnsStep {
    /// The step as done, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::CreateQueue(name, _) => format!("made queue `{name}`"),
            Self::CorrectQueue(name, _) => {
                format!("set attributes of queue `{name}` that somebody had changed")
            }
            Self::Subscribe(desired, _) => {
                let SubscribedQueue { topic, queue, .. } = desired;
                format!("subscribed queue `{queue}` to topic `{topic}`")
            }
            Self::Resubscribe(desired, _) | Self::CorrectSubscription(desired, _) => {
                let SubscribedQueue {
                    topic,
                    subscription,
                    ..
                } = desired;
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

    /// Takes the step.
    pub(super) async fn take(&self, account: &Account) -> Result<(), MnsProblem> {
        match self {
            Self::CreateQueue(name, attributes) => {
                let queue = account.queue(name);
                account
                    .call(MnsResource::Queue, queue.create(attributes))
                    .await?;
            }
            Self::CorrectQueue(name, attributes) => {
                let queue = account.queue(name);
                account
                    .call(MnsResource::Queue, queue.set_attributes(attributes))
                    .await?;
            }
            Self::Subscribe(desired, subscription) => {
                let topic = account.topic(&desired.topic);
                let call = topic.subscribe(&desired.subscription, subscription);
                let subscribed = account.call(MnsResource::Subscription, call).await;
                subscribed.map_err(|problem| name_topic(problem, desired))?;
            }
            Self::Resubscribe(desired, subscription) => {
                let topic = account.topic(&desired.topic);
                let call = topic.unsubscribe(&desired.subscription);
                account.call(MnsResource::Subscription, call).await?;
                let call = topic.subscribe(&desired.subscription, subscription);
                account.call(MnsResource::Subscription, call).await?;
            }
            Self::CorrectSubscription(desired, strategy) => {
                let topic = account.topic(&desired.topic);
                let call = topic.set_subscription_attributes(&desired.subscription, *strategy);
                account.call(MnsResource::Subscription, call).await?;
            }
        }
        Ok(())
    }
}

/// A missing topic is the user's most likely mistake, so the message names it plainly.
fn name_topic(problem: MnsProblem, desired: &SubscribedQueue) -> MnsProblem {
    if problem.reason != TOPIC_NOT_FOUND {
        return problem;
    }
    let message = format!("topic `{}` does not exist", desired.topic);
    MnsProblem { message, ..problem }
}
