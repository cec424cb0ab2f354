//! A page where one drops a photo and watches it come back.
//!
//! The page (`web/`, embedded) uploads straight to the bucket with forms that the console signs,
//! and shows what the console learns of each photo: from the bucket, from the queue, and from
//! CloudEvents that are sent to it (`intake`). The console carries no photo, shows no key, and
//! keeps nothing that bucket and queue do not know.

mod api;
mod app;
mod broadcaster;
pub mod config;
mod console;
mod gallery;
mod intake;
mod journey;
mod page;
mod photo;
mod rate_limiter;
mod security;
mod session;
mod source;
mod status;
mod upload;
mod watch;

pub use app::run;
pub use config::{Config, ConfigError};
