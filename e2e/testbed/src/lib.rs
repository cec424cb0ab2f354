//! The whole pipeline as real processes on one machine.
//!
//! The demo, the development stage, the pipeline tests and the benchmarks all need
//! the same thing: an emulator, a receive adapter and a face service that found
//! each other on free ports, a bucket wired to a queue, and the certainty that
//! nothing is left running afterwards. This crate is that and nothing more: it
//! holds no pipeline logic, and talks to the processes only over their sockets.

mod addresses;
mod admin;
mod binaries;
mod cargo;
mod dead_letters;
mod emulated;
pub mod launch;
mod photo;
mod process;
mod provision;
mod scrape;
mod stage;

pub use addresses::{EmulatorAddresses, ServiceAddress};
pub use admin::{Admin, Fault, FaultKind, InForce};
pub use binaries::{Binaries, build, executable};
pub use cargo::cargo;
pub use dead_letters::{DeadLetter, DeadLetters};
pub use emulated::Emulated;
pub use photo::content_type;
pub use process::{Launch, Process};
pub use provision::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, ACCOUNT, BUCKET, Cloud, QUEUE, REGION, TARGET, target_key,
};
pub use scrape::{Samples, scrape};
pub use stage::{FaceBackend, Outcome, Settings, Stage, face_count};
