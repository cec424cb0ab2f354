//! MNS. Placeholder.

use std::sync::Arc;

use axum::Router;

use crate::journal::JournalError;
use crate::shared::Shared;

/// The MNS service.
#[derive(Debug)]
pub struct Mns {
    #[expect(dead_code, reason = "placeholder")]
    shared: Arc<Shared>,
}

/// Why an event could not be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// No topic of that name.
    #[error("no topic `{0}`")]
    NoTopic(String),
    /// The publication cannot be kept.
    #[error("cannot keep the message")]
    Journal(#[from] JournalError),
}

impl Mns {
    /// Restores queues, topics, subscriptions and messages from the journal.
    ///
    /// # Errors
    /// When the journal is damaged.
    pub fn new(shared: Arc<Shared>) -> Result<Arc<Self>, JournalError> {
        Ok(Arc::new(Self { shared }))
    }

    /// Makes a topic with default attributes unless there is one of that name.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn ensure_topic(&self, topic: &str) -> Result<(), JournalError> {
        let _ = topic;
        Ok(())
    }

    /// Publishes from within the process, as an event rule does; gives the message id.
    ///
    /// Does not wait, so that a caller can store an object and publish its event without
    /// a point in between at which it might be dropped.
    ///
    /// # Errors
    /// When there is no such topic or the messages cannot be kept.
    pub fn publish(
        &self,
        topic: &str,
        body: &str,
        tag: Option<&str>,
    ) -> Result<String, PublishError> {
        let _ = (body, tag);
        Err(PublishError::NoTopic(topic.to_owned()))
    }
}

/// Serves MNS over HTTP.
pub fn router(mns: Arc<Mns>) -> Router {
    let _ = mns;
    Router::new()
}
