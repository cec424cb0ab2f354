//! Operations on topics and subscriptions.

use std::str::FromStr;

use http::{HeaderMap, StatusCode};

use super::draft;
use super::list::{self, ListRequest};
use super::queues::{read_body, truth};
use super::response::{Context, MnsResponse};
use crate::mns::Mns;
use crate::mns::attributes::{TOPIC_RETENTION_SECONDS, TopicAttributes};
use crate::mns::cell::{QueueError, now};
use crate::mns::name::Name;
use crate::mns::refusal::{Code, Refusal};
use crate::mns::topic::{
    ContentFormat, Endpoint, MAX_TAG_CHARACTERS, NotifyStrategy, Subscription, Topic,
};
use crate::mns::xml::{self, Element, Writer};

pub(super) fn list(
    mns: &Mns,
    context: &Context,
    headers: &HeaderMap,
) -> Result<MnsResponse, QueueError> {
    let request = ListRequest::read(headers)?;
    let page = request.page(mns.all_topics(), |(name, _)| name);
    Ok(list::answer("Topics", page, |topics, (name, topic)| {
        topics.within("Topic", |writer| {
            writer.text("TopicURL", &context.url(&format!("topics/{name}")));
            if request.with_meta {
                write_topic(writer, name, topic);
            }
        });
    }))
}

pub(super) fn create(
    mns: &Mns,
    context: &Context,
    name: Name,
    body: &[u8],
) -> Result<MnsResponse, QueueError> {
    let change = TopicAttributes::change(&read_body(body, "Topic")?)?;
    let attributes = change(&TopicAttributes::default());
    let location = context.url(&format!("topics/{name}"));
    Ok(MnsResponse::made(
        mns.create_topic(name, attributes)?,
        location,
    ))
}

pub(super) fn set_attributes(
    mns: &Mns,
    name: &Name,
    body: &[u8],
) -> Result<MnsResponse, QueueError> {
    let change = TopicAttributes::change(&read_body(body, "Topic")?)?;
    mns.set_topic_attributes(name, change)?;
    Ok(MnsResponse::no_content())
}

pub(super) fn attributes(mns: &Mns, name: &Name) -> Result<MnsResponse, QueueError> {
    let topic = mns.topic(name)?;
    let body = xml::document("Topic", |writer| write_topic(writer, name, &topic));
    Ok(MnsResponse::document(StatusCode::OK, body))
}

pub(super) fn publish(mns: &Mns, name: &Name, body: &[u8]) -> Result<MnsResponse, QueueError> {
    let maximum = mns.topic(name)?.attributes.maximum_message_size_bytes;
    let message = read_body(body, "Message")?;
    let body = draft::body(&message, maximum)?;
    let tag = tag(&message, "MessageTag")?;
    let extras = draft::extras(&message).into_kept();
    let id = mns.fan_out(name, &body, tag.as_deref(), extras.as_deref())?;
    let answer = xml::document("Message", |writer| {
        writer.value("MessageId", id);
        writer.value("MessageBodyMD5", body.md5());
    });
    Ok(MnsResponse::document(StatusCode::CREATED, answer))
}

pub(super) fn list_subscriptions(
    mns: &Mns,
    context: &Context,
    topic_name: &Name,
    headers: &HeaderMap,
) -> Result<MnsResponse, QueueError> {
    let request = ListRequest::read(headers)?;
    let names = mns.topic(topic_name)?.subscriptions.into_keys().collect();
    let page = request.page(names, |name| name);
    Ok(list::answer(
        "Subscriptions",
        page,
        |subscriptions, name| {
            subscriptions.within("Subscription", |writer| {
                writer.text(
                    "SubscriptionURL",
                    &subscription_url(context, topic_name, name),
                );
            });
        },
    ))
}

pub(super) fn subscribe(
    mns: &Mns,
    context: &Context,
    topic_name: &Name,
    name: Name,
    body: &[u8],
) -> Result<MnsResponse, QueueError> {
    let subscription = read_subscription(mns, &read_body(body, "Subscription")?)?;
    let location = subscription_url(context, topic_name, &name);
    Ok(MnsResponse::made(
        mns.subscribe(topic_name, name, subscription)?,
        location,
    ))
}

