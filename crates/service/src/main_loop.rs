//! The way from `main` into a binary's library and out again.

use std::io::Write as _;
use std::process::ExitCode;

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use crate::core_files;
use crate::error_line;
use crate::shutdown::with_signals;

/// Two threads keep the network busy and leave memory and cores to others; CPU-heavy
/// work runs on the blocking pool anyway.
const MAX_WORKERS: usize = 2;

/// Runs a binary: `app` gets a token that SIGTERM and SIGINT cancel.
///
/// An error becomes one line on standard error and exit code 1.
pub fn run<F>(app: impl FnOnce(CancellationToken) -> F) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(cores.min(MAX_WORKERS));
    run_on(runtime, app)
}

/// As [`run`], on one thread: for a binary that mostly waits for the network, as waking a second
/// one costs more than what it takes over.
pub fn run_on_one_thread<F>(app: impl FnOnce(CancellationToken) -> F) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    run_on(Builder::new_current_thread(), app)
}

fn run_on<F>(runtime: Builder, app: impl FnOnce(CancellationToken) -> F) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    core_files::forbid();
    match run_to_end(runtime, app) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if standard error is gone.
            let _ = writeln!(std::io::stderr(), "error: {}", error_line(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run_to_end<F>(
    mut runtime: Builder,
    app: impl FnOnce(CancellationToken) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let runtime = runtime.enable_all().build()?;
    runtime.block_on(with_signals(app))?
}
