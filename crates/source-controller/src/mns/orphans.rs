//! Orphaned resources: queues, subscriptions and event rules of a source that it no longer uses.
//!
//! Only resources with the source's mark in their name are ever removed, even if a status names
//! others: a topic, and a queue that the user names, are not the controller's. A source whose
//! `deletionPolicy` is `Retain` has no orphans.

use mns::{Endpoint, EventRuleName, QueueName, SubscriptionName, TopicName};
use source_api::{ConditionStatus, Conditions, DeletionPolicy, Notice, Severity, names};
use tracing::info;

use super::{Account, MnsProblem, MnsResource};
use crate::context::Context;
use crate::event_rule;
use crate::reconcile::{Applied, Observed};
use crate::source::{DesiredQueue, Identity, ParsedSource};

/// Resources in MNS to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphans {
    /// Their endpoint.
    pub endpoint: Endpoint,
    /// The resources.
    pub resources: OwnedResources,
}

/// Resources in MNS that carry a source's mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedResources {
    /// Event rules. They and subscriptions are removed first, so that nothing is sent into a
    /// deleted queue.
    pub event_rules: Vec<EventRuleName>,
    /// Subscriptions and their topics.
    pub subscriptions: Vec<(TopicName, SubscriptionName)>,
    /// The queue.
    pub queue: Option<QueueName>,
}

/// All resources of a source in MNS, for its deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AllOwned {
    recorded: Recorded,
    pub(crate) resources: OwnedResources,
}

/// The resources that a source's status names as created for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Recorded {
    endpoint: Option<Endpoint>,
    event_rules: Vec<EventRuleName>,
    subscription: Option<(TopicName, SubscriptionName)>,
    queue: Option<QueueName>,
}

/// The resources that the status records and the source no longer uses.
pub(crate) fn diff(parsed: &ParsedSource, observed: &Observed) -> Option<Orphans> {
    let (Ok(queue), Ok(endpoint)) = (&parsed.desired.queue, &observed.account) else {
        return None;
    };
    if retains(parsed) {
        return None;
    }
    let recorded = Recorded::of(parsed);
    let elsewhere = recorded.elsewhere(endpoint);
    // Resources in another account or region are not used, even under the same name.
    let used = Some(queue).filter(|_| elsewhere.is_none());
    let subscribed = used.and_then(DesiredQueue::subscribed);
    let subscription = recorded.subscription.filter(|(topic, name)| {
        subscribed.is_none_or(|used| used.topic != *topic || used.subscription != *name)
    });
    // The rules of a source that wants one are replaced, not orphaned.
    let is_ruled = used.is_some_and(|used| used.ruled().is_some());
    let owned = used.and_then(DesiredQueue::owned);
    let queue = recorded
        .queue
        .filter(|queue| owned.is_none_or(|owned| owned != queue));
    let resources = OwnedResources {
        event_rules: if is_ruled {
            Vec::new()
        } else {
            recorded.event_rules
        },
        subscriptions: subscription.into_iter().collect(),
        queue,
    };
    let endpoint = elsewhere.unwrap_or_else(|| endpoint.clone());
    (!resources.is_empty()).then_some(Orphans {
        endpoint,
        resources,
    })
}

/// All resources of a source in MNS; `None` if there are none, or the source retains them.
pub(crate) fn all_owned(parsed: &ParsedSource) -> Option<AllOwned> {
    if retains(parsed) {
        return None;
    }
    let recorded = Recorded::of(parsed);
    let mut resources = OwnedResources {
        event_rules: recorded.event_rules.clone(),
        subscriptions: recorded.subscription.clone().into_iter().collect(),
        queue: recorded.queue.clone(),
    };
    // Created by a reconcile that ended before it wrote the status.
    if let Ok(desired) = &parsed.desired.queue {
        resources.add(desired);
    }
    (!resources.is_empty()).then_some(AllOwned {
        recorded,
        resources,
    })
}

/// Whether the deletion policy is `Retain`.
fn retains(parsed: &ParsedSource) -> bool {
    parsed.source.spec.deletion_policy.unwrap_or_default() == DeletionPolicy::Retain
}

/// Removes orphans.
pub(crate) async fn apply(
    ctx: &Context,
    identity: &Identity,
    account: Option<&Account>,
    orphans: Orphans,
) -> (Orphans, Result<(), MnsProblem>) {
    ctx.recent_mns.forget(&identity.uid);
    ctx.recent_rules.forget(&identity.uid);
    let removed = match account {
        Some(account) => orphans.remove(account).await,
        None => Ok(()),
    };
    if removed.is_ok() {
        info!(
            source.namespace = identity.namespace,
            source.name = identity.name,
            "removed {}",
            orphans.describe()
        );
    }
    (orphans, removed)
}

