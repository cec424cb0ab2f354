//! The data of an event as bytes, whichever form the SDK holds it in.

use std::borrow::Cow;

use cloudevents::{Data, Event};

/// The event's data as it would stand in the body of a binary-mode request.
///
/// JSON is written out, so a JSON string keeps its quotes; text that came in
/// structured mode under another content type is given as it is. `None` without data.
#[must_use]
pub fn data_bytes(event: &Event) -> Option<Cow<'_, [u8]>> {
    Some(match event.data()? {
        Data::Binary(bytes) => Cow::Borrowed(bytes.as_slice()),
        Data::String(text) => Cow::Borrowed(text.as_bytes()),
        Data::Json(value) => Cow::Owned(value.to_string().into_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use cloudevents::{EventBuilder, EventBuilderV10};
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_data_becomes_bytes() {
        let table: [(&str, Data, &[u8]); 4] = [
            ("bytes", Data::Binary(vec![0, 255]), &[0, 255]),
            ("text", Data::String("aGk=".into()), b"aGk="),
            ("JSON object", Data::Json(json!({"a": 1})), br#"{"a":1}"#),
            ("JSON string", Data::Json(json!("aGk=")), br#""aGk=""#),
        ];
        for (name, data, expected) in table {
            let event = EventBuilderV10::new()
                .id("1")
                .ty("t")
                .source("s")
                .data("text/plain", data);
            assert_eq!(
                data_bytes(&event.build().unwrap()).as_deref(),
                Some(expected),
                "{name}"
            );
        }
    }
}
