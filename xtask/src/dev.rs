//! The demo's processes, kept running for an SDK, `curl` or a debugger.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use testbed::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Addresses, Binaries, Pipeline, Settings};

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
    settings.addresses = Addresses::of_emulator("127.0.0.1");

    let pipeline = tokio::select! {
        // Dropping a half-started pipeline kills what it had started.
        () = interrupt::requested() => return Ok(ExitCode::SUCCESS),
        pipeline = Pipeline::start(&binaries, settings) => pipeline?,
    };
    print_guide(&pipeline);
    interrupt::requested().await;
    pipeline.stop().await?;
    Ok(ExitCode::SUCCESS)
}

fn print_guide(pipeline: &Pipeline) {
    let Addresses {
        oss,
        mns,
        mns_open,
        face_api,
        admin,
        face_recognition,
        source_adapter,
    } = pipeline.services.addresses();
    let (bucket, queue) = (pipeline.cloud.bucket.name(), pipeline.cloud.queue.name());
    let logs = pipeline.services.settings.folder.display();
    println!(
        "\
The pipeline is running. A photo put into the bucket comes back below `target/`.

  OSS                http://{oss}      bucket `{bucket}`, path-style, region cn-shanghai
  MNS                http://{mns}      queue `{queue}`
  MNS OpenAPI        http://{mns_open}      event rules
  face APIs          http://{face_api}
  emulator's admin   http://{admin}      /faults /stats
  source-adapter     http://{source_adapter}      /health /readiness /metrics
  face-recognition   http://{face_recognition}      takes CloudEvents; /health /readiness /metrics

  export ALIBABA_CLOUD_ACCESS_KEY_ID={ACCESS_KEY_ID}
  export ALIBABA_CLOUD_ACCESS_KEY_SECRET={ACCESS_KEY_SECRET}

Logs: {logs}
Ctrl-C stops everything."
    );
}
