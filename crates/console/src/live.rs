//! What happens, told to every page that listens.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{Notify, broadcast};

/// A page that is further behind than this loads everything again.
const BACKLOG: usize = 1024;

/// Tells pages what happens.
#[derive(Debug)]
pub(crate) struct Live {
    sender: broadcast::Sender<News>,
    joined: Notify,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub(crate) struct News {
    /// What kind of thing.
    pub(crate) event: &'static str,
    /// The thing as JSON.
    pub(crate) data: Arc<str>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::channel(BACKLOG).0,
            joined: Notify::new(),
        }
    }

    /// Tells all pages.
    pub(crate) fn tell(&self, event: &'static str, thing: &impl Serialize) {
        // Types of our own, which always are JSON.
        if let Ok(data) = serde_json::to_string(thing) {
            let data = data.into();
            // Nobody need be listening.
            let _ = self.sender.send(News { event, data });
        }
    }

    /// Listens from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<News> {
        let receiver = self.sender.subscribe();
        self.joined.notify_one();
        receiver
    }

    /// Whether any page listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Waits until one more page listens.
    pub(crate) async fn joined(&self) {
        self.joined.notified().await;
    }
}
