//! A process that is killed between a delivery and its delete.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::fake_mns::FakeMns;
use crate::fake_sink::FakeSink;
use crate::running::{document, event, eventually};

fn adapter(mns: &FakeMns, sink: &FakeSink) -> Child {
    Command::new(env!("CARGO_BIN_EXE_source-adapter"))
        .args(["--sink", &sink.url(), "--mns-queue", "photos"])
        .args(["--mns-endpoint", &format!("http://{}", mns.address)])
        .args(["--listen", "127.0.0.1:0"])
        .env_clear()
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn event_comes_again_with_the_same_id_and_nothing_is_lost() {
    let (mns, sink) = (
        FakeMns::start(Duration::from_secs(1)).await,
        FakeSink::accepting().await,
    );
    mns.queue().stalled = Some("delete");
    mns.send(document(&[event("1", "a.jpg")]));
    mns.send(document(&[event("2", "a.jpg"), event("2", "b.jpg")]));
    let mut first = adapter(&mns, &sink);
    eventually("delivered, not deleted", || {
        sink.len() == 3 && mns.calls("delete") > 0
    })
    .await;
    first.kill().await.unwrap();
    assert_eq!(mns.len(), 2);
    mns.queue().stalled = None;
    // What the dead process was about to delete must not be deleted on its behalf.
    for message in &mut mns.queue().messages {
        message.handle.clear();
    }
    let _second = adapter(&mns, &sink);
    eventually("empty queue", || mns.len() == 0).await;
    let mut ids = sink.ids();
    ids.sort();
    let (first, second): (Vec<_>, Vec<_>) = ids.chunks(2).map(|pair| (&pair[0], &pair[1])).unzip();
    assert_eq!(first, second, "each twice, with one id");
    assert_eq!(ids.len(), 6);
}
