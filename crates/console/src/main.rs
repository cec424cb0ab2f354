//! The console's process: parse, call the library, return.

use std::process::ExitCode;

use clap::Parser as _;
use photo_console::{Args, Config};

fn main() -> ExitCode {
    let args = Args::parse();
    service::run(|stop| async move {
        service::telemetry::init(&args.telemetry)?;
        let config = Config::from_args(args, |name| std::env::var(name).ok())?;
        photo_console::run(config, stop).await
    })
}
