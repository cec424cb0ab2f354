//! Runs the emulator until SIGTERM or SIGINT.

use std::process::ExitCode;

use clap::Parser as _;
use emulator::{Args, Config, config};

fn main() -> ExitCode {
    let config = Config::from(Args::parse());
    service::run(async |stop| {
        let owner = config::credentials(|name| std::env::var(name).ok())?;
        emulator::run(config, owner, stop).await
    })
}
