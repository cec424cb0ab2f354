//! The demo's processes and the console, kept running for a browser, an SDK, `curl` or a debugger.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use testbed::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, Addresses, CONSOLE_TOKEN, ConsoleBinaries, ConsolePipeline,
    Settings,
};

use crate::interrupt;

/// Where the page is, beside the emulator's ports.
const CONSOLE: &str = "127.0.0.1:8900";

/// Options of `cargo xtask dev`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep objects, queues and messages here, across restarts; in memory otherwise.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Filter of the processes' log lines, as in `RUST_LOG`.
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log: String,
    /// Open the console's page in a browser.
    #[arg(long)]
    open: bool,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let binaries = ConsoleBinaries::build().await?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let mut settings = Settings::new(folder.path().to_owned());
    settings.data = args.data;
    settings.log = args.log;
    settings.addresses = Addresses::of_emulator("127.0.0.1");

    let pipeline = tokio::select! {
        // Dropping a half-started pipeline kills what it had started.
        () = interrupt::requested() => return Ok(ExitCode::SUCCESS),
        pipeline = ConsolePipeline::start(&binaries, settings, CONSOLE) => pipeline?,
    };
    let url = pipeline.url();
    print_guide(&pipeline, &url);
    if args.open {
        open(&url);
    }
    interrupt::requested().await;
    pipeline.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// Asks the desktop for a browser. Where there is none, the address has been printed.
fn open(url: &str) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(opener);
    command.arg(url).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        eprintln!("no browser could be opened (`{opener}`: {error})");
    }
}

fn print_guide(pipeline: &ConsolePipeline, url: &str) {
    let Addresses {
        oss,
        mns,
        mns_open,
        face_api,
        sts,
        admin,
        face_recognition,
        source_adapter,
    } = pipeline.services.addresses();
    let (bucket, queue) = (pipeline.cloud.bucket.name(), pipeline.cloud.queue.name());
    let logs = pipeline.services.settings.folder.display();
    println!(
        "\
  {url}      drop a photo and watch it come back; the token is `{CONSOLE_TOKEN}`

The pipeline is running. A photo put into the bucket comes back below `target/`.

  OSS                http://{oss}      bucket `{bucket}`, path-style, region cn-shanghai
  MNS                http://{mns}      queue `{queue}`
  MNS OpenAPI        http://{mns_open}      event rules
  face APIs          http://{face_api}
  STS                http://{sts}
  emulator's admin   http://{admin}      /faults /stats
  source-adapter     http://{source_adapter}      /health /readiness /metrics
  face-recognition   http://{face_recognition}      takes CloudEvents; /health /readiness /metrics

  export ALIBABA_CLOUD_ACCESS_KEY_ID={ACCESS_KEY_ID}
  export ALIBABA_CLOUD_ACCESS_KEY_SECRET={ACCESS_KEY_SECRET}

Logs: {logs}
Ctrl-C stops everything."
    );
}
