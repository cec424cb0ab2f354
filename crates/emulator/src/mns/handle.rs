//! Receipt handles: what a receiver shows to delete a message or to keep it hidden.
//!
//! A handle names a queue, a message in it and one delivery of that message. It is no
//! secret and carries no signature; a caller that may use a queue may guess its handles.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use super::message::Sequence;

/// Tells a queue or topic from every other, also from an earlier one of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ResourceId(pub(crate) u64);

impl ResourceId {
    /// A new one that nothing else has.
    pub(crate) fn random() -> Self {
        Self(rand::random())
    }
}

/// One delivery of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReceiptHandle {
    pub(crate) queue: ResourceId,
    pub(crate) sequence: Sequence,
    pub(crate) generation: u32,
}

/// The text is no receipt handle at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a receipt handle")]
pub(crate) struct HandleError;

const LENGTH: usize = 20;

impl fmt::Display for ReceiptHandle {
    /// A digit, a hyphen and padded base64 in the standard alphabet, as MNS writes them:
    /// callers must be ready to percent-encode `+`, `/` and `=`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(&self.queue.0.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[16..].copy_from_slice(&self.generation.to_be_bytes());
        write!(f, "1-{}", BASE64_STANDARD.encode(bytes))
    }
}

impl FromStr for ReceiptHandle {
    type Err = HandleError;

    fn from_str(text: &str) -> Result<Self, HandleError> {
        let encoded = text.strip_prefix("1-").ok_or(HandleError)?;
        let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| HandleError)?;
        let bytes: [u8; LENGTH] = bytes.try_into().map_err(|_| HandleError)?;
        let number = |range: std::ops::Range<usize>| {
            bytes[range]
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte))
        };
        Ok(Self {
            queue: ResourceId(number(0..8)),
            sequence: number(8..16),
            generation: u32::try_from(number(16..20)).map_err(|_| HandleError)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_handle_survives_its_text(queue: u64, sequence: u64, generation: u32) {
            let handle = ReceiptHandle { queue: ResourceId(queue), sequence, generation };
            prop_assert_eq!(handle.to_string().parse(), Ok(handle));
        }
    }

    #[test]
    fn what_is_no_handle_is_refused() {
        for text in [
            "",
            "1-",
            "1-AAAA",
            "2-AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "1-!!!",
            "AAAA",
        ] {
            assert_eq!(text.parse::<ReceiptHandle>(), Err(HandleError), "{text}");
        }
    }
}
