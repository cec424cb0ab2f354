//! What a relay reads of a request before it passes it on.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use events::AttributesReader as _;
use http::HeaderMap;
use oss::ObjectKey;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use testbed::TARGET;
use url::Url;

use crate::ledger::{Analysis, Ledger};
use crate::photos::{Photo, recognise};

/// Writes into the ledger what a relay sees.
#[derive(Debug)]
pub(crate) enum Witness {
    /// Of events on their way to the face service.
    Events(Arc<Ledger>),
    /// Of calls on their way to the face API, about these photos.
    Analyses(Arc<Ledger>, Arc<Vec<Photo>>),
}

/// A request that was written down, and waits for its answer.
#[derive(Debug)]
pub(crate) enum Seen {
    /// An event.
    Event {
        /// Its id.
        id: String,
        /// Whether it tells of a result, which nobody has anything to do with.
        is_of_a_result: bool,
    },
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
                    let is_of_a_result = Path::new(&key).starts_with(TARGET);
                    Seen::Event { id, is_of_a_result }
                }
                None => unreadable(ledger, "a delivery holds no single readable event", body),
            },
            Self::Analyses(ledger, photos) => match subject(body, photos) {
                Some((key, etag)) => Seen::Analysis(ledger.asked(&key, etag.as_deref())),
                None => unreadable(ledger, "a face API call is about no photo", body),
            },
        }
    }

    /// The answer to it came, whole and with success.
    pub(crate) fn answered(&self, seen: Seen) {
        let (Self::Events(ledger) | Self::Analyses(ledger, _)) = self;
        match seen {
            Seen::Event { id, .. } => ledger.accepted(&id),
            Seen::Analysis(analysis) => ledger.analysed(analysis),
            Seen::Unreadable => {}
        }
    }
}

impl Seen {
    /// Whether it is an event that tells of a result.
    pub(crate) fn is_of_a_result(&self) -> bool {
        matches!(
            self,
            Self::Event {
                is_of_a_result: true,
                ..
            }
        )
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

/// The part of a face API call that brings the photo.
#[derive(Deserialize)]
#[serde(untagged)]
enum Call {
    /// By its address.
    Address { image_url: Url },
    /// The file itself, in base64.
    File { content: String },
}

/// The photo's key, and its version where the call tells.
fn subject(body: &[u8], photos: &[Photo]) -> Option<(String, Option<String>)> {
    match serde_json::from_slice(body).ok()? {
        Call::Address { image_url } => Some((key(&image_url)?, None)),
        Call::File { content } => {
            let file = BASE64_STANDARD.decode(content).ok()?;
            let (photo, version) = recognise(&file, photos)?;
            Some((
                photo.key.to_string(),
                Some(version.etag.as_str().to_owned()),
            ))
        }
    }
}

/// The key in a presigned, path-style URL.
fn key(url: &Url) -> Option<String> {
    let mut segments = url.path_segments()?;
    let _bucket = segments.next()?;
    let key: Vec<_> = segments.collect();
    let key = key.join("/");
    let key = percent_decode_str(&key).decode_utf8().ok()?;
    Some(key.parse::<ObjectKey>().ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;
    use crate::photos;

    #[test]
    fn the_photo_of_a_call_is_read_from_its_url() {
        for (path, expected) in [
            ("face-image/a.jpg", Some("a.jpg")),
            ("face-image/x/a%20b.jpg", Some("x/a b.jpg")),
            ("face-image/%E4%BA%BA%2B.png", Some("人+.png")),
            ("face-image/%E4.png", None),
        ] {
            let body = format!(r#"{{"type":0,"image_url":"http://h:1/{path}?Expires=1"}}"#);
            let expected = expected.map(|key| (key.to_owned(), None));
            assert_eq!(subject(body.as_bytes(), &[]), expected, "{path}");
        }
        assert_eq!(subject(b"{}", &[]), None);
    }

    #[test]
    fn the_photo_of_a_call_is_recognised_in_its_file() {
        let photos = photos::make(2).unwrap();
        let (photo, version) = (&photos[1], &photos[1].versions[1]);
        let content = BASE64_STANDARD.encode(&version.bytes);
        let body = serde_json::json!({"type": 1, "content": content}).to_string();
        let expected = (photo.key.to_string(), Some(version.etag.to_string()));
        assert_eq!(subject(body.as_bytes(), &photos), Some(expected));
    }

    #[test]
    fn events_of_results_are_told_from_those_of_photos() {
        let witness = Witness::Events(Arc::default());
        let attributes = [
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", "acs.oss"),
            ("ce-type", "oss:ObjectCreated:PutObject"),
            ("content-type", "application/json"),
        ];
        let attributes = attributes.map(|(name, value)| {
            let value = HeaderValue::from_static(value);
            (HeaderName::from_static(name), value)
        });
        let headers = HeaderMap::from_iter(attributes);
        for (key, expected) in [("target/rec-a.jpg", true), ("targets/a.jpg", false)] {
            let event = serde_json::json!({
                "eventName": "ObjectCreated:PutObject",
                "eventSource": "acs:oss",
                "region": "cn-shanghai",
                "oss": {
                    "bucket": { "name": "photos" },
                    "object": { "key": key, "eTag": "0CC175B9C0F1B6A831C399E269772661" },
                },
            });
            let body = serde_json::json!({ "events": [event] }).to_string();
            let seen = witness.asked(&headers, &body.into());
            assert!(matches!(seen, Seen::Event { .. }), "{key}: {seen:?}");
            assert_eq!(seen.is_of_a_result(), expected, "{key}");
        }
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
