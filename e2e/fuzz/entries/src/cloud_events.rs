//! A CloudEvent over HTTP, in either mode.

use events::{AttributesReader as _, Event, HttpMessage, data_bytes};

use serde_json::Value;

use crate::http_text::HttpText;
use crate::telling::is_one_short_line;

/// Reads a request, and what is written of the event in it.
pub(crate) fn read(input: &[u8]) {
    let HttpText { parts, body } = HttpText::read(input);
    let event = match events::from_http(&parts.headers, body) {
        Ok(event) => event,
        Err(error) => return is_one_short_line(&error),
    };
    assert!(!event.id().is_empty() && !event.ty().is_empty() && !event.source().is_empty());
    if let Ok(message) = events::structured(&event) {
        survives(&event, message, "structured");
    }
    if let Ok(message) = events::binary(event.clone()) {
        survives(&event, message, "binary");
    }
}

fn survives(event: &Event, message: HttpMessage, mode: &str) {
    let again = events::from_http(&message.headers, message.body);
    assert!(again.is_ok(), "{mode}: {again:?}");
    let Ok(again) = again else {
        return;
    };
    assert_eq!(again.id(), event.id(), "{mode}: id");
    assert_eq!(again.ty(), event.ty(), "{mode}: type");
    assert_eq!(again.subject(), event.subject(), "{mode}: subject");
    assert_eq!(
        again.source().as_str(),
        event.source().as_str(),
        "{mode}: source"
    );
    assert_eq!(again.time(), event.time(), "{mode}: time");
    assert_eq!(data(&again), data(event), "{mode}: data");
    let extensions = |event: &Event| {
        let pairs = event.iter_extensions();
        let mut pairs: Vec<_> = pairs
            .map(|(name, value)| (name.to_owned(), value.to_string()))
            .collect();
        pairs.sort_unstable();
        pairs
    };
    assert_eq!(extensions(&again), extensions(event), "{mode}: extensions");
}

/// The data; as a value where it is JSON, because structured mode may write it otherwise.
fn data(event: &Event) -> Result<Value, Vec<u8>> {
    let bytes = data_bytes(event).unwrap_or_default();
    serde_json::from_slice(&bytes).map_err(|_| bytes.into_owned())
}
