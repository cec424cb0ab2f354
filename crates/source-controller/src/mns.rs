//! A source's queue in MNS and its subscription: observe, diff, apply, report.
//!
//! Only the queue and the subscription whose names carry this source's mark are ever created or
//! changed. A topic, and a queue that the user names, are not the controller's.

mod backlog;
mod circuit_breaker;
mod client;
pub mod orphans;

use std::time::Duration;

use mns::{
    Delay, Endpoint, MaximumMessageSize, NotifyContentFormat, NotifyStrategy, QueueAttributes,
    QueueName, QueueStatus, Retention, Subscription, SubscriptionStatus, VisibilityTimeout,
};
use source_api::{Conditions, Dependent};
use tracing::info;
use transport::Disposition;

pub use backlog::{Backlog, PeekedMessages};
pub(crate) use circuit_breaker::CircuitBreaker;
use client::TOPIC_NOT_FOUND;
pub use client::{Account, MnsProblem, MnsResource};

use crate::cache::ObservationKey;
use crate::context::Context;
use crate::reconcile::{Applied, Observed};
use crate::source::{Desired, DesiredQueue, Identity, SubscribedQueue};

/// How long a message stays hidden after a receive. The adapter extends it as long as it
/// works on the message; the messages of a killed adapter come back after this time.
const VISIBILITY: Duration = Duration::from_secs(30);
/// How long undelivered messages are kept: a long weekend.
const RETENTION: Duration = Duration::from_hours(4 * 24);

/// The observed resources in MNS; `None` if one does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedMns {
    /// The queue.
    pub queue: Option<QueueStatus>,
    /// The subscription.
    pub subscription: Option<SubscriptionStatus>,
}

/// One change in MNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MnsStep {
    /// Create the queue.
    CreateQueue(QueueName, QueueAttributes),
    /// Reset the attributes that were changed in MNS.
    CorrectQueue(QueueName, QueueAttributes),
    /// Subscribe the queue to the topic.
    Subscribe(SubscribedQueue, Subscription),
    /// Replace a subscription of ours that leads elsewhere or alters messages: MNS cannot
    /// change that.
    Resubscribe(SubscribedQueue, Subscription),
    /// Reset the strategy that was changed in MNS.
    CorrectSubscription(SubscribedQueue, NotifyStrategy),
}

/// Reads queue and subscription, unless that was done a moment ago.
pub(crate) async fn observe(
    ctx: &Context,
    uid: &str,
    key: ObservationKey,
    account: &Account,
    desired: &DesiredQueue,
) -> Result<ObservedMns, MnsProblem> {
    if let Some(observed) = ctx.recent_mns.get(uid, &key) {
        return Ok(observed);
    }
    let queue = account.queue(desired.name());
    let queue = account.find(MnsResource::Queue, queue.attributes()).await?;
    let subscription = match desired.subscribed() {
        Some(SubscribedQueue {
            topic,
            subscription,
            ..
        }) => {
            let topic = account.topic(topic);
            let attributes = topic.subscription_attributes(subscription);
            account.find(MnsResource::Subscription, attributes).await?
        }
        None => None,
    };
    let observed = ObservedMns {
        queue,
        subscription,
    };
    ctx.recent_mns.keep(uid, key, &observed);
    Ok(observed)
}

/// What to create or correct.
///
/// # Errors
/// Nothing can be done, for a reason that belongs into a condition.
pub(crate) fn diff(desired: &Desired, observed: &Observed) -> Result<Vec<MnsStep>, MnsProblem> {
    let (Ok(queue), Ok(endpoint), Some(found)) = (&desired.queue, &observed.account, &observed.mns)
    else {
        // Other conditions say that the origin or the Secret is invalid.
        return Ok(Vec::new());
    };
    let found = found.as_ref().map_err(Clone::clone)?;
    match queue {
        DesiredQueue::Subscribed(desired) => subscribed_steps(desired, endpoint, found),
        DesiredQueue::Ruled(desired) => {
            let step = queue_step(&desired.queue, found.queue.as_ref());
            Ok(step.into_iter().collect())
        }
        DesiredQueue::Given(_) if found.queue.is_some() => Ok(Vec::new()),
        DesiredQueue::Given(queue) => Err(no_queue(queue)),
    }
}

fn subscribed_steps(
    desired: &SubscribedQueue,
    endpoint: &Endpoint,
    found: &ObservedMns,
) -> Result<Vec<MnsStep>, MnsProblem> {
    let no_account = || MnsProblem::no_account(MnsResource::Subscription);
    let arn = endpoint.queue_arn(&desired.queue).ok_or_else(no_account)?;
    let queue = queue_step(&desired.queue, found.queue.as_ref());
    let subscription = subscription_step(desired, arn, found.subscription.as_ref());
    Ok(queue.into_iter().chain(subscription).collect())
}

/// The attributes that the controller enforces. The long-poll time of a receive and the logging of
/// calls are not among them: the adapter states the one in each call, and the user chooses the
/// other.
fn attributes() -> QueueAttributes {
    QueueAttributes {
        visibility_timeout: Some(VisibilityTimeout::saturating(VISIBILITY)),
        // A topic refuses a queue whose maximum message size is below its own.
        maximum_message_size: Some(MaximumMessageSize::MAX),
        message_retention: Some(Retention::saturating(RETENTION)),
        delay: Some(Delay::MIN),
        ..QueueAttributes::default()
    }
}

