//! The adapter's process: parse, call the library, return.

use std::process::ExitCode;

use source_adapter::Config;

/// An event is some dozens of short-lived allocations, and this allocator takes a quarter off
/// the CPU time of one. With the single arena that `.cargo/config.toml` asks for, it needs
/// hardly more memory than the system's. Building it takes longer than anything else here, which is
/// why only what ships and what is measured has it.
#[cfg(all(feature = "jemalloc", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let config: Config = service::settings::parse();
    service::run_beside(|stop, delivering| async move {
        let identity = source_adapter::identity(&config);
        let traces =
            service::telemetry::init_with_traces(&config.telemetry, &config.traces, &identity)?;
        let outcome = source_adapter::run(config, delivering, stop).await;
        traces.finish().await;
        outcome
    })
}
