//! From a queue message's body to OSS events.
//!
//! A subscription decides whether the published text arrives as it is or inside a
//! `Notification`, and the publisher decides whether it is base64; all combinations are
//! read. Reading is total: any bytes give events or an error.

use oss::event::{Event, EventError};

/// Reads all events of a message body; none if its list is empty.
///
/// # Errors
/// Always permanent: the same bytes fail again.
pub fn events(body: &[u8]) -> Result<Vec<Event>, EventError> {
    match mns::notification::unwrap(body) {
        Some(inner) => oss::event::parse(inner.as_bytes()),
        None => oss::event::parse(body),
    }
}
