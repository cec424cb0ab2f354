//! Sending, receiving, deleting.
//!
//! The response to a receive is read message by message, and a message needs no more than an id and
//! a handle: one that spoils the document does not hold up those beside it.

use bytes::Bytes;
use http::Response;

use super::Queue;
use crate::client::{accepted, refused, unreadable, unwritable};
use crate::document::{
    SentItem, delete_failures, messages, peeked_messages, receipt_handles, sending, sending_batch,
    sent_messages, visibility,
};
use crate::error::{Error, ItemError, Refusal, RefusalKind};
use crate::limits::{BatchSize, PollingWait, VisibilityTimeout};
use crate::message::{Message, PeekedMessage, SendMessage, SentMessage, Visibility};
use crate::receipt::ReceiptHandle;
use crate::request::{MESSAGE_RESPONSE_BYTES, Request};
use crate::xml::ParseError;

/// The result of a batch of deletes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct DeleteOutcome {
    /// The handles whose messages were not deleted, with the reason; all others were.
    pub failed: Vec<(ReceiptHandle, ItemError)>,
}

impl Queue {
    /// Sends one message.
    ///
    /// It is not repeated when the response is lost, because it would then be in the queue twice.
    ///
    /// # Errors
    /// [`Error::Unwritable`] for a body that XML cannot carry. See [`Error::disposition`].
    pub async fn send(&self, message: &SendMessage) -> Result<SentMessage, Error> {
        let request = Request::post("SendMessage", self.messages_path()).body(sending(message))?;
        self.client.send_one(request).await
    }

    /// Sends 1 to 16 messages of together at most 64 KiB. The results are in the same order.
    ///
    /// # Errors
    /// [`Error::Unwritable`] for another number of messages or a body that XML cannot carry;
    /// nothing is sent then. An item that alone failed is no error of the call.
    pub async fn send_batch(&self, batch: &[SendMessage]) -> Result<Vec<SentItem>, Error> {
        let request = Request::post("BatchSendMessage", self.messages_path());
        let request = checked_batch(request, batch.len())?.body(sending_batch(batch))?;
        let response = self.client.call(&request).await?;
        // A response that is not about the items is about the whole.
        match sent_messages(response.body()) {
            Ok(items) if items.len() == batch.len() => Ok(items),
            Ok(_) => Err(unreadable(
                &request,
                &response,
                ParseError::Missing { element: "Message" },
            )),
            Err(source) => {
                let response = accepted(&request, response)?;
                Err(unreadable(&request, &response, source))
            }
        }
    }

    /// Receives one message, waiting for it up to `wait`; `None` if the queue stayed empty.
    ///
    /// The message is hidden from others for the queue's visibility timeout; delete it before,
    /// or it comes again. MNS may report an empty queue earlier than `wait` when many calls
    /// wait at once, so a caller's loop must pause by itself.
    ///
    /// # Errors
    /// See [`Error::disposition`]. An attempt without a response is repeated; a message that was
    /// in the lost answer comes again after its visibility timeout.
    ///
    /// # Cancel safety
    /// Nothing is lost by dropping the future: a message on its way comes again.
    pub async fn receive(&self, wait: PollingWait) -> Result<Option<Message>, Error> {
        let request = Request::get("ReceiveMessage", self.messages_path())
            .query(format!("waitseconds={wait}"))
            .hold(wait.get())
            .response_limit(MESSAGE_RESPONSE_BYTES);
        let taken = self.receive_call(request, |response| messages(response, BatchSize::MIN));
        Ok(taken.await?.pop())
    }

    /// Receives up to `max` messages, waiting for the first up to `wait`; none if the queue
    /// stayed empty. What a response brings beyond that, or beyond [`MESSAGE_BYTES`](crate::document::MESSAGE_BYTES) for each, is
    /// left and becomes visible again. Otherwise as [`Queue::receive`].
    ///
    /// # Errors
    /// As for [`Queue::receive`].
    ///
    /// # Cancel safety
    /// As for [`Queue::receive`].
    pub async fn receive_batch(
        &self,
        max: BatchSize,
        wait: PollingWait,
    ) -> Result<Vec<Message>, Error> {
        let request = Request::get("BatchReceiveMessage", self.messages_path())
            .query(format!("numOfMessages={max}&waitseconds={wait}"))
            .hold(wait.get())
            .response_limit(batch_answer_bytes(max));
        self.receive_call(request, |response| messages(response, max))
            .await
    }

