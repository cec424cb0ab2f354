//! The console's page in a real browser: Debian's Chromium, driven by Playwright from npm.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use face_recognition::record::{Counts, Drawn, Record};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use oss::{ObjectKey, PutOptions};
use testbed::command::execute;
use testbed::{
    CONSOLE_TOKEN, ConsoleBinaries, ConsolePipeline, Control, Settings, TARGET, workspace_root,
};

use super::node;

const TESTS: &str = "e2e/console";
/// Screenshots of a run, for a look at them.
const SHOTS: &str = "target/console-shots";
/// Results of the large gallery.
const MANY: usize = 2000;
const PUTS_AT_A_TIME: usize = 16;

/// Runs the tests against a pipeline of their own: first with the few photos that they upload, then
/// while services are away, then with many results.
pub(super) fn test() -> Result<()> {
    let packages = node::packages("console-node", TESTS)?;
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| runtime.block_on(run(&packages)))
}

async fn run(packages: &Path) -> Result<()> {
    let binaries = ConsoleBinaries::build().await?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let mut settings = Settings::new(folder.path().to_owned());
    // Outages last as long as the page is looked at, and the next attempt is due soon after.
    let retries = [
        ("DELIVERY_RETRY", "1000"),
        ("DELIVERY_BACKOFF_POLICY", "linear"),
    ];
    let retries = retries.map(|(name, value)| (name.to_owned(), value.to_owned()));
    settings.adapter_env.extend(retries);
    let pipeline = ConsolePipeline::start(&binaries, settings, "127.0.0.1:0").await?;
    let pipeline = Arc::new(pipeline);
    let control = Control::start(Arc::clone(&pipeline)).await?;
    let tested = async {
        drive(&pipeline, &control, packages, "page.test.cjs")?;
        drive(&pipeline, &control, packages, "outage.test.cjs")?;
        fill(&pipeline).await?;
        drive(&pipeline, &control, packages, "gallery.test.cjs")
    };
    let tested = tested.await;
    let stopped = pipeline.stop().await;
    if tested.is_err() {
        let folder = folder.keep();
        eprintln!("the logs are in `{}`", folder.display());
    }
    tested.and(stopped)
}

fn drive(pipeline: &ConsolePipeline, control: &Control, packages: &Path, file: &str) -> Result<()> {
    execute(
        Command::new("node")
            .args(["--test", "--test-reporter=spec"])
            .arg(format!("{TESTS}/{file}"))
            .env("NODE_PATH", packages)
            .env("CONSOLE_URL", pipeline.url())
            .env("CONSOLE_TOKEN", CONSOLE_TOKEN)
            .env("CONTROL_URL", control.url())
            .env(
                "ADMIN_URL",
                format!("http://{}", pipeline.services.addresses().admin),
            )
            .env("SHOTS", workspace_root().join(SHOTS)),
    )
}

/// Results as the face service would have written them.
async fn fill(pipeline: &ConsolePipeline) -> Result<()> {
    let photo: bytes::Bytes = std::fs::read(testbed::sample())?.into();
    let bucket = &pipeline.cloud.bucket;
    stream::iter(0..MANY)
        .map(async |number| {
            let key: ObjectKey = format!("{TARGET}/many/rec-{number:04}.jpg").parse()?;
            let options = PutOptions {
                content_type: Some("image/jpeg".to_owned()),
                metadata: record(number)?.metadata()?,
                ..PutOptions::default()
            };
            bucket.put(&key, photo.clone(), &options).await?;
            anyhow::Ok(())
        })
        .buffer_unordered(PUTS_AT_A_TIME)
        .try_collect::<()>()
        .await
        .context("cannot fill the gallery")
}

/// Four faces on every hundredth, none on the others.
fn record(number: usize) -> Result<Record> {
    let faces = if number.is_multiple_of(100) { 4 } else { 0 };
    Ok(Record {
        source_etag: "ABC".parse()?,
        method: "test".to_owned(),
        size: (512, 512),
        counts: Counts {
            male: 0,
            female: 0,
            unknown: faces,
        },
        drawn: Drawn {
            boxes: faces,
            labels: faces,
        },
        analysis: None,
    })
}
