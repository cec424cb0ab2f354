//! The part that a Broker and its Triggers play in a cluster: every event of the source goes to the
//! face service, and to a subscriber as well; so do the face service's replies.
//!
//! What a Broker keeps and repeats, the queue keeps here: the source hears what the face service
//! answers. The subscriber gets each copy once.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderMap, header};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::proxy::{FaultInjector, Proxy, RecordedResponse, Recorder};

/// Copies that wait for a subscriber; one that is slower loses some.
const BACKLOG: usize = 4096;
const DEADLINE: Duration = Duration::from_secs(5);

/// A running broker; it ends when dropped.
#[derive(Debug)]
pub struct Broker {
    proxy: Proxy,
    _copying: AbortOnDropHandle<()>,
}

type Copied = (HeaderMap, Bytes);

#[derive(Debug)]
struct Tee(mpsc::Sender<Copied>);

impl Broker {
    /// Passes events on to the face service at `host:port`, and copies to the URL of the
    /// subscriber.
    ///
    /// # Errors
    /// When nothing can be bound, or there can be no HTTP client.
    pub async fn start(face_recognition: String, subscriber: String) -> Result<Self> {
        let (sender, copies) = mpsc::channel(BACKLOG);
        let http = service::http_client(&service::ConnectOptions::default())?;
        let copying = AbortOnDropHandle::new(tokio::spawn(copy(http, subscriber, copies)));
        let faults = Arc::new(FaultInjector::default());
        let host = IpAddr::from(Ipv4Addr::LOCALHOST);
        let proxy = Proxy::start(host, face_recognition, Arc::new(Tee(sender)), faults).await?;
        Ok(Self {
            proxy,
            _copying: copying,
        })
    }

    /// Where the source sends its events.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/", self.proxy.url())
    }
}

impl Tee {
    fn send(&self, headers: &HeaderMap, body: &Bytes) {
        let mut event = HeaderMap::new();
        let of_the_event = |name: &http::HeaderName| {
            name.as_str().starts_with("ce-") || name == header::CONTENT_TYPE
        };
        let own = headers.iter().filter(|(name, _)| of_the_event(name));
        event.extend(own.map(|(name, value)| (name.clone(), value.clone())));
        // A subscriber that is too slow loses a copy and nothing else.
        let _ = self.0.try_send((event, body.clone()));
    }
}

impl Recorder for Tee {
    type Exchange = ();

    fn request(&self, headers: &HeaderMap, body: &Bytes) {
        self.send(headers, body);
    }

    fn response(&self, (): (), response: &RecordedResponse) -> bool {
        if response.status.is_success() && response.headers.contains_key("ce-type") {
            self.send(&response.headers, &response.body);
        }
        true
    }
}

async fn copy(http: reqwest::Client, subscriber: String, mut copies: mpsc::Receiver<Copied>) {
    while let Some((headers, body)) = copies.recv().await {
        let request = http.post(&subscriber).headers(headers).body(body);
        // No caller waits for it.
        let _ = request.timeout(DEADLINE).send().await;
    }
}