/// Sets the notice `CleanedUp` as long as orphans are left.
pub(crate) fn mark(conditions: &mut Conditions, applied: &Applied) {
    let Some((orphans, removed)) = &applied.orphans else {
        return;
    };
    let Err(problem) = removed else {
        conditions.clear(Notice::CleanedUp);
        return;
    };
    let (severity, state) = if problem.disposition.is_retryable() {
        (Severity::Info, "still to be removed")
    } else {
        (Severity::Warning, "left behind")
    };
    conditions.inform(
        Notice::CleanedUp,
        severity,
        ConditionStatus::False,
        problem.reason,
        format!("{state}: {}; {}", orphans.describe(), problem.message),
    );
}

impl AllOwned {
    /// The resources with their endpoint, for an account that is at `endpoint` now.
    pub(crate) fn at(self, endpoint: &Endpoint) -> Orphans {
        let elsewhere = self.recorded.elsewhere(endpoint);
        Orphans {
            endpoint: elsewhere.unwrap_or_else(|| endpoint.clone()),
            resources: self.resources,
        }
    }
}

impl OwnedResources {
    fn is_empty(&self) -> bool {
        self.event_rules.is_empty() && self.subscriptions.is_empty() && self.queue.is_none()
    }

    /// Adds the resources that the controller creates for this desired state.
    fn add(&mut self, desired: &DesiredQueue) {
        if let Some(ruled) = desired.ruled()
            && !self.event_rules.contains(&ruled.rule)
        {
            self.event_rules.push(ruled.rule.clone());
        }
        if let Some(subscribed) = desired.subscribed() {
            let current = (subscribed.topic.clone(), subscribed.subscription.clone());
            if !self.subscriptions.contains(&current) {
                self.subscriptions.push(current);
            }
        }
        if self.queue.is_none() {
            self.queue = desired.owned().cloned();
        }
    }

    /// All of them by name, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let event_rules = self.event_rules.iter();
        let event_rules = event_rules.map(|name| format!("event rule `{name}`"));
        let subscriptions = self
            .subscriptions
            .iter()
            .map(|(topic, name)| format!("subscription `{name}` of topic `{topic}`"));
        let queue = self.queue.iter().map(|name| format!("queue `{name}`"));
        let all = event_rules.chain(subscriptions).chain(queue);
        all.collect::<Vec<_>>().join(", ")
    }
}

impl Orphans {
    /// All of them by name and endpoint, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{} at `{}`", self.resources.describe(), self.endpoint)
    }

    /// Removes all of them with the key of `account`, whatever its endpoint.
    pub(crate) async fn remove(&self, account: &Account) -> Result<(), MnsProblem> {
        let account = account.at(&self.endpoint);
        for name in &self.resources.event_rules {
            event_rule::delete(&account, name).await?;
        }
        for (topic, name) in &self.resources.subscriptions {
            let topic = account.topic(topic);
            let call = topic.unsubscribe(name);
            account.call(MnsResource::Subscription, call).await?;
        }
        if let Some(name) = &self.resources.queue {
            let queue = account.queue(name);
            account.call(MnsResource::Queue, queue.delete()).await?;
        }
        Ok(())
    }
}

impl Recorded {
    /// Reads a status. Names that do not carry the source's mark are ignored, even if the status has
    /// them.
    fn of(parsed: &ParsedSource) -> Self {
        let Some(status) = &parsed.source.status else {
            return Self::default();
        };
        let ours = |name: &Option<String>| {
            name.clone()
                .filter(|name| names::is_made_for(name, &parsed.identity.uid))
        };
        let topic = status.topic.as_deref();
        let endpoint = status.endpoint.as_deref();
        Self {
            endpoint: endpoint.and_then(|text| text.parse().ok()),
            event_rules: event_rule::recorded(parsed),
            subscription: topic
                .and_then(|topic| topic.parse().ok())
                .zip(ours(&status.subscription).and_then(|name| name.parse().ok())),
            queue: ours(&status.queue).and_then(|name| name.parse().ok()),
        }
    }

    /// Its endpoint, if that is certainly in another account or region than `endpoint`, not just
    /// another host name of the same one.
    fn elsewhere(&self, endpoint: &Endpoint) -> Option<Endpoint> {
        let there = self.endpoint.clone()?;
        let location = |endpoint: &Endpoint| {
            let account = endpoint.account_id()?.to_owned();
            Some((account, endpoint.region()?.to_owned()))
        };
        (location(&there)? != location(endpoint)?).then_some(there)
    }
}
