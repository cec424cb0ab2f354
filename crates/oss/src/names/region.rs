//! Region names. A region decides which host a signed request goes to, and events carry
//! regions, so this check is what keeps an event from choosing the host.

use super::{NameError, checked_text};

/// Longest region name accepted. The longest in use (`ap-southeast-1`, `cn-wulanchabu`) has
/// 14 characters; the limit leaves room and keeps host labels far below DNS's 63.
const MAX_BYTES: usize = 32;

/// A region such as `cn-shanghai`: at least two words of lower-case letters and digits, joined
/// by `-`.
///
/// The forms `oss-cn-shanghai` (a bucket's location, see [`Region::from_location`]) and
/// `cn-shanghai-internal` (part of an internal host name) are not regions and are refused.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

impl Region {
    /// Reads the form that OSS gives bucket locations, `oss-cn-shanghai`; the plain form is
    /// taken too.
    pub fn from_location(location: &str) -> Result<Self, NameError> {
        location.strip_prefix("oss-").unwrap_or(location).parse()
    }

    fn check(text: &str) -> Result<(), NameError> {
        let refuse = |reason| Err(NameError::new("a region", text, reason));
        if text.len() > MAX_BYTES {
            return refuse("it is too long");
        }
        if !text.starts_with(|first: char| first.is_ascii_lowercase()) {
            return refuse("it must start with a letter");
        }
        let mut words = 0;
        for word in text.split('-') {
            if word.is_empty()
                || !word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            {
                return refuse("it must be words of a-z and 0-9 joined by `-`");
            }
            words += 1;
        }
        if words < 2 {
            return refuse("it must have at least two words");
        }
        if text.starts_with("oss-") || text.ends_with("-internal") {
            return refuse("it is part of a host name");
        }
        Ok(())
    }
}

checked_text!(Region);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_in_use_pass() {
        for region in [
            "cn-hangzhou",
            "cn-shanghai",
            "cn-hongkong",
            "us-west-1",
            "ap-southeast-5",
            "eu-central-1",
            "me-east-1",
            "cn-shanghai-finance-1",
        ] {
            assert_eq!(region.parse::<Region>().unwrap().as_str(), region);
        }
    }

    #[test]
    fn what_could_steer_a_host_name_is_refused() {
        let long = format!("cn-{}", "a".repeat(30));
        for region in [
            "",
            "cn",
            "-cn-a",
            "cn-",
            "cn--a",
            "1-cn",
            "CN-shanghai",
            "cn-shanghai.evil.example",
            "evil.example/",
            "cn-shanghai@evil.example",
            "cn-shanghai:80",
            "cn-shanghai#",
            "cn-shanghai\0",
            "cn-ｓhanghai",
            "oss-cn-shanghai",
            "cn-shanghai-internal",
            &long,
        ] {
            assert!(region.parse::<Region>().is_err(), "{region:?}");
        }
    }

    #[test]
    fn a_location_loses_its_prefix() {
        assert_eq!(
            Region::from_location("oss-cn-shanghai").unwrap().as_str(),
            "cn-shanghai"
        );
        assert_eq!(
            Region::from_location("cn-shanghai").unwrap().as_str(),
            "cn-shanghai"
        );
        assert!(Region::from_location("oss-oss-cn-shanghai").is_err());
    }
}
