//! The adapter's process: parse, call the library, return.

use std::process::ExitCode;

use clap::Parser as _;
use source_adapter::{Args, Config};

fn main() -> ExitCode {
    let args = Args::parse();
    service::run(|stop| async move {
        service::telemetry::init(&args.telemetry)?;
        source_adapter::run(Config::from_args(args)?, stop).await
    })
}
