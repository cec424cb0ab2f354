//! The subset of XML that MNS uses: elements with text, no meaning in attributes or order.
//!
//! Reading is one pass over the response, without a tree; text that needs no decoding is
//! borrowed. Document types are refused, so that there are no entities to expand, and depth is
//! bounded. Writing refuses what XML 1.0 cannot carry instead of sending a broken document.

mod read;
mod write;

pub use read::ParseError;
pub(crate) use read::{Document, Leniency, SPOILED};
pub use write::ForbiddenCharacter;
pub(crate) use write::{Elements, body};
