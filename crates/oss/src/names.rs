//! The names that OSS gives to buckets, objects and regions, as checked types.
//!
//! Names arrive from events, listings and configuration, none of which is trusted. A name is
//! checked here, once, before it may become part of a host name, a path or a header; the rest of
//! the crate takes these types and checks no more. A bad name is refused, never repaired.

mod bucket;
mod etag;
mod key;
mod region;

use thiserror::Error;
use transport::Printable;

pub use self::{bucket::BucketName, etag::ETag, key::ObjectKey, region::Region};

/// How much of a refused value an error repeats, in characters.
const SHOWN_CHARS: usize = 80;

/// Why a text is not a name of this kind.
///
/// Permanent: the same text is refused tomorrow too. The value is shown escaped and cut, so
/// the message is one line of printable characters whatever was sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{value}` is not {what}: {reason}")]
pub struct NameError {
    what: &'static str,
    value: String,
    reason: &'static str,
}

impl NameError {
    pub(crate) fn new(what: &'static str, value: &str, reason: &'static str) -> Self {
        Self {
            what,
            value: Printable::cut(value, SHOWN_CHARS).to_string(),
            reason,
        }
    }

    /// What is wrong, in a few fixed words that suit a metric label.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

/// Gives a text newtype with a `check` its conversions: parsing in, borrowing out.
macro_rules! checked_text {
    ($name:ident) => {
        impl std::str::FromStr for $name {
            type Err = $crate::names::NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::names::NameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::check(&text)?;
                Ok(Self(text))
            }
        }

        $crate::names::readable_text!($name);
    };
}
pub(crate) use checked_text;

/// Gives a text newtype its ways of being read.
macro_rules! readable_text {
    ($name:ident) => {
        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}
pub(crate) use readable_text;
