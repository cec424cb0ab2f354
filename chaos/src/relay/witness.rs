//! What a relay reads of a request before it passes it on.

use std::sync::Arc;

use bytes::Bytes;
use events::AttributesReader as _;
use http::HeaderMap;
use oss::ObjectKey;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use url::Url;

use crate::ledger::{Analysis, Ledger};

/// Writes into the ledger what a relay sees.
#[derive(Debug)]
pub(crate) enum Witness {
    /// Of events on their way to the face service.
    Events(Arc<Ledger>),
    /// Of calls on their way to the face API.
    Analyses(Arc<Ledger>),
}

/// A request that was written down, and waits for its answer.
#[derive(Debug)]
pub(crate) enum Seen {
    /// The event with this id.
    Event(String),
    /// A face API call.
    Analysis(Analysis),
    /// Something that nobody expected; a note of it was made.
    Unreadable,
}

/// What an event says of the object.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    id: String,
    key: String,
    etag: String,
}

impl Witness {
    /// A request comes by.
    pub(crate) fn asked(&self, headers: &HeaderMap, body: &Bytes) -> Seen {
        match self {
            Self::Events(ledger) => match told(headers, body.clone()) {
                Some(Told { id, key, etag }) => {
                    ledger.delivered(&id, &key, &etag);
                    Seen::Event(id)
                }
                None => unreadable(ledger, "a delivery holds no single readable event", body),
            },
            Self::Analyses(ledger) => match photo(body) {
                Some(key) => Seen::Analysis(ledger.asked(&key)),
                None => unreadable(ledger, "a face API call names no photo", body),
            },
        }
    }

    /// The answer to it came, whole and with success.
    pub(crate) fn answered(&self, seen: Seen) {
        let (Self::Events(ledger) | Self::Analyses(ledger)) = self;
        match seen {
            Seen::Event(id) => ledger.accepted(&id),
            Seen::Analysis(analysis) => ledger.analysed(analysis),
            Seen::Unreadable => {}
        }
    }
}

fn unreadable(ledger: &Ledger, what: &str, body: &Bytes) -> Seen {
    let start = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
    ledger.note(format!("{what}: {start}"));
    Seen::Unreadable
}

fn told(headers: &HeaderMap, body: Bytes) -> Option<Told> {
    let event = events::from_http(headers, body).ok()?;
    let data = events::data_bytes(&event)?;
    let document = oss::event::parse(&data).ok()?;
    let [created] = document.as_slice() else {
        return None;
    };
    Some(Told {
        id: event.id().to_owned(),
        key: created.address().ok()?.key.to_string(),
        etag: created.etag.as_ref()?.as_str().to_owned(),
    })
}

/// The part of a face API call that names the photo.
#[derive(Deserialize)]
struct Call {
    image_url: Url,
}

/// The key in a presigned, path-style URL.
fn photo(body: &[u8]) -> Option<String> {
    let Call { image_url } = serde_json::from_slice(body).ok()?;
    let mut segments = image_url.path_segments()?;
    let _bucket = segments.next()?;
    let key: Vec<_> = segments.collect();
    let key = key.join("/");
    let key = percent_decode_str(&key).decode_utf8().ok()?;
    Some(key.parse::<ObjectKey>().ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_photo_of_a_call_is_read_from_its_url() {
        for (path, expected) in [
            ("face-image/a.jpg", Some("a.jpg")),
            ("face-image/x/a%20b.jpg", Some("x/a b.jpg")),
            ("face-image/%E4%BA%BA%2B.png", Some("人+.png")),
            ("face-image/%E4.png", None),
        ] {
            let body = format!(r#"{{"type":0,"image_url":"http://h:1/{path}?Expires=1"}}"#);
            assert_eq!(photo(body.as_bytes()).as_deref(), expected, "{path}");
        }
        assert_eq!(photo(b"{}"), None);
    }

    #[test]
    fn what_cannot_be_read_is_noted() {
        let ledger = Arc::new(Ledger::default());
        let witness = Witness::Events(Arc::clone(&ledger));
        let seen = witness.asked(&HeaderMap::new(), &Bytes::from_static(b"hello"));
        witness.answered(seen);
        assert_eq!(
            ledger.totals().notes,
            ["a delivery holds no single readable event: hello"]
        );
    }
}
