//! Object keys. A key is taken exactly as written and leaves this module percent-encoded in
//! exactly one way, the one that is signed. A key that no URL can carry unchanged is refused,
//! because a request for it would be signed for one object and sent for another.

use percent_encoding::percent_decode_str;
use signing::encode;

use super::{NameError, checked_text};

/// The key of an object: 1 to 1023 bytes of UTF-8.
///
/// Refused beyond OSS's own rules (no `/` or `\` in front): control characters that no XML
/// document can carry (tab and line ends it can), and the segments `.` and `..`, which every URL library on
/// the way resolves, percent-encoded or not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The key with its percent sequences decoded, if that gives another valid key.
    ///
    /// No document says that keys in events are encoded, so a key is first used as it stands;
    /// this is the second try after `NoSuchKey`.
    #[must_use]
    pub fn percent_decoded(&self) -> Option<Self> {
        let decoded = percent_decode_str(&self.0).decode_utf8().ok()?;
        if decoded == self.0 {
            return None;
        }
        Self::try_from(decoded.into_owned()).ok()
    }

    /// The key read as form data, where `+` is a blank, if it holds one and that gives another
    /// valid key: the third try after `NoSuchKey`.
    #[must_use]
    pub fn form_decoded(&self) -> Option<Self> {
        let blanks = self.0.contains('+').then(|| self.0.replace('+', " "))?;
        let decoded = percent_decode_str(&blanks).decode_utf8().ok()?;
        Self::try_from(decoded.into_owned()).ok()
    }

    /// The key as a path, every byte encoded except `A-Z a-z 0-9 - _ . ~ /`: the form that is
    /// signed, sent and written into `x-oss-copy-source`.
    #[must_use]
    pub fn path_encoded(&self) -> String {
        encode::path(&self.0)
    }

    fn check(text: &str) -> Result<(), NameError> {
        let refuse = |reason| Err(NameError::new("an object key", text, reason));
        if !(1..=1023).contains(&text.len()) {
            return refuse("it must have 1 to 1023 bytes");
        }
        if text.starts_with(['/', '\\']) {
            return refuse("it must not start with a slash or backslash");
        }
        let is_forbidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        if text.contains(is_forbidden) {
            return refuse("control characters other than tabs and line ends must not occur");
        }
        if text.split('/').any(|segment| matches!(segment, "." | "..")) {
            return refuse("`.` and `..` must not be path segments");
        }
        Ok(())
    }
}

checked_text!(ObjectKey);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> ObjectKey {
        text.parse().unwrap()
    }

    #[test]
    fn ordinary_and_strange_keys_pass_unchanged() {
        let long = "a".repeat(1023);
        for text in [
            "photos/a.jpg",
            "a b+c%20d#e?f&g",
            "人脸/照片 一.jpg",
            "dir//😀.png",
            "dir/",
            "...",
            "a..b/.c",
            "a\\b",
            "\"'",
            "tab\there.jpg",
            "two\r\nlines.jpg",
            &long,
        ] {
            assert_eq!(key(text).as_str(), text);
        }
    }

    #[test]
    fn keys_no_url_can_carry_are_refused() {
        let long = "a".repeat(1024);
        for text in [
            "", &long, "/a", "\\a", "a\0b", "a\u{1b}", "a\u{7f}", "..", "a/../b", "./a", "a/.",
            "a/..",
        ] {
            assert!(text.parse::<ObjectKey>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_wire_form_is_the_documented_one() {
        for (name, text, expected) in [
            ("unreserved", "AZaz09-_.~", "AZaz09-_.~"),
            ("separators", "a/b//c", "a/b//c"),
            ("blank and plus", "a b+c", "a%20b%2Bc"),
            ("percent", "100%25", "100%2525"),
            ("reserved", "#?&='\"", "%23%3F%26%3D%27%22"),
            ("emoji", "😀", "%F0%9F%98%80"),
            ("chinese", "人脸", "%E4%BA%BA%E8%84%B8"),
            ("tab and line ends", "a\tb\r\nc", "a%09b%0D%0Ac"),
        ] {
            assert_eq!(key(text).path_encoded(), expected, "{name}");
        }
    }

    #[test]
    fn the_second_try_exists_only_where_it_differs() {
        assert_eq!(
            key("photos/a%20b.jpg").percent_decoded(),
            Some(key("photos/a b.jpg"))
        );
        for text in [
            "photos/a.jpg",
            "100%",
            "a+b",
            "%FF",
            "%2Fetc",
            "a/%2E%2E/b",
            "a%00",
        ] {
            assert_eq!(key(text).percent_decoded(), None, "{text}");
        }
    }

    #[test]
    fn the_third_try_reads_a_plus_as_a_blank() {
        for (text, expected) in [
            ("photos/my+photo%281%29.jpg", Some("photos/my photo(1).jpg")),
            ("a+b.jpg", Some("a b.jpg")),
            ("1%2B1+%3D+2.jpg", Some("1+1 = 2.jpg")),
            ("a%20b.jpg", None),
            ("+%FF", None),
            ("..%2F..+/a", Some("../.. /a")),
            ("%2E%2E/+", None),
        ] {
            let decoded = key(text).form_decoded();
            let expected = expected.and_then(|text| text.parse().ok());
            assert_eq!(decoded, expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn encoding_can_be_undone(text in "\\PC{1,200}") {
            let Ok(key) = text.parse::<ObjectKey>() else { return Ok(()) };
            let encoded = key.path_encoded();
            prop_assert_eq!(percent_decode_str(&encoded).decode_utf8().unwrap(), key.as_str());
            prop_assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~/%".contains(&b)));
        }
    }
}
