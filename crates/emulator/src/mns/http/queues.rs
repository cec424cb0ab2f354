//! Operations on queues as a whole.

use http::{HeaderMap, StatusCode};

use super::list::{self, ListRequest};
use super::response::{Context, MnsResponse};
use crate::mns::Mns;
use crate::mns::attributes::QueueAttributes;
use crate::mns::cell::{QueueError, Status};
use crate::mns::name::Name;
use crate::mns::refusal::{Code, Refusal};
use crate::mns::xml::{self, Element, Writer};

/// Reads the body of a request, which must have the given root. A request without a body
/// is one that names nothing.
pub(super) fn read_body(body: &[u8], root: &str) -> Result<Element, Refusal> {
    if body.is_empty() {
        return Ok(Element {
            name: root.to_owned(),
            ..Element::default()
        });
    }
    let element = xml::parse(body).map_err(|_| Refusal::from(Code::MalformedXml))?;
    if element.name == root {
        return Ok(element);
    }
    let message = format!("The root element should be {root}.");
    Err(Refusal::new(Code::InvalidArgument, message))
}

pub(super) fn list(
    mns: &Mns,
    context: &Context,
    headers: &HeaderMap,
) -> Result<MnsResponse, QueueError> {
    let request = ListRequest::read(headers)?;
    let page = request.page(mns.all_queues(), |queue| queue.name());
    Ok(list::answer("Queues", page, |queues, queue| {
        // A queue that was deleted meanwhile is listed without attributes.
        let status = queue.status(&mns.shared).ok().filter(|_| request.with_meta);
        queues.within("Queue", |writer| {
            writer.text(
                "QueueURL",
                &context.url(&format!("queues/{}", queue.name())),
            );
            if let Some(status) = status {
                write_status(writer, queue.name(), &status);
            }
        });
    }))
}

pub(super) fn create(
    mns: &Mns,
    context: &Context,
    name: Name,
    body: &[u8],
) -> Result<MnsResponse, QueueError> {
    let change = QueueAttributes::change(&read_body(body, "Queue")?)?;
    let attributes = change(&QueueAttributes::default());
    let location = context.url(&format!("queues/{name}"));
    Ok(MnsResponse::made(
        mns.create_queue(name, attributes)?,
        location,
    ))
}

pub(super) fn set_attributes(
    mns: &Mns,
    name: &Name,
    body: &[u8],
) -> Result<MnsResponse, QueueError> {
    let change = QueueAttributes::change(&read_body(body, "Queue")?)?;
    mns.queue(name)?.set_attributes(&mns.shared, change)?;
    Ok(MnsResponse::no_content())
}

pub(super) fn attributes(mns: &Mns, name: &Name) -> Result<MnsResponse, QueueError> {
    let status = mns.queue(name)?.status(&mns.shared)?;
    let body = xml::document("Queue", |queue| write_status(queue, name, &status));
    Ok(MnsResponse::document(StatusCode::OK, body))
}

fn write_status(writer: &mut Writer, name: &Name, status: &Status) {
    let Status {
        attributes,
        created,
        modified,
        counts,
    } = status;
    writer.value("QueueName", name);
    writer.value("CreateTime", created.as_seconds());
    writer.value("LastModifyTime", modified.as_seconds());
    writer.value("DelaySeconds", attributes.delay_seconds);
    writer.value("MaximumMessageSize", attributes.maximum_message_size_bytes);
    writer.value(
        "MessageRetentionPeriod",
        attributes.message_retention_period_seconds,
    );
    writer.value("VisibilityTimeout", attributes.visibility_timeout_seconds);
    writer.value("PollingWaitSeconds", attributes.polling_wait_seconds);
    writer.value("ActiveMessages", counts.active);
    writer.value("InactiveMessages", counts.inactive);
    writer.value("DelayMessages", counts.delayed);
    writer.value("LoggingEnabled", truth(attributes.logging_enabled));
}

/// Booleans as MNS writes them.
pub(super) fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
