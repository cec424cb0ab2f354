//! Sinks that expect tokens: what they are shown, and what becomes of an event that they refuse.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use events::AttributesReader as _;
use tokio::process::Command;

use crate::fake_mns::FakeMns;
use crate::fake_sink::{Answer, FakeSink};
use crate::running::{Running, document, event, eventually};
use crate::volume::Volume;

const VISIBILITY: Duration = Duration::from_secs(30);

/// What each request had in its `Authorization` header.
fn shown(sink: &FakeSink) -> Vec<String> {
    let headers = sink.headers().into_iter();
    headers
        .map(|headers| {
            let header = headers.get("authorization");
            header.map_or("-", |it| it.to_str().unwrap()).to_owned()
        })
        .collect()
}

#[tokio::test]
async fn each_sink_is_shown_its_own_token_and_no_other() {
    let table = [
        (
            "both",
            true,
            true,
            "Bearer for.the.sink",
            "Bearer for.dead.letters",
        ),
        ("sink alone", true, false, "Bearer for.the.sink", "-"),
        (
            "dead letter sink alone",
            false,
            true,
            "-",
            "Bearer for.dead.letters",
        ),
        ("neither", false, false, "-", "-"),
    ];
    let token = Volume::holding("token", "for.the.sink\n");
    let dead_letter_token = Volume::holding("token", "for.dead.letters");
    for (name, has_token, has_dead_letter_token, at_sink, at_dead_letter_sink) in table {
        let mns = FakeMns::start(VISIBILITY).await;
        let sink = FakeSink::start(|event, _| Answer::status(event.id().parse().unwrap())).await;
        let letters = FakeSink::accepting().await;
        mns.send(document(&[event("202", "a.jpg")]));
        mns.send(document(&[event("400", "a.jpg")]));
        let (file, letters_file) = (token.file(), dead_letter_token.file());
        let (file, letters_file) = (file.to_str().unwrap(), letters_file.to_str().unwrap());
        let url = letters.url();
        let mut options = vec!["--delivery-dead-letter-sink", &url];
        if has_token {
            options.extend(["--audience", "broker", "--oidc-token-file", file]);
        }
        if has_dead_letter_token {
            options.extend(["--delivery-dead-letter-token-file", letters_file]);
        }
        let adapter = Running::start(&mns, &sink, &options).await;
        eventually("empty queue", || mns.len() == 0).await;
        assert_eq!(shown(&sink), [at_sink; 2], "{name}");
        assert_eq!(shown(&letters), [at_dead_letter_sink], "{name}");
        adapter.end().await;
    }
}

#[tokio::test]
async fn renewed_token_is_shown_without_a_restart() {
    let mns = FakeMns::start(VISIBILITY).await;
    let sink = FakeSink::accepting().await;
    let token = Volume::holding("token", "first");
    let file = token.file();
    let options = ["--oidc-token-file", file.to_str().unwrap()];
    let adapter = Running::start(&mns, &sink, &options).await;
    mns.send(document(&[event("0", "a.jpg")]));
    eventually("a first event", || sink.len() == 1).await;
    token.renew("second");
    let count = Mutex::new(0);
    eventually("the new token", || {
        let mut count = count.lock().unwrap();
        *count += 1;
        mns.send(document(&[event(&format!("{count}"), "a.jpg")]));
        shown(&sink).contains(&"Bearer second".to_owned())
    })
    .await;
    let tokens: BTreeSet<_> = shown(&sink).into_iter().collect();
    assert_eq!(
        tokens.into_iter().collect::<Vec<_>>(),
        ["Bearer first", "Bearer second"]
    );
    adapter.end().await;
}

/// Neither is about the event, so it becomes no dead letter while its retries are not spent.
#[tokio::test]
async fn event_survives_that_its_token_is_refused() {
    for status in [401, 403] {
        let mns = FakeMns::start(VISIBILITY).await;
        let answer = Arc::new(AtomicU16::new(status));
        let sink = FakeSink::start({
            let answer = answer.clone();
            move |_, _| Answer::status(answer.load(Ordering::Relaxed))
        })
        .await;
        let letters = FakeSink::accepting().await;
        mns.send(document(&[event("R", "a.jpg")]));
        let token = Volume::holding("token", "a.b.c");
        let file = token.file();
        let options = [
            "--oidc-token-file",
            file.to_str().unwrap(),
            "--delivery-dead-letter-sink",
            &letters.url(),
        ];
        let adapter = Running::start(&mns, &sink, &options).await;
        eventually("two attempts", || sink.len() >= 2).await;
        assert_eq!(mns.len(), 1, "{status}");
        answer.store(202, Ordering::Relaxed);
        eventually("empty queue", || mns.len() == 0).await;
        assert_eq!(letters.len(), 0, "{status}");
        adapter.end().await;
    }
}

/// The lines say whose fault it is, and never the token.
#[tokio::test]
async fn log_tells_a_refused_token_and_does_not_show_it() {
    for (status, expected) in [
        (
            401,
            "the token must be for the audience that the sink announces",
        ),
        (403, "an EventPolicy of the sink must name this source"),
    ] {
        let mns = FakeMns::start(VISIBILITY).await;
        let sink = FakeSink::start(move |_, _| Answer::status(status)).await;
        mns.send(document(&[event("R", "a.jpg")]));
        let token = Volume::holding("token", "header-MARKER.claims-MARKER.signature-MARKER");
        let logs = token.folder().join("logs");
        let mut process = Command::new(env!("CARGO_BIN_EXE_source-adapter"))
            .args(["--mns-queue", "photos", "--listen", "127.0.0.1:0"])
            .args(["--mns-endpoint", &format!("http://{}", mns.address)])
            .env_clear()
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
            .env("K_SINK", sink.url())
            .env("K_AUDIENCE", "broker")
            .env("K_OIDC_TOKEN_FILE", token.file())
            .env("RUST_LOG", "trace")
            .stderr(Stdio::from(fs::File::create(&logs).unwrap()))
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let text = || fs::read_to_string(&logs).unwrap();
        eventually("a word about it", || text().contains(expected)).await;
        token.renew("renewed-MARKER");
        eventually("the new token", || {
            shown(&sink).contains(&"Bearer renewed-MARKER".to_owned())
        })
        .await;
        process.kill().await.unwrap();
        let text = text();
        assert!(text.contains("event `R` is not delivered yet"), "{text}");
        assert!(!text.contains("MARKER"), "{text}");
    }
}
