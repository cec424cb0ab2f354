//! The whole pipeline as it really runs, on one machine, for all that proves it.
//!
//! The demo, the tests of the pipeline, the fault suite, the benchmarks and the tests on a
//! cluster stand on this library: it starts emulator, face service and adapter as processes or
//! in containers ([`Services`], [`Pipeline`]), makes what a user makes in the consoles
//! ([`Cloud`]), stands between the services ([`Proxy`]) or behind them ([`EventSink`], [`Collector`]), measures
//! them ([`meter`], [`metrics`]) and waits for states ([`eventually`](fn@eventually), [`poll_until`]). It holds
//! no logic of the pipeline, and talks to the services only over their sockets.

mod admin;
mod binaries;
mod broker;
mod cargo;
mod cloud;
mod collector;
pub mod command;
mod console;
mod control;
mod engine;
mod eventually;
pub mod meter;
pub mod metrics;
mod photo;
mod pipeline;
mod process;
mod proxy;
mod service;
mod services;
mod sink;
mod token_issuer;

pub use admin::{Admin, Fault, FaultKind, InForce, Limits};
pub use binaries::{Binaries, build, executable, workspace_root};
pub use broker::Broker;
pub use cargo::cargo;
pub use cloud::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, ACCOUNT, Account, BUCKET, Cloud, QUEUE, REGION, TARGET,
    target_key,
};
pub use collector::{Attributes, CollectedSpan, Collector};
pub use console::{CONSOLE_TOKEN, ConsoleBinaries, ConsolePipeline, console_launch, console_rule};
pub use control::Control;
pub use engine::Engine;
pub use eventually::{Progress, eventually, poll_until};
pub use nix::sys::signal::Signal;
pub use photo::{content_type, sample};
pub use pipeline::{Outcome, Pipeline, face_count};
pub use process::{Launch, Process};
pub use proxy::{FaultInjector, Proxy, ProxyFault, RecordedResponse, Recorder};
pub use service::{Addresses, FaceBackend, Keys, Service, Settings};
pub use services::{History, Services};
pub use sink::{DeadLetter, Delivery, EventSink, SinkResponse};
pub use token_issuer::TokenIssuer;
