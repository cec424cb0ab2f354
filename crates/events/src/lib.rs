//! CloudEvents 1.0 over HTTP, as the HTTP protocol binding writes it.
//!
//! The official SDK sends attribute values as raw UTF-8 and refuses an event whose
//! headers hold any. An object key such as `人脸 1.jpg` ends up in `ce-subject`, so
//! that will not do here. This crate is the only place that turns attributes into
//! headers and back.
//!
//! It does not limit sizes (the caller holds the whole body already), does no I/O,
//! and knows nothing of OSS. CloudEvents before 1.0 and batches are refused.

mod attribute;
mod data;
mod decode;
mod encode;
mod error;

pub use attribute::is_extension_name;
/// What an event is made of, so that users of this crate need not name the SDK.
pub use cloudevents::event::ExtensionValue;
pub use cloudevents::{
    AttributesReader, AttributesWriter, Data, Event, EventBuilder, EventBuilderV10,
};
pub use data::data_bytes;
pub use decode::from_http;
pub use encode::{HttpMessage, binary, binary_headers, structured};
pub use error::{DecodeError, EncodeError, JsonError};
