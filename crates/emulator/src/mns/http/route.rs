//! Which operation a request asks for, found before anything of it is believed.
//!
//! Single and batch operations share method and path: sends differ by the root of the
//! body, receives by a parameter, deletes by having a body at all.

use http::Method;
use http::request::Parts;

use crate::call::named;
use crate::mns::xml;

named! {
    /// An operation of MNS.
    pub(super) enum Operation {
        ListQueue,
        CreateQueue,
        SetQueueAttributes,
        GetQueueAttributes,
        DeleteQueue,
        SendMessage,
        BatchSendMessage,
        ReceiveMessage,
        BatchReceiveMessage,
        PeekMessage,
        BatchPeekMessage,
        DeleteMessage,
        BatchDeleteMessage,
        ChangeMessageVisibility,
        ListTopic,
        CreateTopic,
        SetTopicAttributes,
        GetTopicAttributes,
        DeleteTopic,
        PublishMessage,
        ListSubscriptionByTopic,
        Subscribe,
        SetSubscriptionAttributes,
        GetSubscriptionAttributes,
        Unsubscribe,
    }
}

const QUEUE: [Operation; 4] = [
    Operation::SetQueueAttributes,
    Operation::CreateQueue,
    Operation::GetQueueAttributes,
    Operation::DeleteQueue,
];
const TOPIC: [Operation; 4] = [
    Operation::SetTopicAttributes,
    Operation::CreateTopic,
    Operation::GetTopicAttributes,
    Operation::DeleteTopic,
];
const SUBSCRIPTION: [Operation; 4] = [
    Operation::SetSubscriptionAttributes,
    Operation::Subscribe,
    Operation::GetSubscriptionAttributes,
    Operation::Unsubscribe,
];

impl Operation {
    /// The query parameters it knows, in lower case.
    pub(super) fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::SetQueueAttributes
            | Self::SetTopicAttributes
            | Self::SetSubscriptionAttributes
            | Self::CreateQueue
            | Self::CreateTopic
            | Self::Subscribe => &["metaoverride"],
            Self::ReceiveMessage | Self::BatchReceiveMessage => {
                &["waitseconds", "numofmessages", "peekonly"]
            }
            Self::PeekMessage | Self::BatchPeekMessage => &["peekonly", "numofmessages"],
            Self::DeleteMessage => &["receipthandle"],
            Self::ChangeMessageVisibility => &["receipthandle", "visibilitytimeout"],
            _ => &[],
        }
    }
}

/// An operation with the names of its resources, which are not checked yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route<'a> {
    pub(super) operation: Operation,
    /// Of the queue or topic; empty where there is none.
    pub(super) name: &'a str,
    /// Of the subscription; empty where there is none.
    pub(super) subscription: &'a str,
}

impl<'a> Route<'a> {
    /// The operation a request asks for; `None` if there is none like that.
    pub(super) fn of(parts: &'a Parts, body: &[u8]) -> Option<Self> {
        let query = Hints::of(parts.uri.query().unwrap_or_default());
        let path = parts.uri.path().trim_matches('/');
        let segments: Vec<&str> = path.split('/').collect();
        let method = &parts.method;
        let (operation, name, subscription) = match segments[..] {
            ["queues"] if method == Method::GET => (Operation::ListQueue, "", ""),
            ["queues", name] => (on_resource(method, query, QUEUE)?, name, ""),
            ["queues", name, "messages"] => (messages(method, query, body)?, name, ""),
            ["topics"] if method == Method::GET => (Operation::ListTopic, "", ""),
            ["topics", name] => (on_resource(method, query, TOPIC)?, name, ""),
            ["topics", name, "messages"] if method == Method::POST => {
                (Operation::PublishMessage, name, "")
            }
            ["topics", name, "subscriptions"] if method == Method::GET => {
                (Operation::ListSubscriptionByTopic, name, "")
            }
            ["topics", name, "subscriptions", subscription] => {
                let operation = on_resource(method, query, SUBSCRIPTION)?;
                (operation, name, subscription)
            }
            _ => return None,
        };
        Some(Self {
            operation,
            name,
            subscription,
        })
    }
}

/// Parameters of the query that tell operations apart.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one per parameter that tells operations apart"
)]
struct Hints {
    overrides: bool,
    peeks: bool,
    many: bool,
    handle: bool,
}

impl Hints {
    fn of(query: &str) -> Self {
        let pairs = || {
            query
                .split('&')
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        };
        let has = |wanted: &str| pairs().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let is_true = |wanted: &str| {
            pairs().any(|(name, value)| {
                name.eq_ignore_ascii_case(wanted) && value.eq_ignore_ascii_case("true")
            })
        };
        Self {
            overrides: is_true("metaoverride"),
            peeks: is_true("peekonly"),
            many: has("numofmessages"),
            handle: has("receipthandle"),
        }
    }
}

