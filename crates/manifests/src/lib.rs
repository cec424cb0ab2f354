//! Every manifest of the project, from one configuration.
//!
//! Objects are built from types, never from text, so what is rendered is what the API
//! defines. The same configuration always gives the same files, down to the byte; the ones
//! of the standard configuration are checked in under `deploy/`, those of the tests on a
//! cluster under `e2e/`. Nothing here talks to a cluster, reads the environment by itself, or
//! writes a key into anything but the Secret.

mod chart;
mod check;
mod config;
mod console;
mod controller;
mod disruption;
mod file;
mod istio;
mod knative;
mod kustomize;
mod metadata;
mod network;
mod observability;
mod pod;
mod ram;
mod rbac;
mod release;
mod render;
mod rrsa;
mod sample;
mod seed;
mod testing;
mod transport_encryption;
mod yaml;

pub use check::{CheckError, Stale, check, compare};
pub use config::{Addressing, Backend, Config, ConfigError, Credentials, describe_settings};
pub use console::NAME as CONSOLE;
pub use file::File;
pub use metadata::VERSION;
pub use ram::policies;
pub use release::release;
pub use render::{Profile, render, standard};
pub use rrsa::Rrsa;
pub use sample::{SECRET, SECRET_KEY};
pub use testing::testing;
pub use yaml::RenderError;
