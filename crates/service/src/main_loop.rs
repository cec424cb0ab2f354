//! The way from `main` into a binary's library and out again.

use std::io::Write as _;
use std::process::ExitCode;

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
    core_files::forbid();
    match run_to_end(app) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if standard error is gone.
            let _ = writeln!(std::io::stderr(), "error: {}", error_line(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run_to_end<F>(app: impl FnOnce(CancellationToken) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.min(MAX_WORKERS))
        .enable_all()
        .build()?;
    runtime.block_on(with_signals(app))?
}
