//! The demo's processes, kept running for an SDK, `curl` or a debugger.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use testbed::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Binaries, Settings, Stage};

use crate::interrupt;

/// Options of `cargo xtask dev`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep objects, queues and messages here, across restarts; in memory otherwise.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Filter of the processes' log lines, as in `RUST_LOG`.
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log: String,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let binaries = Binaries::build().await?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let mut settings = Settings::new(folder.path().to_owned());
    settings.data = args.data;
    settings.log = args.log;
    settings.fixed_ports = true;

    let stage = tokio::select! {
        // Dropping a half-started stage kills what it had started.
        () = interrupt::requested() => return Ok(ExitCode::SUCCESS),
        stage = Stage::start(&binaries, &settings) => stage?,
    };
    print_guide(&stage, &settings);
    interrupt::requested().await;
    stage.stop().await?;
    Ok(ExitCode::SUCCESS)
}

fn print_guide(stage: &Stage, settings: &Settings) {
    let testbed::EmulatorAddresses {
        oss,
        mns,
        face,
        admin,
    } = &stage.addresses;
    let (adapter, service) = (&stage.adapter_address, &stage.face_address);
    let (bucket, queue) = (stage.cloud.bucket.name(), stage.cloud.queue.name());
    println!(
        "\
The pipeline is running. A photo put into the bucket comes back below `target/`.

  OSS                http://{oss}      bucket `{bucket}`, path-style, region cn-shanghai
  MNS                http://{mns}      queue `{queue}`
  face APIs          http://{face}
  emulator's admin   http://{admin}      /rules /faults /stats
  source-adapter     http://{adapter}      /health /readiness /metrics
  face-recognition   http://{service}      takes CloudEvents; /health /readiness /metrics

  export ALIBABA_CLOUD_ACCESS_KEY_ID={ACCESS_KEY_ID}
  export ALIBABA_CLOUD_ACCESS_KEY_SECRET={ACCESS_KEY_SECRET}

Logs: {}
Ctrl-C stops everything.",
        settings.folder.display()
    );
}
