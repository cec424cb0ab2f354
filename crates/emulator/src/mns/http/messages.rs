//! Operations on the messages of a queue.

use http::StatusCode;

use super::draft;
use super::query::Query;
use super::queues::read_body;
use super::response::MnsResponse;
use crate::mns::Mns;
use crate::mns::attributes::{MESSAGE_SIZE, POLLING_WAIT, VISIBILITY_TIMEOUT};
use crate::mns::cell::{QueueCell, QueueError, Receive, now};
use crate::mns::handle::ReceiptHandle;
use crate::mns::message::{Draft, Property, QueuedMessage};
use crate::mns::queue::AfterReceive;
use crate::mns::refusal::{Code, Refusal};
use crate::mns::xml::{self, Element, Writer};

/// The most messages or handles in one call.
const MAX_BATCH: usize = 16;

pub(super) fn send(mns: &Mns, queue: &QueueCell, body: &[u8]) -> Result<MnsResponse, QueueError> {
    let message = read_body(body, "Message")?;
    let draft = draft::read(&message, queue.attributes().maximum_message_size_bytes)?;
    let sent = queue.send(&mns.shared, vec![draft])?;
    let now = now(&mns.shared);
    let body = xml::document("Message", |writer| {
        for held in &sent {
            write_sent(writer, held);
            if held.message.delivery.visible_at > now {
                writer.value("ReceiptHandle", held.receipt_handle());
            }
        }
    });
    Ok(MnsResponse::document(StatusCode::CREATED, body))
}

pub(super) fn send_batch(
    mns: &Mns,
    queue: &QueueCell,
    body: &[u8],
) -> Result<MnsResponse, QueueError> {
    let messages = read_body(body, "Messages")?;
    let messages = children(&messages, "Message")?;
    let maximum = queue.attributes().maximum_message_size_bytes;
    let drafts: Vec<_> = messages
        .into_iter()
        .map(|it| draft::read(it, maximum))
        .collect();
    check_total(&drafts)?;
    let good: Vec<Draft> = drafts.iter().flatten().cloned().collect();
    let mut sent = queue.send(&mns.shared, good)?.into_iter();
    let failed = drafts.iter().find_map(|draft| draft.as_ref().err());
    let status = failed.map_or(StatusCode::CREATED, |refusal| refusal.code.status());
    let body = xml::document("Messages", |writer| {
        for draft in &drafts {
            writer.within("Message", |writer| match draft {
                Ok(_) => sent.next().iter().for_each(|held| write_sent(writer, held)),
                Err(refusal) => write_failure(writer, refusal),
            });
        }
    });
    Ok(MnsResponse::document(status, body))
}

pub(super) async fn receive(
    mns: &Mns,
    queue: &QueueCell,
    query: &Query,
    duplicate: bool,
) -> Result<MnsResponse, QueueError> {
    let count = count(query)?;
    let then = if duplicate {
        AfterReceive::StayVisible
    } else {
        AfterReceive::Hide
    };
    let ask = Receive {
        most: count.unwrap_or(1),
        wait_seconds: query.number("waitseconds", POLLING_WAIT)?,
        then,
    };
    let held = queue.receive(&mns.shared, ask, &mns.closing).await?;
    Ok(received(&held, count.is_some(), write_received))
}

pub(super) fn peek(mns: &Mns, queue: &QueueCell, query: &Query) -> Result<MnsResponse, QueueError> {
    let count = count(query)?;
    let held = queue.peek(&mns.shared, count.unwrap_or(1))?;
    Ok(received(&held, count.is_some(), write_peeked))
}

pub(super) fn delete(
    mns: &Mns,
    queue: &QueueCell,
    query: &Query,
) -> Result<MnsResponse, QueueError> {
    let handle = receipt_handle(query)?;
    for outcome in queue.delete(&mns.shared, &[handle])? {
        outcome?;
    }
    Ok(MnsResponse::no_content())
}

pub(super) fn delete_batch(
    mns: &Mns,
    queue: &QueueCell,
    body: &[u8],
) -> Result<MnsResponse, QueueError> {
    let handles = read_body(body, "ReceiptHandles")?;
    let texts: Vec<&str> = children(&handles, "ReceiptHandle")?
        .into_iter()
        .map(|it| it.text.trim())
        .collect();
    let handles: Vec<_> = texts
        .iter()
        .map(|text| text.parse::<ReceiptHandle>())
        .collect();
    let good: Vec<_> = handles.iter().flatten().copied().collect();
    let mut outcomes = queue.delete(&mns.shared, &good)?.into_iter();
    let mut failed = Vec::new();
    for (text, handle) in texts.into_iter().zip(handles) {
        let code = match handle {
            Err(_) => Some(Code::ReceiptHandleError),
            Ok(_) => outcomes.next().and_then(Result::err).map(Code::from),
        };
        failed.extend(code.map(|code| (text, Refusal::from(code))));
    }
    let Some((_, first)) = failed.first() else {
        return Ok(MnsResponse::no_content());
    };
    let status = first.code.status();
    let body = xml::document("Errors", |writer| {
        for (text, refusal) in &failed {
            writer.within("Error", |writer| {
                write_failure(writer, refusal);
                writer.text("ReceiptHandle", text);
            });
        }
    });
    Ok(MnsResponse::document(status, body))
}

