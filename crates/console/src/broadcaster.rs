//! Publishes what happens to every open page, as server-sent events.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{Notify, broadcast};

/// A page that is further behind than this loads everything again.
const BACKLOG: usize = 1024;

/// Publishes events to all pages.
#[derive(Debug)]
pub(crate) struct Broadcaster {
    sender: broadcast::Sender<PageEvent>,
    subscriber_joined: Notify,
}

/// An event for the pages.
#[derive(Debug, Clone)]
pub(crate) struct PageEvent {
    /// Its name.
    pub(crate) event: &'static str,
    /// Its data as JSON.
    pub(crate) data: Arc<str>,
}

impl Broadcaster {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::channel(BACKLOG).0,
            subscriber_joined: Notify::new(),
        }
    }

    /// Publishes an event to all pages, if there are any.
    pub(crate) fn publish(&self, event: &'static str, data: &impl Serialize) {
        // Types of our own, which always are JSON.
        if let Ok(data) = serde_json::to_string(data) {
            let data = data.into();
            // An error means that no page is open.
            let _ = self.sender.send(PageEvent { event, data });
        }
    }

    /// The events from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<PageEvent> {
        let receiver = self.sender.subscribe();
        self.subscriber_joined.notify_one();
        receiver
    }

    /// Whether any page is open.
    pub(crate) fn has_subscribers(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Waits until one more page is opened.
    pub(crate) async fn subscriber_joined(&self) {
        self.subscriber_joined.notified().await;
    }
}
