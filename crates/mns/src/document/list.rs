//! Documents that list names.
//!
//! A list holds URLs, of which only the last segment matters. A segment that is not a name is an
//! error, so that a caller never gets half a list.

use std::str::FromStr;

use super::queue;
use crate::list::{Marker, Page};
use crate::name::{QueueName, SubscriptionName, TopicName};
use crate::queue::QueueStatus;
use crate::xml::{Document, Leniency, ParseError};

/// Reads a page of queues.
pub fn queue_list(response: &[u8]) -> Result<Page<QueueName>, ParseError> {
    page(response, "Queues", "Queue", |document| {
        name(document, "QueueURL")
    })
}

/// Reads a page of queues that was asked for with their attributes.
pub fn queue_status_list(response: &[u8]) -> Result<Page<QueueStatus>, ParseError> {
    page(response, "Queues", "Queue", queue::read)
}

/// Reads a page of topics.
pub fn topic_list(response: &[u8]) -> Result<Page<TopicName>, ParseError> {
    page(response, "Topics", "Topic", |document| {
        name(document, "TopicURL")
    })
}

/// Reads a page of subscriptions.
pub fn subscription_list(response: &[u8]) -> Result<Page<SubscriptionName>, ParseError> {
    page(response, "Subscriptions", "Subscription", |document| {
        name(document, "SubscriptionURL")
    })
}

fn page<T>(
    response: &[u8],
    root: &str,
    item: &str,
    read: impl Fn(&mut Document<'_>) -> Result<T, ParseError>,
) -> Result<Page<T>, ParseError> {
    let (mut document, found) = Document::open(response, Leniency::Strict)?;
    if found.local() != root {
        return Err(ParseError::unexpected_root(found.local()));
    }
    let mut page = Page {
        items: Vec::new(),
        next: None,
    };
    document.children(|document, name| {
        match name {
            "NextMarker" => page.next = document.value()?.map(Marker::new),
            name if name == item => page.items.push(read(document)?),
            _ => document.skip()?,
        }
        Ok::<_, ParseError>(())
    })?;
    Ok(page)
}

fn name<N: FromStr>(document: &mut Document<'_>, element: &'static str) -> Result<N, ParseError> {
    let mut url = None;
    document.children(|document, name| {
        if name == element {
            url = document.value()?;
            return Ok(());
        }
        document.skip()
    })?;
    let url = url.ok_or(ParseError::Missing { element })?;
    last_segment(&url)
        .parse()
        .map_err(|_| ParseError::value(element, &url))
}

/// The name at the end of a URL.
pub(super) fn last_segment(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}
