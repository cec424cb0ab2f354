//! Writes into the ledger what goes through a proxy.

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
use testbed::{RecordedResponse, Recorder, TARGET};
use url::Url;

use crate::ledger::{Analysis, Ledger};
use crate::photos::{Photo, recognise};

/// Writes into the ledger what goes through a proxy.
#[derive(Debug)]
pub(crate) enum LedgerRecorder {
    /// Events on their way to the face service.
    Deliveries(Arc<Ledger>),
    /// Calls on their way to the face API, about these photos.
    Analyses(Arc<Ledger>, Arc<Vec<Photo>>),
}

/// A request that was written down, and waits for its response.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// An event.
    Event {
        /// Its id.
        id: String,
        /// Whether it is about a result, which the face service ignores.
        is_of_a_result: bool,
    },
    /// A face API call.
    Analysis(Analysis),
    /// Something unexpected; a note of it was made.
    Unreadable,
}

/// The object of an event.
#[derive(Debug, PartialEq, Eq)]
struct Notification {
    id: String,
    key: String,
    etag: String,
}

impl Recorder for LedgerRecorder {
    type Exchange = Exchange;

    fn request(&self, headers: &HeaderMap, body: &Bytes) -> Exchange {
        match self {
            Self::Deliveries(ledger) => match notification(headers, body.clone()) {
                Some(Notification { id, key, etag }) => {
                    ledger.delivered(&id, &key, &etag);
                    let is_of_a_result = Path::new(&key).starts_with(TARGET);
                    Exchange::Event { id, is_of_a_result }
                }
                None => unreadable(ledger, "a delivery holds no single readable event", body),
            },
            Self::Analyses(ledger, photos) => match subject(body, photos) {
                Some((key, etag)) => Exchange::Analysis(ledger.asked(&key, etag.as_deref())),
                None => unreadable(ledger, "a face API call is about no photo", body),
            },
        }
    }

    /// Whatever happens to an event of a result proves nothing: it changes nothing either way.
    fn response(&self, exchange: Exchange, response: &RecordedResponse) -> bool {
        if !response.status.is_success() {
            return false;
        }
        let (Self::Deliveries(ledger) | Self::Analyses(ledger, _)) = self;
        match exchange {
            Exchange::Event { id, is_of_a_result } => {
                ledger.accepted(&id);
                return !is_of_a_result;
            }
            Exchange::Analysis(analysis) => ledger.analysed(analysis),
            Exchange::Unreadable => {}
        }
        true
    }
}

fn unreadable(ledger: &Ledger, what: &str, body: &Bytes) -> Exchange {
    let start = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
    ledger.note(format!("{what}: {start}"));
    Exchange::Unreadable
}

fn notification(headers: &HeaderMap, body: Bytes) -> Option<Notification> {
    let event = events::from_http(headers, body).ok()?;
    let data = events::data_bytes(&event)?;
    let document = oss::event::parse(&data).ok()?;
    let [created] = document.as_slice() else {
        return None;
    };
    Some(Notification {
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
        let recorder = LedgerRecorder::Deliveries(Arc::default());
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
            let Exchange::Event { is_of_a_result, .. } = recorder.request(&headers, &body.into())
            else {
                panic!("{key}: no event");
            };
            assert_eq!(is_of_a_result, expected, "{key}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_noted() {
        let ledger = Arc::new(Ledger::default());
        let recorder = LedgerRecorder::Deliveries(Arc::clone(&ledger));
        recorder.request(&HeaderMap::new(), &Bytes::from_static(b"hello"));
        assert_eq!(
            ledger.totals().notes,
            ["a delivery holds no single readable event: hello"]
        );
    }
}
