#![doc = include_str!("../README.md")]

pub mod admin;
pub mod blobs;
pub mod call;
pub mod captures;
pub mod clock;
pub mod config;
pub mod emulator;
pub mod face;
pub mod faults;
pub mod gate;
mod gateway;
pub mod journal;
pub mod keys;
pub mod limits;
pub mod listeners;
pub mod mns;
pub mod mns_open;
pub mod oss;
pub mod presented;
pub mod rules;
pub mod serve;
pub mod settings;
pub mod shared;
pub mod stats;
pub mod sts;
pub mod tls;
pub mod untrusted;

pub use config::{Args, Config};
pub use emulator::{Addresses, Emulator, StartError};

use nix::sys::signal::Signal;
use signing::Credentials;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Starts the emulator, announces its addresses, and serves until `stop`.
///
/// # Errors
/// When it cannot start; the chain of causes names what to change.
pub async fn run(
    config: Config,
    owner: Credentials,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Config {
        telemetry,
        announce,
        settings,
    } = config;
    service::telemetry::init(&telemetry)?;
    // A file that may not grow makes its write fail, as on a full disk; by default it would end
    // the process. A handler once installed stays.
    let _unread = signal(SignalKind::from_raw(Signal::SIGXFSZ as i32))?;
    let seed = settings.seed;
    let access_key_id = owner.access_key_id().clone();
    let emulator = Emulator::bind(settings, owner).await?;
    let addresses = emulator.addresses();
    if let Some(file) = &announce {
        service::announce(file, &addresses.named())?;
    }
    let Addresses {
        oss,
        mns,
        mns_open,
        face,
        sts,
        admin,
    } = addresses;
    tracing::info!(%oss, %mns, "mns-open" = %mns_open, %face, %sts, %admin, %access_key_id, seed, "listening");
    emulator.serve(stop).await;
    Ok(())
}
