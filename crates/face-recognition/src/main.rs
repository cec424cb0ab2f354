//! The service's process: parse, call the library, return.

use std::process::ExitCode;

use clap::Parser as _;
use face_recognition::{Args, Config};

fn main() -> ExitCode {
    let args = Args::parse();
    service::run(|stop| async move {
        service::telemetry::init(&args.telemetry)?;
        let config = Config::from_args(args, |name| std::env::var(name).ok())?;
        face_recognition::run(config, stop).await
    })
}