pub(super) fn set_subscription_attributes(
    mns: &Mns,
    topic_name: &Name,
    name: &Name,
    body: &[u8],
) -> Result<MnsResponse, QueueError> {
    let element = read_body(body, "Subscription")?;
    let strategy: Option<NotifyStrategy> = named(&element, "NotifyStrategy")?;
    mns.change_subscription(topic_name, name, |subscription| {
        subscription.strategy = strategy.unwrap_or(subscription.strategy);
    })?;
    Ok(MnsResponse::no_content())
}

pub(super) fn subscription_attributes(
    mns: &Mns,
    topic_name: &Name,
    name: &Name,
) -> Result<MnsResponse, QueueError> {
    let topic = mns.topic(topic_name)?;
    let subscription = topic
        .subscriptions
        .get(name)
        .ok_or(Code::SubscriptionNotExist)?;
    let account = &mns.shared.settings.account;
    let body = xml::document("Subscription", |writer| {
        writer.value("SubscriptionName", name);
        writer.text("Subscriber", account);
        writer.text("TopicOwner", account);
        writer.value("TopicName", topic_name);
        writer.text("Endpoint", &subscription.endpoint.text);
        writer.value("NotifyStrategy", subscription.strategy.name());
        writer.value("NotifyContentFormat", subscription.format.name());
        writer.text(
            "FilterTag",
            subscription.filter_tag.as_deref().unwrap_or_default(),
        );
        writer.value("CreateTime", subscription.created.as_seconds());
        writer.value("LastModifyTime", subscription.modified.as_seconds());
    });
    Ok(MnsResponse::document(StatusCode::OK, body))
}

fn read_subscription(mns: &Mns, element: &Element) -> Result<Subscription, Refusal> {
    let settings = &mns.shared.settings;
    let endpoint = element
        .child_text("Endpoint")
        .ok_or(Code::EndpointInvalid)?;
    let strategy: Option<NotifyStrategy> = named(element, "NotifyStrategy")?;
    let format: Option<ContentFormat> = named(element, "NotifyContentFormat")?;
    let now = now(&mns.shared);
    Ok(Subscription {
        endpoint: Endpoint::parse(endpoint, &settings.region, &settings.account)?,
        filter_tag: tag(element, "FilterTag")?,
        strategy: strategy.unwrap_or_default(),
        format: format.unwrap_or_default(),
        created: now,
        modified: now,
    })
}

/// The value that a child names, of the few that there are.
fn named<T: FromStr>(element: &Element, child: &str) -> Result<Option<T>, Refusal> {
    let value = element.child_text(child).map(str::parse).transpose();
    value.map_err(|_| {
        let message = format!("The value of {child} is not supported.");
        Refusal::new(Code::InvalidArgument, message)
    })
}

/// A tag; an empty one is none.
fn tag(element: &Element, name: &str) -> Result<Option<String>, Refusal> {
    let tag = element.child_text(name).filter(|tag| !tag.is_empty());
    if tag.is_some_and(|tag| tag.chars().count() > MAX_TAG_CHARACTERS) {
        let message = format!("The length of {name} should be at most {MAX_TAG_CHARACTERS}.");
        return Err(Refusal::new(Code::InvalidArgument, message));
    }
    Ok(tag.map(str::to_owned))
}

fn subscription_url(context: &Context, topic: &Name, name: &Name) -> String {
    context.url(&format!("topics/{topic}/subscriptions/{name}"))
}

fn write_topic(writer: &mut Writer, name: &Name, topic: &Topic) {
    writer.value("TopicName", name);
    writer.value("CreateTime", topic.created.as_seconds());
    writer.value("LastModifyTime", topic.modified.as_seconds());
    writer.value(
        "MaximumMessageSize",
        topic.attributes.maximum_message_size_bytes,
    );
    writer.value("MessageRetentionPeriod", TOPIC_RETENTION_SECONDS);
    // Publishing delivers at once, so a topic never holds a message.
    writer.value("MessageCount", 0);
    writer.value("LoggingEnabled", truth(topic.attributes.logging_enabled));
}
