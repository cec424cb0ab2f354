//! Documents about messages.

use bytes::Bytes;
use tracing::warn;

use super::failure::ItemFields;
use super::text;
use crate::error::ItemError;
use crate::message::{BodyMd5, Message, PeekedMessage, SendMessage, SentMessage, Visibility};
use crate::receipt::ReceiptHandle;
use crate::topic::MessageTag;
use crate::xml::{Document, Elements, ForbiddenCharacter, Leniency, ParseError, SPOILED, body};

/// What became of one message of a batch.
pub type SentItem = Result<SentMessage, ItemError>;

/// Everything that a `Message` element can hold.
#[derive(Default)]
struct Fields {
    id: Option<String>,
    body: Option<Bytes>,
    body_md5: Option<BodyMd5>,
    receipt_handle: Option<ReceiptHandle>,
    enqueue_time: Option<jiff::Timestamp>,
    first_dequeue_time: Option<jiff::Timestamp>,
    next_visible_time: Option<jiff::Timestamp>,
    dequeue_count: Option<u32>,
    priority: Option<u32>,
    failure: ItemFields,
}

impl Fields {
    fn read(document: &mut Document<'_>, answer: &Bytes) -> Result<Self, ParseError> {
        let mut fields = Self::default();
        document.children(|document, name| fields.take(document, name, answer))?;
        Ok(fields)
    }

    fn take(
        &mut self,
        document: &mut Document<'_>,
        name: &str,
        answer: &Bytes,
    ) -> Result<(), ParseError> {
        match name {
            "MessageId" => self.id = document.value()?,
            "MessageBody" => self.body = Some(text::shared(document, answer)?),
            "MessageBodyMD5" => self.body_md5 = document.value()?.map(BodyMd5::new),
            "ReceiptHandle" => self.receipt_handle = document.value()?.map(ReceiptHandle::new),
            "EnqueueTime" => {
                self.enqueue_time = known(text::milliseconds(document, "EnqueueTime"))?;
            }
            "FirstDequeueTime" => {
                self.first_dequeue_time = known(text::milliseconds(document, "FirstDequeueTime"))?;
            }
            "NextVisibleTime" => {
                self.next_visible_time = known(text::milliseconds(document, "NextVisibleTime"))?;
            }
            "DequeueCount" => self.dequeue_count = known(text::parsed(document, "DequeueCount"))?,
            "Priority" => self.priority = known(text::parsed(document, "Priority"))?,
            _ => self.failure.take(document, name)?,
        }
        Ok(())
    }

    fn received(self) -> Result<Message, ParseError> {
        Ok(Message {
            id: required(self.id, "MessageId")?,
            body: self.body.unwrap_or_default(),
            body_md5: self.body_md5,
            receipt_handle: required(self.receipt_handle, "ReceiptHandle")?,
            enqueue_time: self.enqueue_time,
            first_dequeue_time: self.first_dequeue_time,
            next_visible_time: self.next_visible_time,
            dequeue_count: self.dequeue_count.unwrap_or_default(),
            priority: self.priority,
        })
    }

    fn peeked(self) -> Result<PeekedMessage, ParseError> {
        Ok(PeekedMessage {
            id: required(self.id, "MessageId")?,
            body: self.body.unwrap_or_default(),
            body_md5: self.body_md5,
            enqueue_time: self.enqueue_time,
            first_dequeue_time: self.first_dequeue_time,
            dequeue_count: self.dequeue_count.unwrap_or_default(),
            priority: self.priority,
        })
    }

    fn sent(self) -> Result<SentMessage, ParseError> {
        Ok(SentMessage {
            id: required(self.id, "MessageId")?,
            body_md5: self.body_md5,
            receipt_handle: self.receipt_handle,
        })
    }

    fn sent_item(mut self) -> Result<SentItem, ParseError> {
        match std::mem::take(&mut self.failure).into_error() {
            Some(error) => Ok(Err(error)),
            None => self.sent().map(Ok),
        }
    }

    fn visibility(self) -> Result<Visibility, ParseError> {
        Ok(Visibility {
            receipt_handle: required(self.receipt_handle, "ReceiptHandle")?,
            next_visible_time: self.next_visible_time,
        })
    }
}

/// A value that says nothing counts as absent: a message can be dealt with all the same.
fn known<T>(value: Result<Option<T>, ParseError>) -> Result<Option<T>, ParseError> {
    match value {
        Err(ParseError::Value { .. }) => Ok(None),
        value => value,
    }
}

fn required<T>(value: Option<T>, element: &'static str) -> Result<T, ParseError> {
    value.ok_or(ParseError::Missing { element })
}

/// Reads the answer to a receive: a `Message`, or `Messages` of them.
///
/// A message needs no more than an id and a handle. One that cannot be read does not take the
/// others with it: a faulty answer is an error only if nothing in it can be read. A body that
/// is not text, which XML cannot carry, is not UTF-8 here either.
pub fn messages(answer: &Bytes) -> Result<Vec<Message>, ParseError> {
    salvaged(answer, Fields::received)
}

