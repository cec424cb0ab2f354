//! Documents about messages.

use bytes::Bytes;
use tracing::warn;

use super::failure::ItemFields;
use super::text;
use crate::error::ItemError;
use crate::limits::BatchSize;
use crate::message::{BodyMd5, Message, PeekedMessage, SendMessage, SentMessage, Visibility};
use crate::receipt::ReceiptHandle;
use crate::topic::MessageTag;
use crate::xml::{Document, Elements, ForbiddenCharacter, Leniency, ParseError, SPOILED, body};

/// Bytes that one message may take: the 64 KiB of the largest body, its id and its handle.
pub const MESSAGE_BYTES: usize = 68 * 1024;

/// The result of one message of a batch.
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
    fn read(document: &mut Document<'_>) -> Result<Self, ParseError> {
        let mut fields = Self::default();
        document.children(|document, name| fields.take(document, name))?;
        Ok(fields)
    }

    fn take(&mut self, document: &mut Document<'_>, name: &str) -> Result<(), ParseError> {
        match name {
            "MessageId" => self.id = document.value()?,
            "MessageBody" => self.body = Some(text::exact(document)?),
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

/// A value that does not parse counts as absent: a message can be processed without it.
fn known<T>(value: Result<Option<T>, ParseError>) -> Result<Option<T>, ParseError> {
    match value {
        Err(ParseError::Value { .. }) => Ok(None),
        value => value,
    }
}

fn required<T>(value: Option<T>, element: &'static str) -> Result<T, ParseError> {
    value.ok_or(ParseError::Missing { element })
}

/// Reads the response to a receive: a `Message`, or `Messages` of them, of which at most `max`
/// and their bytes at most [`MESSAGE_BYTES`] times as many.
///
/// A message needs no more than an id and a handle. One that cannot be read does not take the
/// others with it: a faulty answer is an error only if nothing in it can be read. A body that
/// is not text, which XML cannot carry, is not UTF-8 here either. Messages beyond the bounds are
/// not returned; MNS makes them visible again.
pub fn messages(response: &Bytes, max: BatchSize) -> Result<Vec<Message>, ParseError> {
    readable_items(response, max, |fields| {
        let message = fields.received()?;
        let size_bytes = message.held_bytes();
        Ok((message, size_bytes))
    })
}

/// Reads the response to a peek: a `Message`, or `Messages` of them. As [`messages`] otherwise.
pub fn peeked_messages(response: &Bytes, max: BatchSize) -> Result<Vec<PeekedMessage>, ParseError> {
    readable_items(response, max, |fields| {
        let message = fields.peeked()?;
        let size_bytes = message.id.len() + message.body.len();
        Ok((message, size_bytes))
    })
}

/// Reads the response to a batch of sends, in the order of the batch. Items may have failed
/// whatever the status of the response.
pub fn sent_messages(response: &Bytes) -> Result<Vec<SentItem>, ParseError> {
    let mut items = Vec::new();
    each(response, Leniency::Strict, |fields| {
        items.push(fields.sent_item()?);
        Ok(Next::More)
    })?;
    Ok(items)
}

/// Reads the response to a single send or publish.
pub fn sent_message(response: &Bytes) -> Result<SentMessage, ParseError> {
    one(response, "Message", Fields::sent)
}

/// Reads the response to a change of visibility.
pub fn visibility(response: &Bytes) -> Result<Visibility, ParseError> {
    one(response, "ChangeVisibility", Fields::visibility)
}

fn one<T>(
    response: &Bytes,
    root: &str,
    convert: fn(Fields) -> Result<T, ParseError>,
) -> Result<T, ParseError> {
    let (mut document, name) = Document::open(response, Leniency::Strict)?;
    if name.local() != root {
        return Err(ParseError::unexpected_root(name.local()));
    }
    convert(Fields::read(&mut document)?)
}

/// Makes a value of an item, with the number of bytes that the value keeps.
type Convert<T> = fn(Fields) -> Result<(T, usize), ParseError>;

/// The items of a response, as far as the caller's bounds admit them.
struct BoundedItems<T> {
    items: Vec<T>,
    max: usize,
    free_bytes: usize,
    convert: Convert<T>,
}

impl<T> BoundedItems<T> {
    fn new(max: BatchSize, convert: Convert<T>) -> Self {
        let max = usize::try_from(max.get()).unwrap_or(usize::MAX);
        Self {
            items: Vec::new(),
            max,
            free_bytes: max.saturating_mul(MESSAGE_BYTES),
            convert,
        }
    }

    fn take(&mut self, fields: Fields) -> Result<Next, ParseError> {
        let (item, size_bytes) = (self.convert)(fields)?;
        let fits = self.free_bytes.checked_sub(size_bytes);
        let Some(free_bytes) = fits.filter(|_| self.items.len() < self.max) else {
            warn!(
                messages = self.items.len(),
                "MNS returned more messages than requested, ignoring the rest (they become visible again)"
            );
            return Ok(Next::Enough);
        };
        self.free_bytes = free_bytes;
        self.items.push(item);
        Ok(Next::More)
    }
}

/// Whether further items of a document are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    More,
    Enough,
}

fn readable_items<T>(
    response: &Bytes,
    max: BatchSize,
    convert: Convert<T>,
) -> Result<Vec<T>, ParseError> {
    let mut whole = BoundedItems::new(max, convert);
    let Err(fault) = each(response, Leniency::Salvaging, |fields| whole.take(fields)) else {
        return Ok(whole.items);
    };
    drop(whole);
    let mut pieces = BoundedItems::new(max, convert);
    piece_by_piece(response, |fields| pieces.take(fields));
    let items = pieces.items;
    if items.is_empty() {
        return Err(fault);
    }
    warn!(
        messages = items.len(),
        fault = %fault,
        "a response of MNS is damaged, taking what can be read of it"
    );
    Ok(items)
}

/// Passes on the items that can be read when each is parsed as a document of its own.
fn piece_by_piece(response: &[u8], mut take: impl FnMut(Fields) -> Result<Next, ParseError>) {
    let mut text = String::with_capacity(response.len());
    for chunk in response.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend((!chunk.invalid().is_empty()).then_some(SPOILED));
    }
    let pieces = text.split("<Message>").skip(1);
    let bodies = pieces.filter_map(|piece| Some(piece.split_once("</Message>")?.0));
    for body in bodies {
        let document = format!("<Message>{body}</Message>");
        let mut next = Next::More;
        let read = each(document.as_bytes(), Leniency::Salvaging, |fields| {
            next = take(fields)?;
            Ok(next)
        });
        if read.is_ok() && next == Next::Enough {
            return;
        }
    }
}

/// Passes on the items of a document, one after the other, until `take` has enough.
fn each(
    response: &[u8],
    leniency: Leniency,
    mut take: impl FnMut(Fields) -> Result<Next, ParseError>,
) -> Result<(), ParseError> {
    let (mut document, root) = Document::open(response, leniency)?;
    match root.local() {
        "Message" => take(Fields::read(&mut document)?).map(drop),
        "Messages" => {
            let read = document.children(|document, name| match name {
                "Message" => match take(Fields::read(document)?)? {
                    Next::More => Ok(()),
                    Next::Enough => Err(Stop::Enough),
                },
                _ => document.skip().map_err(Stop::Fault),
            });
            match read {
                Ok(()) | Err(Stop::Enough) => Ok(()),
                Err(Stop::Fault(fault)) => Err(fault),
            }
        }
        other => Err(ParseError::unexpected_root(other)),
    }
}

/// Why the rest of a document is not read.
enum Stop {
    Enough,
    Fault(ParseError),
}

impl From<ParseError> for Stop {
    fn from(fault: ParseError) -> Self {
        Self::Fault(fault)
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
