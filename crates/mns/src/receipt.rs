//! The handle of one delivery of one message.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986. Handles hold `=`, `+` and `/`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A handle that a receive returns, and that a delete or a change of visibility takes.
///
/// It becomes invalid when the message becomes visible again, is deleted, or gets a new handle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReceiptHandle(String);

impl ReceiptHandle {
    /// Takes a handle as MNS gave it.
    #[must_use]
    pub fn new(handle: impl Into<String>) -> Self {
        Self(handle.into())
    }

    /// The handle as MNS gave it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The handle as the value of a query parameter.
    pub(crate) fn encoded(&self) -> impl fmt::Display {
        utf8_percent_encode(&self.0, ENCODED)
    }
}

impl fmt::Display for ReceiptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_characters_are_encoded() {
        let handle = ReceiptHandle::new("8-0zBz+q/2aXfF0Pb1C+SgR/Jk==-x");
        assert_eq!(
            handle.encoded().to_string(),
            "8-0zBz%2Bq%2F2aXfF0Pb1C%2BSgR%2FJk%3D%3D-x"
        );
        assert_eq!(
            ReceiptHandle::new("a&b #%~._-").encoded().to_string(),
            "a%26b%20%23%25~._-"
        );
    }
}
