//! What a source has in MNS and no longer uses.
//!
//! Only what carries the source's mark in its name is ever removed, whatever a status says: a
//! topic, and a queue that the user names, are somebody else's. A source whose
//! `deletionPolicy` is `Retain` has no leftovers.

use mns::{Endpoint, QueueName, SubscriptionName, TopicName};
use source_api::{
    ConditionStatus, Conditions, DeletionPolicy, MnsOssSource, MnsOssSourceStatus, Notice,
    Severity, names,
};
use tracing::info;

use super::{Account, CloudTrouble, Part, Supply};
use crate::context::Context;
use crate::reconcile::{Done, Seen};
use crate::source::{Identity, Subject};

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

/// What the source has according to its status and no longer uses.
#[must_use]
pub fn leftovers(subject: &Subject, seen: &Seen) -> Option<Leftovers> {
    let Subject {
        source,
        identity,
        wish,
    } = subject;
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
pub fn everything(subject: &Subject) -> Option<Everything> {
    let Subject {
        source,
        identity,
        wish,
    } = subject;
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

/// Removes what the source no longer uses, and says what became of it.
pub(crate) async fn remove_leftovers(
    ctx: &Context,
    leftovers: Leftovers,
    identity: &Identity,
    account: Option<&Account>,
) -> (Leftovers, Result<(), CloudTrouble>) {
    ctx.cloud_memory.forget(&identity.uid);
    let removed = match account {
        Some(account) => remove(&account.at(&leftovers.endpoint), &leftovers.items).await,
        None => Ok(()),
    };
    if removed.is_ok() {
        info!(
            source.namespace = identity.namespace,
            source.name = identity.name,
            "removed {}",
            leftovers.describe()
        );
    }
    (leftovers, removed)
}

/// Removes subscriptions first: a topic must not send into a queue that is gone.
pub(crate) async fn remove(account: &Account, items: &Items) -> Result<(), CloudTrouble> {
    for (topic, name) in &items.subscriptions {
        let topic = account.topic(topic);
        account
            .call(Part::Subscription, topic.unsubscribe(name))
            .await?;
    }
    if let Some(name) = &items.queue {
        let queue = account.queue(name);
        account.call(Part::Queue, queue.delete()).await?;
    }
    Ok(())
}

pub(crate) fn mark(conditions: &mut Conditions, done: &Done) {
    let Some((leftovers, removed)) = &done.leftovers else {
        return;
    };
    let Err(trouble) = removed else {
        conditions.clear(Notice::CleanedUp);
        return;
    };
    let what = leftovers.describe();
    let (severity, message) = if trouble.disposition.is_retryable() {
        (
            Severity::Info,
            format!("still to be removed: {what}; {}", trouble.message),
        )
    } else {
        (
            Severity::Warning,
            format!("left behind: {what}; {}", trouble.message),
        )
    };
    conditions.inform(
        Notice::CleanedUp,
        severity,
        ConditionStatus::False,
        trouble.reason,
        message,
    );
}
