//! Takes events about uploaded photos and puts each photo back with its faces boxed and
//! labelled.
//!
//! One request holds one CloudEvent, which holds one or more OSS events. [`event_filter`] decides
//! which of them are about photos, `pipeline` makes the annotated object of each, and the
//! response tells the sender that all is done, to deliver again, or to give up.
//!
//! The way of a photo: fetch (`storage`), analyse (crate `face`), annotate (crate `picture`),
//! store. What was made of which version is written on the result ([`record`]), so that a
//! second delivery costs two HEAD requests and no face API call.
//!
//! It keeps no state of its own, deletes nothing, and sends signed requests to no host but the
//! configured ones.

mod admission;
mod app;
pub mod config;
pub mod event_filter;
mod failure;
mod handler;
mod hint;
mod keyed_mutex;
mod memory_budget;
mod metrics;
mod photo;
mod pipeline;
pub mod record;
mod reply;
mod response;
mod spans;
mod storage;
pub mod target;
mod temporary;

pub use app::{identity, run};
pub use config::{Config, ConfigError};
pub use failure::{Failure, RetryAdvice};
pub use reply::TYPE as REPLY_TYPE;
