//! The address of a sink. Its user and its query may be secrets, so both are used and never
//! shown.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use service::settings::{Expected, http_url};
use url::{Position, Url};

/// Where events go. Prints scheme, host and path.
#[derive(Clone, PartialEq, Eq)]
pub struct SinkAddress(Url);

impl SinkAddress {
    /// An absolute http or https URL.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        http_url(text).map(Self)
    }

    /// A parser for settings; `expected` completes "it must be ...".
    pub(super) fn parser(
        expected: &'static str,
    ) -> impl Fn(&str) -> Result<Self, Expected> + Clone + Send + Sync + 'static {
        move |text| Self::parse(text).ok_or_else(|| Expected(expected.to_owned()))
    }

    /// What requests are sent to: without the user, which [`authorization`](Self::authorization)
    /// shows, and without a fragment.
    #[must_use]
    pub fn target(&self) -> Url {
        let mut target = self.0.clone();
        target.set_fragment(None);
        // Fails for addresses without a host only, which are no sinks.
        let _ = target
            .set_username("")
            .and_then(|()| target.set_password(None));
        target
    }

    /// The value of an `Authorization` header for the user in the address, marked as sensitive.
    #[must_use]
    pub fn authorization(&self) -> Option<HeaderValue> {
        let password = self.0.password();
        if self.0.username().is_empty() && password.is_none() {
            return None;
        }
        let mut pair: Vec<u8> = percent_decode_str(self.0.username()).collect();
        pair.push(b':');
        pair.extend(percent_decode_str(password.unwrap_or_default()));
        let header = format!("Basic {}", BASE64_STANDARD.encode(pair));
        let mut header = HeaderValue::try_from(header).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

impl fmt::Display for SinkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.0[Position::BeforeHost..Position::AfterPath];
        write!(f, "{}://{place}", self.0.scheme())
    }
}

impl fmt::Debug for SinkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SinkAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_query_are_used_and_not_shown() {
        let address =
            SinkAddress::parse("https://us%65r:p%40ss@sink.example:81/a?token=T#f").unwrap();
        for shown in [address.to_string(), format!("{address:?}")] {
            assert!(shown.contains("https://sink.example:81/a"), "{shown}");
            assert!(!shown.contains(['@', '?', '#']), "{shown}");
        }
        assert_eq!(
            address.target().as_str(),
            "https://sink.example:81/a?token=T"
        );
        let authorization = address.authorization().unwrap();
        let pair = BASE64_STANDARD.encode("user:p@ss");
        assert_eq!(authorization, format!("Basic {pair}"));
        assert!(authorization.is_sensitive());
        let plain = SinkAddress::parse("http://sink.example").unwrap();
        assert_eq!(plain.authorization(), None);
        assert_eq!(plain.to_string(), "http://sink.example/");
    }
}
