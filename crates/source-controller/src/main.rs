//! The controller's process: parse, call the library, return.

use std::process::ExitCode;

use clap::Parser as _;
use source_controller::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    service::run(|stop| async move {
        service::telemetry::init(&args.telemetry)?;
        source_controller::run(args, stop).await
    })
}
