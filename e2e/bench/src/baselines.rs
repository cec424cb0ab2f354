//! The baselines of the adapter: a client that handles one message after the other, as the
//! original event source does, and one that posts the same bytes and does nothing else.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::HeaderMap;
use mns::{PollingWait, Queue};
use service::ConnectOptions;
use url::Url;

use crate::messages;

/// The adapter's default.
pub(crate) const CONCURRENCY: usize = 160;
const WAIT: Duration = Duration::from_secs(1);

/// Receives one message, posts its event, deletes it, and so on, `count` times.
///
/// # Errors
/// When a call fails or the queue is empty too early.
pub(crate) async fn serial(queue: &Queue, sink: &Url, count: u64) -> Result<()> {
    let http = service::http_client(&ConnectOptions::default())?;
    for _ in 0..count {
        let message = queue.receive(PollingWait::saturating(WAIT)).await?;
        let message = message.context("the queue is empty too early")?;
        let document = BASE64_STANDARD.decode(&message.body)?;
        let events = oss::event::parse(&document)?;
        let event = events.first().context("a message without an event")?;
        let id = event.request_id.clone().unwrap_or_default();
        post(&http, sink, headers(&id)?, event.document().into()).await?;
        queue.delete_message(&message.receipt_handle).await?;
    }
    Ok(())
}

/// Posts `count` events, [`CONCURRENCY`] at one time. All bytes exist before the first is
/// sent; what is left is the client.
///
/// # Errors
/// When a post fails.
pub(crate) async fn bare(sink: &Url, count: u64, padding: usize) -> Result<()> {
    let options = ConnectOptions {
        idle_per_host: CONCURRENCY,
        ..ConnectOptions::default()
    };
    let http = Arc::new(service::http_client(&options)?);
    let body = Bytes::from(messages::document("photos/1.jpg", 0, padding));
    let post_all = |share: u64| {
        let (http, body, sink) = (http.clone(), body.clone(), sink.clone());
        async move {
            let headers = headers("000000000000000000000000")?;
            for _ in 0..share {
                post(&http, &sink, headers.clone(), body.clone()).await?;
            }
            Ok(())
        }
    };
    // Tasks of their own, as the adapter's deliveries are.
    stream::iter(shares(count, CONCURRENCY as u64))
        .map(|share| tokio::spawn(post_all(share)))
        .buffer_unordered(CONCURRENCY)
        .map(|joined| joined?)
        .try_collect()
        .await
}

/// The share of each of `posters`; no two differ by more than one.
fn shares(count: u64, posters: u64) -> impl Iterator<Item = u64> {
    (0..posters).map(move |poster| (count + poster) / posters)
}

/// As many and as long as the adapter's.
fn headers(id: &str) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", id),
        ("ce-source", "acs.oss"),
        ("ce-type", "oss:ObjectCreated:PutObject"),
        (
            "ce-subject",
            "acs:oss:cn-shanghai:1234567890123456:face-image/photos/1.jpg",
        ),
        ("ce-time", "2024-05-06T07:08:09Z"),
        ("kn-namespace", "default"),
    ] {
        headers.insert(name, value.parse()?);
    }
    Ok(headers)
}

async fn post(http: &reqwest::Client, sink: &Url, headers: HeaderMap, body: Bytes) -> Result<()> {
    let request = http.post(sink.clone()).headers(headers).body(body);
    let answer = request.send().await?;
    let status = answer.status();
    answer.bytes().await?;
    if !status.is_success() {
        bail!("the sink answered with {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for count in [0, 1, 159, 160, 161, 5000] {
            assert_eq!(shares(count, 160).sum::<u64>(), count);
        }
    }

    #[test]
    fn headers_are_valid() {
        assert_eq!(headers("1").unwrap().len(), 8);
    }
}