/// The operation on a resource itself: setting its attributes, creating, showing or deleting it.
fn on_resource(
    method: &Method,
    query: Hints,
    [set, create, get, delete]: [Operation; 4],
) -> Option<Operation> {
    Some(match *method {
        Method::PUT if query.overrides => set,
        Method::PUT => create,
        Method::GET => get,
        Method::DELETE => delete,
        _ => return None,
    })
}

fn messages(method: &Method, query: Hints, body: &[u8]) -> Option<Operation> {
    Some(match (method.as_str(), query) {
        ("POST", _) if xml::root_name(body).as_deref() == Some("Messages") => {
            Operation::BatchSendMessage
        }
        ("POST", _) => Operation::SendMessage,
        (
            "GET",
            Hints {
                peeks: true,
                many: true,
                ..
            },
        ) => Operation::BatchPeekMessage,
        ("GET", Hints { peeks: true, .. }) => Operation::PeekMessage,
        ("GET", Hints { many: true, .. }) => Operation::BatchReceiveMessage,
        ("GET", _) => Operation::ReceiveMessage,
        ("DELETE", Hints { handle: false, .. }) if !body.is_empty() => {
            Operation::BatchDeleteMessage
        }
        ("DELETE", _) => Operation::DeleteMessage,
        ("PUT", _) => Operation::ChangeMessageVisibility,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn route(line: &str, body: &str) -> String {
        let (method, target) = line.split_once(' ').unwrap();
        let (parts, ()) = Request::builder()
            .method(method)
            .uri(target)
            .body(())
            .unwrap()
            .into_parts();
        Route::of(&parts, body.as_bytes()).map_or("none".to_owned(), |route| {
            format!(
                "{} {} {}",
                route.operation.name(),
                route.name,
                route.subscription
            )
            .trim()
            .to_owned()
        })
    }

    #[test]
    fn every_operation_is_told_from_every_other() {
        // Method and target, body, and the operation with its resources.
        let table = "
            GET /queues | | ListQueue
            PUT /queues/q | | CreateQueue q
            PUT /queues/q?metaoverride=true | | SetQueueAttributes q
            PUT /queues/q?MetaOverride=True | | SetQueueAttributes q
            PUT /queues/q?metaoverride=false | | CreateQueue q
            GET /queues/q | | GetQueueAttributes q
            DELETE /queues/q | | DeleteQueue q
            POST /queues/q/messages | <Message/> | SendMessage q
            POST /queues/q/messages | broken | SendMessage q
            POST /queues/q/messages | <Messages/> | BatchSendMessage q
            GET /queues/q/messages | | ReceiveMessage q
            GET /queues/q/messages?waitseconds=3 | | ReceiveMessage q
            GET /queues/q/messages?numOfMessages=1 | | BatchReceiveMessage q
            GET /queues/q/messages?peekonly=true | | PeekMessage q
            GET /queues/q/messages?peekonly=true&numOfMessages=2 | | BatchPeekMessage q
            GET /queues/q/messages?peekonly=false | | ReceiveMessage q
            DELETE /queues/q/messages?ReceiptHandle=h | | DeleteMessage q
            DELETE /queues/q/messages?receiptHandle=h | x | DeleteMessage q
            DELETE /queues/q/messages | <ReceiptHandles/> | BatchDeleteMessage q
            DELETE /queues/q/messages | | DeleteMessage q
            PUT /queues/q/messages?ReceiptHandle=h | | ChangeMessageVisibility q
            GET /topics | | ListTopic
            PUT /topics/t | | CreateTopic t
            PUT /topics/t?metaoverride=true | | SetTopicAttributes t
            GET /topics/t | | GetTopicAttributes t
            DELETE /topics/t | | DeleteTopic t
            POST /topics/t/messages | | PublishMessage t
            GET /topics/t/subscriptions | | ListSubscriptionByTopic t
            PUT /topics/t/subscriptions/s | | Subscribe t s
            PUT /topics/t/subscriptions/s?metaoverride=true | | SetSubscriptionAttributes t s
            GET /topics/t/subscriptions/s | | GetSubscriptionAttributes t s
            DELETE /topics/t/subscriptions/s | | Unsubscribe t s
            GET / | | none
            POST /queues | | none
            PATCH /queues/q | | none
            GET /topics/t/messages | | none
            GET /queues/q/messages/m | | none
        ";
        for row in table.trim().lines() {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            assert_eq!(route(cells[0], cells[1]), cells[2], "{row}");
        }
    }
}
