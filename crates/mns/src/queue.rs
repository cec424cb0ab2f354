//! Calls about one queue and its messages.
//!
//! Each method is one call of MNS: no loop, no backoff of its own, no automatic delete.

mod attributes;
mod messages;

use http::StatusCode;

use crate::client::Client;
use crate::document::{queue_attributes, queue_status};
use crate::error::Error;
use crate::name::QueueName;
use crate::request::Request;

pub use attributes::{Created, QueueAttributes, QueueStatus};
pub use messages::DeleteOutcome;

/// A queue by its name. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    name: QueueName,
}

impl Queue {
    pub(crate) fn new(client: Client, name: QueueName) -> Self {
        Self { client, name }
    }

    /// The name of the queue.
    #[must_use]
    pub fn name(&self) -> &QueueName {
        &self.name
    }

    /// Creates the queue, or finds that it exists with the same attributes.
    ///
    /// # Errors
    /// [`Error::is_conflict`] when it exists with other attributes: permanent. See
    /// [`Error::disposition`] for the others.
    pub async fn create(&self, attributes: &QueueAttributes) -> Result<Created, Error> {
        let request =
            Request::put("CreateQueue", self.path()).body(queue_attributes(attributes))?;
        self.client.done(request).await.map(Created::of_status)
    }

    /// Changes the attributes that are present.
    ///
    /// # Errors
    /// [`Error::is_not_found`] and see [`Error::disposition`].
    pub async fn set_attributes(&self, attributes: &QueueAttributes) -> Result<(), Error> {
        let request = Request::put("SetQueueAttributes", self.path()).query("metaoverride=true");
        self.client
            .done(request.body(queue_attributes(attributes))?)
            .await
            .map(drop)
    }

    /// Reads the attributes and the approximate numbers of messages.
    ///
    /// # Errors
    /// [`Error::is_not_found`] and see [`Error::disposition`].
    pub async fn attributes(&self) -> Result<QueueStatus, Error> {
        let request = Request::get("GetQueueAttributes", self.path());
        self.client
            .read(request, |response| queue_status(response))
            .await
    }

    /// Deletes the queue with all its messages. Deleting what does not exist succeeds.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn delete(&self) -> Result<(), Error> {
        let request = Request::delete("DeleteQueue", self.path());
        absent_is_deleted(self.client.done(request).await)
    }

    fn path(&self) -> String {
        format!("queues/{}", self.name)
    }

    fn messages_path(&self) -> String {
        format!("queues/{}/messages", self.name)
    }
}

/// Treats "not found" as success: what does not exist needs no delete.
pub(crate) fn absent_is_deleted(deleted: Result<StatusCode, Error>) -> Result<(), Error> {
    match deleted {
        Err(error) if !error.is_not_found() => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
