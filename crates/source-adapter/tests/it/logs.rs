//! What the process says about what strangers send, and what it keeps to itself.

use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::fake_mns::FakeMns;
use crate::fake_sink::{Answer, FakeSink};
use crate::running::{document, event, eventually};

const VISIBILITY: Duration = Duration::from_secs(30);
/// Far more than any record of ours has.
const MAX_LINE: usize = 32 * 1024;

/// A process whose logs go to a file.
struct Logging {
    process: Child,
    folder: TempDir,
}

impl Logging {
    fn start(mns: &FakeMns, sink: &str, level: &str, format: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let logs = std::fs::File::create(folder.path().join("logs")).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_source-adapter"))
            .args(["--mns-queue", "photos", "--listen", "127.0.0.1:0"])
            .args(["--mns-endpoint", &format!("http://{}", mns.address)])
            .env_clear()
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
            .env("K_SINK", sink)
            .env("RUST_LOG", level)
            .env("LOG_FORMAT", format)
            .stderr(Stdio::from(logs))
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { process, folder }
    }

    fn text(&self) -> String {
        let logs = std::fs::read(self.folder.path().join("logs")).unwrap();
        String::from_utf8(logs).unwrap()
    }

    /// Everything that was said, once there is no more.
    async fn end(mut self) -> String {
        self.process.kill().await.unwrap();
        self.text()
    }
}

#[tokio::test]
async fn no_stranger_writes_lines_of_the_log() {
    for format in ["text", "json"] {
        let mns = FakeMns::start(VISIBILITY).await;
        let sink = FakeSink::start(|_, _| Answer::status(500)).await;
        let forged = "R\n2026-01-01T00:00:00Z  INFO forged\u{202e}\u{2028}\u{200b}";
        mns.send(document(&[event(forged, "a\u{1b}[2J\u{202e}.jpg")]));
        mns.send("{");
        for message in &mut mns.queue().messages {
            message.id = format!("M&#10;forged\u{202e}{}", message.id);
        }
        mns.send("{");
        mns.queue().messages[2].id = "7".repeat(300_000);
        let logging = Logging::start(&mns, &sink.url(), "trace", format);
        eventually("three complaints", || {
            let text = logging.text();
            let complaints = ["is not delivered yet", "M\\n", "7777"];
            complaints.iter().all(|complaint| text.contains(complaint))
        })
        .await;
        let text = logging.end().await;
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{2028}', '\u{200b}']));
        for line in text.lines() {
            assert!(line.len() < MAX_LINE, "{} bytes", line.len());
            let start = if format == "json" { "{" } else { "20" };
            assert!(line.starts_with(start), "{line}");
            assert!(!line.starts_with("2026-01-01"), "{line}");
        }
    }
}

#[tokio::test]
async fn user_and_query_of_a_sink_are_used_and_not_logged() {
    for (level, format) in [("info", "text"), ("trace", "text"), ("trace", "json")] {
        let mns = FakeMns::start(VISIBILITY).await;
        let sink =
            FakeSink::start(|_, count| Answer::status(if count > 1 { 202 } else { 503 })).await;
        mns.send(document(&[event("R", "a.jpg")]));
        let address = format!(
            "http://user-MARKER:password-MARKER@{}/events?token=query-MARKER",
            sink.address()
        );
        let logging = Logging::start(&mns, &address, level, format);
        eventually("empty queue", || mns.len() == 0).await;
        let text = logging.end().await;
        assert!(text.contains("delivering from queue"), "{text}");
        assert!(!text.contains("MARKER"), "{level} {format}: {text}");
        // `user-MARKER:password-MARKER` in base64.
        let authorization = &sink.headers()[0]["authorization"];
        assert_eq!(authorization, "Basic dXNlci1NQVJLRVI6cGFzc3dvcmQtTUFSS0VS");
        let encoded = authorization.to_str().unwrap().trim_start_matches("Basic ");
        assert!(!text.contains(encoded), "{level} {format}: {text}");
    }
}

#[tokio::test]
async fn message_that_is_gone_already_is_not_said_to_come_back() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::accepting().await;
    mns.queue().stalled = Some("delete");
    mns.send(document(&[event("R", "a.jpg")]));
    let logging = Logging::start(&mns, &sink.url(), "info", "text");
    eventually("a delete under way", || mns.calls("delete") > 0).await;
    mns.queue().messages.clear();
    mns.queue().stalled = None;
    eventually("a word about it", || logging.text().contains("message-1")).await;
    let text = logging.end().await;
    assert!(text.contains("its delete had no effect"), "{text}");
    assert!(!text.contains("it comes back"), "{text}");
}
