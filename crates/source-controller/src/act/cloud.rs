//! Making, correcting and removing things in MNS.

use tracing::info;

use crate::cloud::{Account, CloudTrouble, Part, TOPIC_NOT_FOUND};
use crate::context::Context;
use crate::plan::cloud::CloudStep;
use crate::plan::leftovers::{Items, Leftovers};
use crate::wish::{Identity, Subscribed};

/// Does the steps in order, up to the first that fails.
pub(super) async fn make(
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

/// Removes what the source no longer uses, and says what became of it.
pub(super) async fn remove_leftovers(
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
