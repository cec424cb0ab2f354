//! Runs a binary's library from `main`: sets up the runtime and turns its result into an exit code.

use std::io::Write as _;
use std::process::ExitCode;

use tokio::runtime::{Builder, Handle};
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
    exit_code(|| {
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(cores().min(MAX_WORKERS));
        run_to_end(runtime, app)
    })
}

/// As [`run`], on one thread, with a second one beside it for the tasks that `app` gives to its
/// handle. On a single CPU there is one thread.
///
/// The threads do not steal tasks from each other: waking the other for every task costs more than
/// that is worth.
pub fn run_beside<F>(app: impl FnOnce(CancellationToken, Handle) -> F) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    exit_code(|| {
        let second = (cores() > 1)
            .then(|| {
                Builder::new_multi_thread()
                    .worker_threads(1)
                    .enable_all()
                    .build()
            })
            .transpose()?;
        let outcome = run_to_end(Builder::new_current_thread(), |stop| {
            let handle = second.as_ref().map(|second| second.handle().clone());
            app(stop, handle.unwrap_or_else(Handle::current))
        });
        if let Some(second) = second {
            second.shutdown_background();
        }
        outcome
    })
}

/// Of a container, as far as its limit goes.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn exit_code(work: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    core_files::forbid();
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, the error cannot be reported anywhere.
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