    /// Looks at the next message without receiving it; `None` if the queue is empty.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn peek(&self) -> Result<Option<PeekedMessage>, Error> {
        let request = Request::get("PeekMessage", self.messages_path())
            .query("peekonly=true")
            .response_limit(MESSAGE_RESPONSE_BYTES);
        let taken = self.receive_call(request, |response| {
            peeked_messages(response, BatchSize::MIN)
        });
        Ok(taken.await?.pop())
    }

    /// Looks at up to `max` messages without receiving them; none if the queue is empty.
    ///
    /// # Errors
    /// See [`Error::disposition`].
    pub async fn peek_batch(&self, max: BatchSize) -> Result<Vec<PeekedMessage>, Error> {
        let request = Request::get("BatchPeekMessage", self.messages_path())
            .query(format!("peekonly=true&numOfMessages={max}"))
            .response_limit(batch_answer_bytes(max));
        self.receive_call(request, |response| peeked_messages(response, max))
            .await
    }

    /// Deletes a received message.
    ///
    /// # Errors
    /// [`Error::is_receipt_handle_invalid`] when it is gone or no longer ours; see [`Error::disposition`].
    pub async fn delete_message(&self, handle: &ReceiptHandle) -> Result<(), Error> {
        let request = Request::delete("DeleteMessage", self.messages_path())
            .query(format!("ReceiptHandle={}", handle.encoded()));
        self.client.done(request).await.map(drop)
    }

    /// Deletes 1 to 16 received messages.
    ///
    /// # Errors
    /// [`Error::Unwritable`] for another number of handles. Handles that alone failed are in
    /// the outcome. See [`Error::disposition`].
    pub async fn delete_batch(&self, handles: &[ReceiptHandle]) -> Result<DeleteOutcome, Error> {
        let request = Request::delete("BatchDeleteMessage", self.messages_path());
        let request = checked_batch(request, handles.len())?.body(receipt_handles(handles))?;
        let response = self.client.call(&request).await?;
        // The list of failures comes with any status, 404 in the vendor's own sample.
        match delete_failures(response.body()) {
            Ok(failed) => Ok(DeleteOutcome { failed }),
            Err(_) => accepted(&request, response).map(|_deleted| DeleteOutcome::default()),
        }
    }

    /// Hides a received message for `timeout` from now on, not from its receipt.
    ///
    /// # Errors
    /// [`Error::is_receipt_handle_invalid`] when it is gone or no longer ours; see [`Error::disposition`].
    pub async fn change_visibility(
        &self,
        handle: &ReceiptHandle,
        timeout: VisibilityTimeout,
    ) -> Result<Visibility, Error> {
        let request = Request::put("ChangeMessageVisibility", self.messages_path()).query(format!(
            "ReceiptHandle={}&VisibilityTimeout={timeout}",
            handle.encoded()
        ));
        self.client.read(request, visibility).await
    }

    /// Makes a call that answers an empty queue with 404.
    async fn receive_call<T>(
        &self,
        request: Request,
        read: impl Fn(&Bytes) -> Result<Vec<T>, ParseError>,
    ) -> Result<Vec<T>, Error> {
        let response = self.client.call(&request).await?;
        if response.status().is_success() {
            return read(response.body()).map_err(|source| unreadable(&request, &response, source));
        }
        none_if_empty(&request, &response)
    }
}

/// Nothing, if the refusal says that the queue is empty.
fn none_if_empty<T>(request: &Request, response: &Response<Bytes>) -> Result<Vec<T>, Error> {
    let error = refused(request, response);
    let kind = error.refusal().map(Refusal::kind);
    if kind == Some(RefusalKind::NoMessage) {
        Ok(Vec::new())
    } else {
        Err(error)
    }
}

/// Checks the size of a batch before anything is written.
fn checked_batch(request: Request, len: usize) -> Result<Request, Error> {
    match BatchSize::try_new(u32::try_from(len).unwrap_or(u32::MAX)) {
        Ok(_) => Ok(request),
        Err(source) => Err(unwritable(request.name().clone(), source)),
    }
}

fn batch_answer_bytes(max: BatchSize) -> usize {
    usize::try_from(max.get())
        .unwrap_or(usize::MAX)
        .saturating_mul(MESSAGE_RESPONSE_BYTES)
}
