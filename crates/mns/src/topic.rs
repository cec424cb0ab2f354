//! Calls about one topic and its subscriptions.

mod attributes;
mod subscription;

use crate::client::Client;
use crate::document::{
    published, subscribing, subscription_list, subscription_status, subscription_strategy,
    topic_attributes, topic_status,
};
use crate::error::Error;
use crate::list::{ListRequest, Page};
use crate::message::SentMessage;
use crate::name::{SubscriptionName, TopicName};
use crate::queue::{Created, absent_is_deleted};
use crate::request::{LIST_RESPONSE_BYTES, Request};

pub use attributes::{TopicAttributes, TopicStatus};
pub use subscription::{
    MessageTag, NotifyContentFormat, NotifyStrategy, Subscription, SubscriptionStatus, TagError,
    UnknownValue,
};

/// A topic by its name. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Topic {
    client: Client,
    name: TopicName,
}

impl Topic {
    pub(crate) fn new(client: Client, name: TopicName) -> Self {
        Self { client, name }
    }

    /// The name of the topic.
    #[must_use]
    pub fn name(&self) -> &TopicName {
        &self.name
    }

    /// Creates the topic, or finds that it exists with the same attributes.
    ///
    /// # Errors
    /// [`Error::is_conflict`] when it exists with other attributes: permanent. See
    /// [`Error::disposition`] for the others.
    pub async fn create(&self, attributes: &TopicAttributes) -> Result<Created, Error> {
        let request =
            Request::put("CreateTopic", self.path()).body(topic_attributes(attributes))?;
        self.client.done(request).await.map(Created::of_status)
    }

    /// Changes the attributes that are present.
    ///
    /// # Errors
    /// [`Error::is_not_found`] and see [`Error::disposition`].
    pub async fn set_attributes(&self, attributes: &TopicAttributes) -> Result<(), Error> {
        let request = Request::put("SetTopicAttributes", self.path()).query("metaoverride=true");
        self.client
            .done(request.body(topic_attributes(attributes))?)
            .await
            .map(drop)
    }

    /// Reads the attributes.
    ///
    /// # Errors
    /// [`Error::is_not_found`] and see [`Error::disposition`].
    pub async fn attributes(&self) -> Result<TopicStatus, Error> {
        let request = Request::get("GetTopicAttributes", self.path());
        self.client
            .read(request, |response| topic_status(response))
            .await
    }

    /// Deletes the topic with all its subscriptions. Deleting what does not exist succeeds.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn delete(&self) -> Result<(), Error> {
        let request = Request::delete("DeleteTopic", self.path());
        absent_is_deleted(self.client.done(request).await)
    }

    /// Publishes a message to all subscriptions, or to those that filter for `tag`.
    ///
    /// It is not repeated when the response is lost, because it would then be published twice.
    ///
    /// # Errors
    /// [`Error::Unwritable`] for a body that XML cannot carry. See [`Error::disposition`].
    pub async fn publish(
        &self,
        body: &str,
        tag: Option<&MessageTag>,
    ) -> Result<SentMessage, Error> {
        let path = format!("{}/messages", self.path());
        self.client
            .send_one(Request::post("PublishMessage", path).body(published(body, tag))?)
            .await
    }

    /// Subscribes an endpoint, or finds the same subscription.
    ///
    /// # Errors
    /// [`Error::is_conflict`] when the name is taken by another subscription: permanent. See
    /// [`Error::disposition`] for the others.
    pub async fn subscribe(
        &self,
        name: &SubscriptionName,
        subscription: &Subscription,
    ) -> Result<Created, Error> {
        let request = Request::put("Subscribe", self.subscription_path(name))
            .body(subscribing(subscription))?;
        self.client.done(request).await.map(Created::of_status)
    }

    /// Changes the retry strategy of a subscription, which is all that can be changed.
    ///
    /// # Errors
    /// [`Error::is_not_found`] and see [`Error::disposition`].
    pub async fn set_subscription_attributes(
        &self,
        name: &SubscriptionName,
        strategy: NotifyStrategy,
    ) -> Result<(), Error> {
        let request = Request::put("SetSubscriptionAttributes", self.subscription_path(name))
            .query("metaoverride=true");
        self.client
            .done(request.body(subscription_strategy(strategy))?)
            .await
            .map(drop)
    }

    /// Reads the attributes of a subscription.
    ///
    /// # Errors
    /// [`Error::is_not_found`] and see [`Error::disposition`].
    pub async fn subscription_attributes(
        &self,
        name: &SubscriptionName,
    ) -> Result<SubscriptionStatus, Error> {
        let request = Request::get("GetSubscriptionAttributes", self.subscription_path(name));
        self.client
            .read(request, |response| subscription_status(response))
            .await
    }

    /// Ends a subscription. Ending what does not exist succeeds.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn unsubscribe(&self, name: &SubscriptionName) -> Result<(), Error> {
        let request = Request::delete("Unsubscribe", self.subscription_path(name));
        absent_is_deleted(self.client.done(request).await)
    }

    /// Lists subscriptions by name.
    ///
    /// # Errors
    /// [`Error::is_not_found`] and see [`Error::disposition`].
    pub async fn list_subscriptions(
        &self,
        request: &ListRequest,
    ) -> Result<Page<SubscriptionName>, Error> {
        let path = format!("{}/subscriptions", self.path());
        let call =
            Request::get("ListSubscriptionByTopic", path).response_limit(LIST_RESPONSE_BYTES);
        self.client
            .read(call.listing(request)?, |response| {
                subscription_list(response)
            })
            .await
    }

    fn path(&self) -> String {
        format!("topics/{}", self.name)
    }

    fn subscription_path(&self, name: &SubscriptionName) -> String {
        format!("topics/{}/subscriptions/{name}", self.name)
    }
}
