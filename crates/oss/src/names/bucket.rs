//! Bucket names. A bucket name is the first label of a host name, so nothing that could end
//! that label, or start another one, gets through.

use url::Host;

use super::{NameError, checked_text};

/// The name of a bucket: 3 to 63 lower-case letters, digits and `-`, with a letter or digit at
/// both ends, that a URL can have as a label of its host.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(String);

impl BucketName {
    fn check(text: &str) -> Result<(), NameError> {
        let refuse = |reason| Err(NameError::new("a bucket name", text, reason));
        if !(3..=63).contains(&text.len()) {
            return refuse("it must have 3 to 63 characters");
        }
        if !text.bytes().all(is_name_byte) {
            return refuse("only a-z, 0-9 and `-` may occur");
        }
        if text.starts_with('-') || text.ends_with('-') {
            return refuse("it must start and end with a letter or digit");
        }
        if !is_label(text) {
            return refuse("what follows `xn--` is not punycode");
        }
        Ok(())
    }
}

/// Whether URLs have such a label. OSS's own rules allow any name to begin with `xn--`, but
/// URLs let only punycode follow, so that other buckets of that kind cannot be reached.
fn is_label(text: &str) -> bool {
    if !text.starts_with("xn--") {
        return true;
    }
    let host = format!("{text}.oss");
    matches!(Host::parse(&host), Ok(Host::Domain(found)) if found == host)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

checked_text!(BucketName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_within_the_rules_pass() {
        for name in [
            "abc",
            "face-image",
            "0a0",
            "123",
            "0x7f",
            "a--b",
            "xn--bcher-kva",
            &"a".repeat(63),
        ] {
            assert_eq!(name.parse::<BucketName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_outside_the_rules_are_refused() {
        let long = "a".repeat(64);
        for name in [
            "",
            "ab",
            &long,
            "Face",
            "a.b.c",
            "-abc",
            "abc-",
            "a_b",
            "evil/x",
            "a@b",
            "a b",
            "日本語",
            "abc\n",
            "xn--",
            "xn--a",
            "xn--photos",
        ] {
            assert!(name.parse::<BucketName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn the_error_shows_the_value_on_one_line() {
        let error = "a\r\nb".parse::<BucketName>().unwrap_err();
        insta::assert_snapshot!(error, @r"`a\r\nb` is not a bucket name: only a-z, 0-9 and `-` may occur");
    }
}
