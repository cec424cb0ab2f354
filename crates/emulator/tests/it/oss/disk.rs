//! A disk without room: the write is refused, and everything else goes on.

use std::path::Path;

use bytes::Bytes;
use tempfile::TempDir;

use crate::process::Process;

/// Largest file in blocks of 512 bytes, which plays the end of the disk.
const BLOCKS: u32 = 64;

async fn full(folder: &Path) -> Process {
    let script = format!("ulimit -f {BLOCKS}; exec \"$0\" \"$@\"");
    Process::start_by(&["sh", "-c", &script], folder).await
}

#[tokio::test]
async fn a_write_without_room_is_refused_and_the_next_one_is_not() {
    let folder = TempDir::new().unwrap();
    let process = full(folder.path()).await;
    let oss = &process.oss;
    oss.expect("PUT /photos", "", "200").await;
    let large = Bytes::from(vec![7; 1024 * 1024]);
    for line in ["PUT /photos/large", "POST /photos/large?append&position=0"] {
        let refused = oss.call(line, large.clone()).await;
        assert_eq!(refused.outcome(), "500 InternalError", "{line}");
    }
    assert_eq!(oss.call("HEAD /photos/large", "").await.status, 404);
    oss.expect("PUT /photos/small", "1", "200").await;
    assert_eq!(oss.call("GET /photos/small", "").await.body, "1");
}

#[tokio::test]
async fn a_full_journal_keeps_what_was_acknowledged() {
    let folder = TempDir::new().unwrap();
    let process = full(folder.path()).await;
    let oss = &process.oss;
    oss.call("PUT /photos", "").await;
    let mut acknowledged = 0;
    while oss
        .call(
            &format!("PUT /photos/{acknowledged}"),
            acknowledged.to_string(),
        )
        .await
        .status
        == 200
    {
        acknowledged += 1;
    }
    assert!(acknowledged > 10, "{acknowledged}");
    let refused = oss.call("PUT /photos/more", "1").await;
    assert_eq!(refused.outcome(), "500 InternalError");
    assert_eq!(oss.call("GET /photos/0", "").await.body, "0");
    process.kill().await;

    // There is no room to compact the journal either.
    full(folder.path()).await.kill().await;
    let process = Process::start(folder.path()).await;
    for key in 0..acknowledged {
        let found = process.oss.call(&format!("GET /photos/{key}"), "").await;
        assert_eq!(found.body, key.to_string());
    }
    for key in [acknowledged.to_string(), "more".to_owned()] {
        let missing = process.oss.call(&format!("HEAD /photos/{key}"), "").await;
        assert_eq!(missing.status, 404, "{key}");
    }
}
