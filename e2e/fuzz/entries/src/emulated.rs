//! Requests to the emulator: documents, forms, addresses.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use bytes::Bytes;
use emulator::presented::post_policy;
use emulator::untrusted;
use futures_util::stream;
use http::Uri;

use crate::http_text::HttpText;

type Form = Option<(Vec<(String, String)>, u64)>;

/// Requests in XML, and the policy of a form.
pub(crate) fn documents(input: &[u8]) {
    if let Some((elements, text_bytes)) = untrusted::mns_document(input) {
        assert!(elements <= 10_000, "{elements} elements");
        assert!(text_bytes <= input.len(), "text grew on reading");
    }
    if let Some(keys) = untrusted::deleted_keys(input) {
        let length: usize = keys.iter().map(String::len).sum();
        assert!(length <= input.len(), "keys grew on reading");
    }
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = untrusted::is_policy(text);
    }
}

/// A form, whole and in small pieces.
pub(crate) fn form(input: &[u8]) {
    let written = HttpText::read(input);
    let content_type = written.header("content-type");
    let whole = read(content_type, Body::from(written.body.clone()));
    let pieces: Vec<Result<Bytes, std::convert::Infallible>> = written
        .body
        .chunks(7)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let in_pieces = read(content_type, Body::from_stream(stream::iter(pieces)));
    assert_eq!(
        whole, in_pieces,
        "the pieces in which a form arrives change it"
    );
    let Some((fields, file_bytes)) = whole else {
        return;
    };
    assert!(file_bytes <= written.body.len() as u64, "the file grew");
    assert!(fields.len() <= 256, "{} fields", fields.len());
    if let Ok(Some(presented)) = post_policy::Presented::from_fields(&fields) {
        let _ = presented
            .policy_json()
            .map(|json| untrusted::is_policy(&json));
    }
}

/// Most turns that reading a form takes: each reads a piece, or gives way.
const TURNS: usize = 10_000;

/// All of the body is there, so the form is read without waiting.
fn read(content_type: &str, body: Body) -> Form {
    let mut reading = pin!(untrusted::form(content_type, body));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..TURNS {
        if let Poll::Ready(form) = reading.as_mut().poll(&mut context) {
            return form;
        }
    }
    unreachable!("reading waits although all is there");
}

/// Which bucket and object a request means.
pub(crate) fn requests(input: &[u8]) {
    let HttpText { parts, .. } = HttpText::read(input);
    let host = parts.headers.get("host");
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    for host in [
        host,
        "127.0.0.1:8080",
        "photos.oss.example",
        "oss-cn-shanghai.aliyuncs.com",
    ] {
        addressed(&parts.uri, host);
    }
    for value in parts.headers.values() {
        if let Ok(text) = value.to_str()
            && let Some(tags) = untrusted::tags(text)
        {
            assert!(tags.len() <= 10, "{} tags", tags.len());
        }
    }
}

fn addressed(uri: &Uri, host: &str) {
    let Some((bucket, key)) = untrusted::address(uri, host) else {
        return;
    };
    if let Some(bucket) = bucket {
        assert!((3..=63).contains(&bucket.len()), "{bucket:?}");
        assert!(!bucket.contains(['.', '/', '%']), "{bucket:?}");
    }
    if let Some(key) = key {
        assert!((1..=1023).contains(&key.len()), "{} bytes", key.len());
    }
}