/// Reads the answer to a peek: a `Message`, or `Messages` of them. As [`messages`] otherwise.
pub fn peeked_messages(answer: &Bytes) -> Result<Vec<PeekedMessage>, ParseError> {
    salvaged(answer, Fields::peeked)
}

/// Reads the answer to a batch of sends, in the order of the batch. Items may have failed
/// whatever the status of the answer.
pub fn sent_messages(answer: &Bytes) -> Result<Vec<SentItem>, ParseError> {
    all(answer, Leniency::Strict, Fields::sent_item)
}

/// Reads the answer to a single send or publish.
pub fn sent_message(answer: &Bytes) -> Result<SentMessage, ParseError> {
    one(answer, "Message", Fields::sent)
}

/// Reads the answer to a change of visibility.
pub fn visibility(answer: &Bytes) -> Result<Visibility, ParseError> {
    one(answer, "ChangeVisibility", Fields::visibility)
}

fn one<T>(
    answer: &Bytes,
    root: &str,
    convert: fn(Fields) -> Result<T, ParseError>,
) -> Result<T, ParseError> {
    let (mut document, name) = Document::open(answer, Leniency::Strict)?;
    if name.local() != root {
        return Err(ParseError::unexpected_root(name.local()));
    }
    convert(Fields::read(&mut document, answer)?)
}

fn salvaged<T>(
    answer: &Bytes,
    convert: fn(Fields) -> Result<T, ParseError>,
) -> Result<Vec<T>, ParseError> {
    all(answer, Leniency::Salvaging, convert).or_else(|fault| {
        let items = piece_by_piece(answer, convert);
        if items.is_empty() {
            return Err(fault);
        }
        warn!(
            messages = items.len(),
            fault = %fault,
            "an answer of MNS is faulty, taking what can be read of it"
        );
        Ok(items)
    })
}

/// The messages that can be read when each is taken for a document of its own.
fn piece_by_piece<T>(answer: &[u8], convert: fn(Fields) -> Result<T, ParseError>) -> Vec<T> {
    let mut text = String::with_capacity(answer.len());
    for chunk in answer.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend((!chunk.invalid().is_empty()).then_some(SPOILED));
    }
    let pieces = text.split("<Message>").skip(1);
    let bodies = pieces.filter_map(|piece| Some(piece.split_once("</Message>")?.0));
    bodies
        .filter_map(|body| {
            let document = format!("<Message>{body}</Message>").into();
            all(&document, Leniency::Salvaging, convert).ok()?.pop()
        })
        .collect()
}

fn all<T>(
    answer: &Bytes,
    leniency: Leniency,
    convert: fn(Fields) -> Result<T, ParseError>,
) -> Result<Vec<T>, ParseError> {
    let (mut document, root) = Document::open(answer, leniency)?;
    match root.local() {
        "Message" => Ok(vec![convert(Fields::read(&mut document, answer)?)?]),
        "Messages" => {
            let mut items = Vec::new();
            document.children(|document, name| match name {
                "Message" => {
                    items.push(convert(Fields::read(document, answer)?)?);
                    Ok(())
                }
                _ => document.skip(),
            })?;
            Ok(items)
        }
        other => Err(ParseError::unexpected_root(other)),
    }
}

/// The body of a single send.
pub(crate) fn sending(message: &SendMessage) -> Result<Bytes, ForbiddenCharacter> {
    body("Message", |elements| write(elements, message))
}

/// The body of a batch of sends.
pub(crate) fn sending_batch(messages: &[SendMessage]) -> Result<Bytes, ForbiddenCharacter> {
    body("Messages", |elements| {
        messages
            .iter()
            .try_for_each(|message| elements.nested("Message", |elements| write(elements, message)))
    })
}

fn write(elements: &mut Elements, message: &SendMessage) -> Result<(), ForbiddenCharacter> {
    elements.text("MessageBody", &message.body)?;
    elements.optional("DelaySeconds", message.delay);
    elements.optional("Priority", message.priority);
    Ok(())
}

/// The body of a publish.
pub(crate) fn published(text: &str, tag: Option<&MessageTag>) -> Result<Bytes, ForbiddenCharacter> {
    body("Message", |elements| {
        elements.text("MessageBody", text)?;
        tag.map_or(Ok(()), |tag| elements.text("MessageTag", tag.as_str()))
    })
}

/// The body of a batch of deletes.
pub(crate) fn receipt_handles(handles: &[ReceiptHandle]) -> Result<Bytes, ForbiddenCharacter> {
    body("ReceiptHandles", |elements| {
        handles
            .iter()
            .try_for_each(|handle| elements.text("ReceiptHandle", handle.as_str()))
    })
}
