//! The id of one request, as OSS forms it.

use std::fmt;

use http::HeaderValue;
use jiff::Timestamp;
use rand::Rng as _;

/// The id of a request: the second of its arrival and a random number, 24 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestId {
    second: u32,
    number: u64,
}

impl RequestId {
    /// A new id for a request that arrived `now`.
    pub(crate) fn new(now: Timestamp) -> Self {
        let second = u32::try_from(now.as_second()).unwrap_or_default();
        Self {
            second,
            number: rand::rng().random(),
        }
    }

    /// The id for a header.
    pub(crate) fn header(self) -> HeaderValue {
        // Hex digits are always fit for a header.
        HeaderValue::try_from(self.to_string()).unwrap_or(HeaderValue::from_static(""))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08X}{:016X}", self.second, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_begins_with_its_second() {
        let id = RequestId::new(Timestamp::from_second(1_714_979_289).unwrap()).to_string();
        assert_eq!(&id[..8], "663881D9");
        assert_eq!(id.len(), 24);
    }
}
