//! Every manifest of the project, from one configuration.
//!
//! Objects are built from types, never from text, so what is rendered is what the API
//! defines. The same configuration always gives the same files, down to the byte; the ones
//! of the standard configuration are checked in under `deploy/`. Nothing here talks to a
//! cluster, reads the environment by itself, or writes a key into anything but the Secret.

mod check;
mod config;
mod controller;
mod disruption;
mod file;
mod istio;
mod knative;
mod kustomize;
mod metadata;
mod network;
mod pod;
mod render;
mod sample;
mod seed;
mod yaml;

pub use check::{CheckError, Stale, check};
pub use config::{Addressing, Backend, Config, ConfigError, Credentials, describe_settings};
pub use file::File;
pub use render::{Profile, render, standard};
pub use yaml::RenderError;