pub(super) fn change_visibility(
    mns: &Mns,
    queue: &QueueCell,
    query: &Query,
) -> Result<MnsResponse, QueueError> {
    let handle = receipt_handle(query)?;
    let timeout = query.number("VisibilityTimeout", VISIBILITY_TIMEOUT)?;
    let timeout = timeout.ok_or(Code::MissingVisibilityTimeout)?;
    let held = queue.change_visibility(&mns.shared, handle, timeout)?;
    let body = xml::document("ChangeVisibility", |writer| {
        writer.value("ReceiptHandle", held.receipt_handle());
        writer.value("NextVisibleTime", held.message.delivery.visible_at.0);
    });
    Ok(MnsResponse::document(StatusCode::OK, body))
}

fn count(query: &Query) -> Result<Option<usize>, Refusal> {
    let most = u32::try_from(MAX_BATCH).unwrap_or(u32::MAX);
    let count = query.number("numOfMessages", 1..=most)?;
    Ok(count.and_then(|count| usize::try_from(count).ok()))
}

fn receipt_handle(query: &Query) -> Result<ReceiptHandle, Refusal> {
    let text = query.get("ReceiptHandle").filter(|text| !text.is_empty());
    let text = text.ok_or(Code::MissingReceiptHandle)?;
    text.parse().map_err(|_| Code::ReceiptHandleError.into())
}

/// The items of a batch: 1 to 16 elements of one name.
fn children<'a>(batch: &'a Element, name: &str) -> Result<Vec<&'a Element>, Refusal> {
    let count = batch.children.len();
    if !(1..=MAX_BATCH).contains(&count) || batch.children.iter().any(|child| child.name != name) {
        let message = format!("A batch should hold 1 to {MAX_BATCH} elements {name}.");
        return Err(Refusal::new(Code::InvalidArgument, message));
    }
    Ok(batch.children.iter().collect())
}

/// All bodies of a batch together may be as large as one large message.
fn check_total(drafts: &[Result<Draft, Refusal>]) -> Result<(), Refusal> {
    let total: usize = drafts
        .iter()
        .flatten()
        .map(|draft| draft.body.text().len())
        .sum();
    let maximum = *MESSAGE_SIZE.end();
    if u32::try_from(total).is_ok_and(|total| total <= maximum) {
        return Ok(());
    }
    let message = format!("The bodies of a batch should not exceed {maximum} bytes in total.");
    Err(Refusal::new(Code::InvalidArgument, message))
}

fn received(
    held: &[QueuedMessage],
    batch: bool,
    write: fn(&mut Writer, &QueuedMessage),
) -> MnsResponse {
    let root = if batch { "Messages" } else { "Message" };
    let body = xml::document(root, |writer| {
        for held in held {
            if batch {
                writer.within("Message", |writer| write(writer, held));
            } else {
                write(writer, held);
            }
        }
    });
    MnsResponse::document(StatusCode::OK, body)
}

fn write_sent(writer: &mut Writer, held: &QueuedMessage) {
    writer.value("MessageId", held.id());
    writer.value("MessageBodyMD5", held.message.body.md5());
}

fn write_failure(writer: &mut Writer, refusal: &Refusal) {
    writer.text("ErrorCode", refusal.code.name());
    writer.text("ErrorMessage", &refusal.message);
}

fn write_received(writer: &mut Writer, held: &QueuedMessage) {
    writer.value("MessageId", held.id());
    writer.value("ReceiptHandle", held.receipt_handle());
    write_body(writer, held);
    writer.value("EnqueueTime", held.message.enqueued.0);
    writer.value("NextVisibleTime", held.message.delivery.visible_at.0);
    write_delivery(writer, held);
}

/// A peek gives no handle and hides nothing, so it says nothing of either.
fn write_peeked(writer: &mut Writer, held: &QueuedMessage) {
    writer.value("MessageId", held.id());
    write_body(writer, held);
    writer.value("EnqueueTime", held.message.enqueued.0);
    write_delivery(writer, held);
}

fn write_body(writer: &mut Writer, held: &QueuedMessage) {
    writer.value("MessageBodyMD5", held.message.body.md5());
    writer.text("MessageBody", held.message.body.text());
}

fn write_delivery(writer: &mut Writer, held: &QueuedMessage) {
    let delivery = held.message.delivery;
    writer.value("FirstDequeueTime", delivery.first_dequeued.0);
    writer.value("DequeueCount", delivery.dequeue_count);
    writer.value("Priority", held.message.priority);
    let Some(extras) = &held.message.extras else {
        return;
    };
    if let Some(group) = &extras.group {
        writer.text("MessageGroupId", group);
    }
    write_properties(writer, "UserProperties", "PropertyValue", &extras.user);
    write_properties(
        writer,
        "SystemProperties",
        "SystemPropertyValue",
        &extras.system,
    );
}

fn write_properties(writer: &mut Writer, list: &str, item: &str, properties: &[Property]) {
    if properties.is_empty() {
        return;
    }
    writer.within(list, |writer| {
        for property in properties {
            writer.within(item, |writer| {
                writer.text("Name", &property.name);
                writer.text("Value", &property.value);
                writer.text("Type", &property.kind);
            });
        }
    });
}
