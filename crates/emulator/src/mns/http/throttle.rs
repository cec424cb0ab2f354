//! Calls against the limits that are in force.

use std::time::Duration;

use http::Uri;

use super::route::{Operation, Route};
use crate::limits::Scope;
use crate::mns::refusal::{Code, Refusal};
use crate::mns::xml;
use crate::shared::Shared;

/// The service holds a call that is too many before it refuses it: 10 to 500 ms, says its manual.
const HOLD: Duration = Duration::from_millis(100);

/// Lets a call pass that is within the limits, and refuses the others after a while.
pub(super) async fn check(
    shared: &Shared,
    route: &Route<'_>,
    uri: &Uri,
    body: &[u8],
) -> Result<(), Refusal> {
    let charges = || {
        let name = route.name.to_owned();
        let resource = if uri.path().starts_with("/topics") {
            Scope::Topic(name)
        } else {
            Scope::Queue(name)
        };
        let count = messages(route.operation, uri, body);
        [(resource, 1), (Scope::Mns, count)]
    };
    if shared.throttle.admits(charges) {
        return Ok(());
    }
    tokio::time::sleep(HOLD).await;
    Err(Code::TooManyRequests.into())
}

/// How much a call counts for the account: each message of a batch that is sent, and each that a
/// receive asks for.
fn messages(operation: Operation, uri: &Uri, body: &[u8]) -> u32 {
    let count = match operation {
        Operation::BatchReceiveMessage => asked(uri),
        Operation::BatchSendMessage => xml::parse(body)
            .ok()
            .and_then(|batch| u32::try_from(batch.children.len()).ok()),
        _ => None,
    };
    count.unwrap_or(1)
}

fn asked(uri: &Uri) -> Option<u32> {
    let mut pairs = uri.query()?.split('&').filter_map(|it| it.split_once('='));
    let (_, number) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("numOfMessages"))?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_counts_for_its_messages() {
        let two = "<Messages><Message/><Message></Message></Messages>";
        for (operation, uri, body, expected) in [
            (
                Operation::BatchReceiveMessage,
                "/q?numOfMessages=16&waitseconds=2",
                "",
                16,
            ),
            (
                Operation::BatchReceiveMessage,
                "/q?waitseconds=2&numofmessages=3",
                "",
                3,
            ),
            (
                Operation::BatchReceiveMessage,
                "/q?numOfMessages=many",
                "",
                1,
            ),
            (Operation::BatchSendMessage, "/q", two, 2),
            (Operation::BatchSendMessage, "/q", "broken", 1),
            (Operation::BatchDeleteMessage, "/q", two, 1),
            (Operation::PublishMessage, "/t", "<Message/>", 1),
        ] {
            let uri = uri.parse().unwrap();
            let count = messages(operation, &uri, body.as_bytes());
            assert_eq!(count, expected, "{} {uri}", operation.name());
        }
    }
}
