#![doc = include_str!("../README.md")]

mod attribute;
mod data;
mod decode;
mod encode;
mod error;
mod span;
mod version;

pub use attribute::is_extension_name;
/// What an event is made of, so that users of this crate need not name the SDK.
pub use chrono::{DateTime, Utc};
pub use cloudevents::event::ExtensionValue;
pub use cloudevents::{
    AttributesReader, AttributesWriter, Data, Event, EventBuilder, EventBuilderV10,
};
pub use data::data_bytes;
pub use decode::from_http;
pub use encode::{HttpMessage, binary, binary_as, binary_headers, structured, structured_as};
pub use error::{DecodeError, EncodeError, JsonError};
pub use span::describe;
pub use version::SpecVersion;
