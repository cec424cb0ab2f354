//! Tests that need a real cluster, against the one that `KUBECONFIG` names.
//!
//! `cargo xtask e2e` makes such a cluster and runs them; `cargo run -p e2e` runs them on one
//! that is there. They are a binary of their own because `cargo test` must pass where there
//! is no cluster, and a test that is skipped there would be taken for one that passed.
//! Options are those of other tests: a part of a name, `--list`, `--test-threads`; the variable
//! `E2E_SOURCES` says how many sources are many. The word `prepare` runs none, but makes in the
//! emulator what a user makes in the cloud's console before deploying.

#![expect(clippy::print_stderr, reason = "a command-line tool speaks to people")]

mod cloud;
mod forward;
mod needs;
mod sandbox;
mod scenarios;
mod world;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use testbed::{Progress, poll_until};
use tokio::runtime::Runtime;

use scenarios::Scenario;
use world::World;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", service::error_line(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    if std::env::args()
        .nth(1)
        .is_some_and(|word| word == "prepare")
    {
        return runtime
            .block_on(cloud::prepare())
            .map(|()| ExitCode::SUCCESS);
    }
    let arguments = Arguments::from_args();
    // Not connected for `--list`, which has to work without a cluster.
    let world = if arguments.list {
        None
    } else {
        Some(Arc::new(runtime.block_on(World::connect())?))
    };
    let trials = scenarios::all()
        .into_iter()
        .map(|scenario| trial(scenario, runtime.clone(), world.clone()));
    Ok(libtest_mimic::run(&arguments, trials.collect()).exit_code())
}

fn trial(scenario: Scenario, runtime: Arc<Runtime>, world: Option<Arc<World>>) -> Trial {
    Trial::test(scenario.name, move || {
        let world = world.ok_or("there is no cluster")?;
        runtime
            .block_on(scenario.run(world))
            .map_err(|error| Failed::from(service::error_line(error.as_ref())))
    })
}

/// Looks until the state is reached. A look that fails is one that has not seen it: connections
/// break while a cluster changes.
///
/// # Errors
/// After `deadline`, with what was seen last.
async fn eventually<T, F>(
    what: &str,
    deadline: Duration,
    mut look: impl FnMut() -> F,
) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Progress<T>>>,
{
    let tolerant = || {
        let look = look();
        async move {
            Ok(look
                .await
                .unwrap_or_else(|error| Progress::Pending(format!("{error:#}"))))
        }
    };
    poll_until(what, deadline, tolerant).await
}
