//! One attribute on the wire: its name, and its value with percent sequences.
//!
//! Follows sections 3.1.3.1 and 3.1.3.2 of the CloudEvents HTTP protocol binding,
//! version 1.0.2. Decides nothing about which attributes an event must have.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};

/// The prefix of every attribute's header but that of `datacontenttype`.
pub(crate) const PREFIX: &str = "ce-";

/// Everything outside U+0021..U+007E, and the three characters with a meaning of
/// their own. Bytes above ASCII are always encoded.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// The content type of data whose event states none.
pub(crate) const JSON: &str = "application/json";

/// The names that CloudEvents itself gives a meaning.
pub(crate) const CORE: [&str; 9] = [
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "dataschema",
    "datacontenttype",
    "data",
];

/// The value as it goes into a header.
pub(crate) fn encode_value(value: &str) -> Cow<'_, str> {
    // All of a value at once is looked at faster than byte by byte.
    let stays = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'%');
    if value.bytes().fold(true, |all, byte| all & stays(byte)) {
        return Cow::Borrowed(value);
    }
    utf8_percent_encode(value, ENCODED).into()
}

/// The value behind a header; `None` if it is not UTF-8 once decoded.
///
/// Raw UTF-8 and quoted strings are accepted, because senders older than the
/// percent-encoding rule use both. Percent sequences are decoded exactly once, and
/// a `%` that starts none stands for itself.
pub(crate) fn decode_value(raw: &[u8]) -> Option<String> {
    let unquoted = unquote(raw);
    let decoded: Vec<u8> = percent_decode(&unquoted).collect();
    String::from_utf8(decoded).ok()
}

/// Whether CloudEvents allows this name: lower-case letters and digits.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Whether an extension attribute may have this name, in either mode.
#[must_use]
pub fn is_extension_name(name: &str) -> bool {
    is_name(name) && !CORE.contains(&name) && name != "database64"
}

/// Whether data of this content type is JSON. Without one it is.
pub(crate) fn is_json(content_type: Option<&str>) -> bool {
    let media_type = content_type.unwrap_or(JSON);
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let media_type = media_type.to_ascii_lowercase();
    matches!(media_type.as_str(), JSON | "text/json") || media_type.ends_with("+json")
}

/// Removes the quotes of an HTTP quoted string and the backslashes inside it.
fn unquote(raw: &[u8]) -> Cow<'_, [u8]> {
    let [b'"', inner @ .., b'"'] = raw else {
        return Cow::Borrowed(raw);
    };
    let mut plain = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        let escaped = if byte == b'\\' { bytes.next() } else { None };
        plain.push(escaped.unwrap_or(byte));
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_encoded_as_the_binding_says() {
        let table = [
            ("plain", "acs.oss", "acs.oss"),
            (
                "example of the binding",
                "Euro € 😀",
                "Euro%20%E2%82%AC%20%F0%9F%98%80",
            ),
            ("quotes and percent", "\"100%\"", "%22100%25%22"),
            ("edges of the range", "!~", "!~"),
            ("control characters", "a\tb\u{7f}", "a%09b%7F"),
            (
                "punctuation stays",
                "a/b?c#d&e=f+g;h,i\\j",
                "a/b?c#d&e=f+g;h,i\\j",
            ),
            ("an object key", "人脸 1.jpg", "%E4%BA%BA%E8%84%B8%201.jpg"),
        ];
        for (name, value, expected) in table {
            assert_eq!(encode_value(value), expected, "{name}");
            assert_eq!(
                decode_value(expected.as_bytes()).as_deref(),
                Some(value),
                "{name}"
            );
        }
    }

    #[test]
    fn received_values_are_decoded_once() {
        let table: [(&str, &[u8], Option<&str>); 10] = [
            ("raw UTF-8", "人脸 1.jpg".as_bytes(), Some("人脸 1.jpg")),
            ("twice encoded", b"%2520", Some("%20")),
            ("lower-case digits", b"%e2%82%ac", Some("€")),
            ("encoded though it need not be", b"%41bc", Some("Abc")),
            ("percent alone", b"100%", Some("100%")),
            ("percent before other text", b"50%zz", Some("50%zz")),
            ("quoted", b"\"a b\"", Some("a b")),
            (
                "quoted with escapes",
                br#""a \"b\" \\ c""#,
                Some(r#"a "b" \ c"#),
            ),
            ("one quote is not a quoted string", b"\"", Some("\"")),
            ("not UTF-8", b"%FF", None),
        ];
        for (name, raw, expected) in table {
            assert_eq!(decode_value(raw).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn names_hold_lower_case_letters_and_digits() {
        let table = [
            ("time", true),
            ("a1", true),
            ("", false),
            ("Time", false),
            ("a-b", false),
            ("é", false),
        ];
        for (name, expected) in table {
            assert_eq!(is_name(name), expected, "`{name}`");
        }
    }

    #[test]
    fn extensions_may_not_take_the_names_of_cloudevents() {
        let table = [
            ("traceparent", true),
            ("time", false),
            ("data", false),
            ("database64", false),
            ("Upper", false),
        ];
        for (name, expected) in table {
            assert_eq!(is_extension_name(name), expected, "`{name}`");
        }
    }

    proptest! {
        #[test]
        fn any_text_survives_the_header(value in any::<String>()) {
            let wire = encode_value(&value);
            prop_assert!(wire.bytes().all(|b| (0x21..=0x7e).contains(&b)));
            prop_assert_eq!(decode_value(wire.as_bytes()), Some(value));
        }
    }
}
