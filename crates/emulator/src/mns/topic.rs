//! Topics and subscriptions: the queues that get a published message, and the form of it.
//!
//! Only queues are delivered to. Subscriptions to HTTP, mail and SMS endpoints are kept
//! and shown, but nothing is sent to them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::attributes::TopicAttributes;
use super::handle::ResourceId;
use super::message::{Body, MessageId};
use super::millis::Millis;
use super::name::{Kind, Name};
use super::refusal::{Code, Refusal};
use super::xml;
use crate::call::named;

/// The longest filter tag and message tag, in characters.
pub(crate) const MAX_TAG_CHARACTERS: usize = 16;

/// A topic with its subscriptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Topic {
    pub(crate) id: ResourceId,
    pub(crate) attributes: TopicAttributes,
    pub(crate) created: Millis,
    pub(crate) modified: Millis,
    /// How many messages were published since the process started. Message ids need not
    /// go on from there after a restart, because they carry the time too.
    #[serde(skip)]
    pub(crate) published: u64,
    #[serde(skip)]
    pub(crate) subscriptions: BTreeMap<Name, Subscription>,
}

/// Where a subscription sends what it gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) endpoint: Endpoint,
    /// Only messages with this tag; all messages without one.
    pub(crate) filter_tag: Option<String>,
    pub(crate) strategy: NotifyStrategy,
    pub(crate) format: ContentFormat,
    pub(crate) created: Millis,
    pub(crate) modified: Millis,
}

impl Subscription {
    /// Whether a repeated request asks for exactly this subscription.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let key = |it: &Self| {
            (
                it.endpoint.clone(),
                it.filter_tag.clone(),
                it.strategy,
                it.format,
            )
        };
        key(self) == key(other)
    }

    fn wants(&self, tag: Option<&str>) -> bool {
        self.filter_tag
            .as_deref()
            .is_none_or(|filter| tag == Some(filter))
    }
}

/// An endpoint as it was given, and the queue it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    /// As it was given.
    pub(crate) text: String,
    /// The queue it names; `None` for endpoints of other kinds.
    pub(crate) queue: Option<Name>,
}

impl Endpoint {
    /// Checks an endpoint. A queue must be of the given region and account, which are
    /// those of the topic.
    pub(crate) fn parse(text: &str, region: &str, account: &str) -> Result<Self, Refusal> {
        let others = ["http://", "https://", "mail:directmail:", "sms:directsms:"];
        let other = others
            .iter()
            .any(|prefix| text.len() > prefix.len() && text.starts_with(prefix));
        if other {
            return Ok(Self {
                text: text.to_owned(),
                queue: None,
            });
        }
        let refused = || Refusal::from(Code::EndpointInvalid);
        let queue = text.strip_prefix(&format!("acs:mns:{region}:{account}:queues/"));
        let queue = Name::parse(Kind::Queue, queue.ok_or_else(refused)?).map_err(|_| refused())?;
        Ok(Self {
            text: text.to_owned(),
            queue: Some(queue),
        })
    }
}

named! {
    /// How often the service tries to deliver. Our queues are always reachable, so it is only
    /// kept and shown.
    #[derive(Default, Serialize, Deserialize)]
    pub(crate) enum NotifyStrategy {
        #[default]
        #[serde(rename = "BACKOFF_RETRY")]
        Backoff = "BACKOFF_RETRY",
        #[serde(rename = "EXPONENTIAL_DECAY_RETRY")]
        ExponentialDecay = "EXPONENTIAL_DECAY_RETRY",
    }
}

named! {
    /// The form in which a queue gets a published message.
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    pub(crate) enum ContentFormat {
        /// An XML document with the body in it.
        #[default]
        Xml = "XML",
        /// A JSON object with the body in it.
        Json = "JSON",
        /// The body alone.
        Simplified = "SIMPLIFIED",
    }
}

/// A message handed to a topic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Publication<'a> {
    pub(crate) topic: &'a Name,
    pub(crate) account: &'a str,
    pub(crate) id: MessageId,
    pub(crate) body: &'a Body,
    pub(crate) tag: Option<&'a str>,
}

impl Topic {
    /// A topic without subscriptions.
    pub(crate) fn new(id: ResourceId, attributes: TopicAttributes, now: Millis) -> Self {
        Self {
            id,
            attributes,
            created: now,
            modified: now,
            published: 0,
            subscriptions: BTreeMap::new(),
        }
    }

    /// Names the next published message.
    pub(crate) fn next_id(&mut self, now: Millis) -> MessageId {
        self.published += 1;
        MessageId {
            origin: self.id,
            at: now,
            sequence: self.published,
        }
    }

    /// The queues that get a published message, with the body that each one gets.
    pub(crate) fn deliveries(&self, publication: Publication<'_>) -> Vec<(Name, Body)> {
        let wanting = self
            .subscriptions
            .iter()
            .filter(|(_, it)| it.wants(publication.tag));
        let delivery = |(name, subscription): (&Name, &Subscription)| {
            let queue = subscription.endpoint.queue.clone()?;
            Some((queue, publication.body_for(name, subscription.format)))
        };
        wanting.filter_map(delivery).collect()
    }
}

impl Publication<'_> {
    fn body_for(&self, subscription: &Name, format: ContentFormat) -> Body {
        match format {
            ContentFormat::Simplified => self.body.clone(),
            ContentFormat::Json => Body::new(self.json(subscription)),
            ContentFormat::Xml => Body::new(self.xml(subscription)),
        }
    }

    /// The fields of an envelope, in the order of the service's samples. The tag is left
    /// out of messages that have none.
    fn fields(&self, subscription: &Name) -> Vec<(&'static str, String)> {
        let mut fields = vec![
            ("TopicOwner", self.account.to_owned()),
            ("TopicName", self.topic.to_string()),
            ("Subscriber", self.account.to_owned()),
            ("SubscriptionName", subscription.to_string()),
            ("MessageId", self.id.to_string()),
            ("Message", self.body.text().to_owned()),
            ("MessageMD5", self.body.md5()),
        ];
        fields.extend(self.tag.map(|tag| ("MessageTag", tag.to_owned())));
        fields.push(("PublishTime", self.id.at.0.to_string()));
        fields
    }

    fn json(&self, subscription: &Name) -> String {
        let fields = self.fields(subscription).into_iter();
        // Written one by one because a JSON map would sort its keys.
        let members = fields.map(|(name, value)| format!("\"{name}\":{}", Value::from(value)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }

    fn xml(&self, subscription: &Name) -> String {
        xml::document("Notification", |notification| {
            for (name, value) in self.fields(subscription) {
                notification.text(name, &value);
            }
        })
    }
}

#[cfg(test)]
mod tests;