fn queue_step(name: &QueueName, found: Option<&QueueStatus>) -> Option<MnsStep> {
    let desired = attributes();
    let Some(found) = found else {
        return Some(MnsStep::CreateQueue(name.clone(), desired));
    };
    let is_other = |is: Option<Duration>, desired: Duration| is.is_some_and(|is| is != desired);
    let size = found.maximum_message_size_bytes;
    let changed = QueueAttributes {
        visibility_timeout: desired
            .visibility_timeout
            .filter(|desired| is_other(found.visibility_timeout, desired.get())),
        maximum_message_size: desired
            .maximum_message_size
            .filter(|desired| size.is_some_and(|is| is != u64::from(desired.get()))),
        message_retention: desired
            .message_retention
            .filter(|desired| is_other(found.message_retention, desired.get())),
        delay: desired
            .delay
            .filter(|desired| is_other(found.delay, desired.get())),
        ..QueueAttributes::default()
    };
    (changed != QueueAttributes::default()).then(|| MnsStep::CorrectQueue(name.clone(), changed))
}

fn subscription_step(
    desired: &SubscribedQueue,
    arn: String,
    found: Option<&SubscriptionStatus>,
) -> Option<MnsStep> {
    let subscription = Subscription {
        notify_content_format: Some(NotifyContentFormat::Simplified),
        // A day of retries: enough to create a queue again that was removed.
        notify_strategy: Some(NotifyStrategy::ExponentialDecayRetry),
        ..Subscription::new(arn)
    };
    let Some(found) = found else {
        return Some(MnsStep::Subscribe(desired.clone(), subscription));
    };
    let is_other_form = found
        .notify_content_format
        .is_some_and(|format| Some(format) != subscription.notify_content_format);
    let is_filtered = found.filter_tag.as_ref().is_some_and(|tag| !tag.is_empty());
    if found.endpoint != subscription.endpoint || is_other_form || is_filtered {
        return Some(MnsStep::Resubscribe(desired.clone(), subscription));
    }
    let strategy = subscription.notify_strategy?;
    (found.notify_strategy? != strategy)
        .then(|| MnsStep::CorrectSubscription(desired.clone(), strategy))
}

fn no_queue(queue: &QueueName) -> MnsProblem {
    let message = format!("queue `{queue}` does not exist");
    let permanent = Disposition::Permanent;
    MnsProblem::new(MnsResource::Queue, "QueueNotFound", message, permanent)
}

/// Executes the steps in order, up to the first that fails.
pub(crate) async fn apply(
    ctx: &Context,
    identity: &Identity,
    account: Option<&Account>,
    steps: Result<Vec<MnsStep>, MnsProblem>,
) -> Result<Vec<MnsStep>, MnsProblem> {
    if steps != Ok(Vec::new()) {
        ctx.recent_mns.forget(&identity.uid);
    }
    let steps = steps?;
    let Some(account) = account else {
        return Ok(Vec::new());
    };
    for step in &steps {
        step.execute(account).await?;
        info!(
            source.namespace = identity.namespace,
            source.name = identity.name,
            "{}",
            step.describe()
        );
    }
    Ok(steps)
}

impl MnsStep {
    /// A sentence about the executed step, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::CreateQueue(name, _) => format!("created queue `{name}`"),
            Self::CorrectQueue(name, _) => {
                format!("reset attributes of queue `{name}` that were changed in MNS")
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
                    "corrected subscription `{subscription}` of topic `{topic}`, which was changed in MNS"
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

    async fn execute(&self, account: &Account) -> Result<(), MnsProblem> {
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

/// Marks `QueueReady` and `Subscribed`.
pub(crate) fn mark(
    conditions: &mut Conditions,
    desired: &Desired,
    observed: &Observed,
    applied: &Applied,
) {
    let queue = match &desired.queue {
        Ok(queue) => queue,
        Err(error) => {
            conditions.mark_false(Dependent::QueueReady, "Invalid", error.to_string());
            return;
        }
    };
    match (&observed.account, &applied.mns) {
        (Ok(_), Ok(_)) => {
            conditions.mark_true(Dependent::QueueReady);
            mark_subscribed(conditions, queue);
        }
        (Ok(_), Err(problem)) if !problem.is_key_refused => match problem.resource {
            MnsResource::Queue => mark_problem(conditions, Dependent::QueueReady, problem),
            MnsResource::Subscription => {
                conditions.mark_true(Dependent::QueueReady);
                mark_problem(conditions, Dependent::Subscribed, problem);
            }
            // An orphaned rule blocks the new one.
            MnsResource::EventRule => {
                mark_problem(conditions, Dependent::EventRuleReady, problem);
            }
        },
        _ => {
            let message = "cannot check the queue before MNS has accepted the credentials";
            conditions.mark_unknown(Dependent::QueueReady, "CredentialsMissing", message);
        }
    }
}

fn mark_subscribed(conditions: &mut Conditions, queue: &DesiredQueue) {
    match queue {
        DesiredQueue::Subscribed(_) => conditions.mark_true(Dependent::Subscribed),
        DesiredQueue::Ruled(_) => {
            let message = "the event rule delivers straight into the queue";
            conditions.mark_true_because(Dependent::Subscribed, "EventRuleDelivers", message);
        }
        DesiredQueue::Given(_) => {
            let message =
                "the queue is filled by its owner; the controller creates no subscription";
            conditions.mark_true_because(Dependent::Subscribed, "QueueGiven", message);
        }
    }
}

/// A problem that may pass is not a failure yet.
pub(crate) fn mark_problem(
    conditions: &mut Conditions,
    dependent: Dependent,
    problem: &MnsProblem,
) {
    let message = problem.message.clone();
    if problem.disposition.is_retryable() {
        conditions.mark_unknown(dependent, problem.reason, message);
    } else {
        conditions.mark_false(dependent, problem.reason, message);
    }
}
