//! `cargo xtask chaos`: parses, calls the library, and shows what it found.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks to people"
)]

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use chaos::{Args, Options};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<ExitCode> {
    let options = args.options();
    let Options { seed, size, .. } = options;
    // First, so that even a run that is broken off can be repeated.
    println!(
        "seed {seed}: {} photos, {} s of faults",
        size.photos,
        size.window.as_secs()
    );
    let mut terminate = signal(SignalKind::terminate())?;
    let report = tokio::select! {
        report = chaos::run(&options) => report?,
        // Dropping a run ends everything that it started.
        _ = tokio::signal::ctrl_c() => return Ok(ExitCode::from(130)),
        _ = terminate.recv() => return Ok(ExitCode::from(143)),
    };
    println!("{report}");
    if let Some(file) = &args.json {
        let json = serde_json::to_string_pretty(&report)?;
        std::fs::write(file, json + "\n")
            .with_context(|| format!("cannot write `{}`", file.display()))?;
    }
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
