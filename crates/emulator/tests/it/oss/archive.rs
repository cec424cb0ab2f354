//! Archived objects, which are restored before they are read.

use std::time::Duration;

use crate::oss::caller::{self, Caller};
use crate::running::Running;

const ARCHIVE: [(&str, &str); 1] = [("x-oss-storage-class", "Archive")];
const ONGOING: &str = "ongoing-request=\"true\"";

async fn scene() -> (Running, Caller) {
    let (running, oss) = caller::scene().await;
    oss.call_with("PUT /photos/old", &ARCHIVE, "12345").await;
    (running, oss)
}

#[tokio::test]
async fn what_is_archived_is_shown_but_not_read() {
    let (_running, oss) = scene().await;
    let link = [("x-oss-symlink-target", "old")];
    oss.call_with("PUT /photos/link?symlink", &link, "").await;
    let id = oss.begin("big").await;
    let part = format!("PUT /photos/big?partNumber=1&uploadId={id}");
    let source = [("x-oss-copy-source", "/photos/old")];
    for (line, headers) in [
        ("GET /photos/old", &[] as &[_]),
        ("GET /photos/link", &[]),
        ("PUT /photos/copy", &source),
        (&part, &source),
    ] {
        let answer = oss.call_with(line, headers, "").await;
        assert_eq!(answer.outcome(), "403 InvalidObjectState", "{line}");
    }
    for line in ["HEAD /photos/old", "HEAD /photos/old?objectMeta"] {
        let answer = oss.call(line, "").await;
        assert_eq!(answer.status, 200, "{line}");
        assert_eq!(answer.header("content-length"), Some("5"), "{line}");
        assert_eq!(answer.header("x-oss-restore"), None, "{line}");
    }
}

#[tokio::test]
async fn an_object_has_the_class_of_its_bucket_unless_it_says_another() {
    let running = Running::start().await;
    let oss = Caller::of(&running);
    let class = "<CreateBucketConfiguration><StorageClass>ColdArchive</StorageClass>\
                 </CreateBucketConfiguration>";
    oss.call("PUT /photos", class).await;
    oss.call("PUT /photos/cold", "1").await;
    let standard = [("x-oss-storage-class", "Standard")];
    oss.call_with("PUT /photos/warm", &standard, "1").await;
    let cold = oss.call("GET /photos/cold", "").await;
    assert_eq!(cold.outcome(), "403 InvalidObjectState");
    assert_eq!(oss.call("GET /photos/warm", "").await.body, "1");
}

#[tokio::test]
async fn a_restored_object_is_read_until_that_is_ended() {
    let (_running, oss) = scene().await;
    let clean = "POST /photos/old?cleanRestoredObject";
    let stale = oss.call(clean, "").await;
    assert_eq!(stale.outcome(), "409 ArchiveRestoreFileStale");

    let days = "<RestoreRequest><Days>2</Days></RestoreRequest>";
    let first = oss.call("POST /photos/old?restore", days).await;
    assert_eq!(first.outcome(), "202");
    let again = oss.call("POST /photos/old?restore", "").await;
    assert_eq!(again.outcome(), "409 RestoreAlreadyInProgress");
    oss.expect(clean, "", "409 ArchiveRestoreNotFinished").await;
    let head = oss.call("HEAD /photos/old", "").await;
    assert_eq!(head.header("x-oss-restore"), Some(ONGOING));
    let listed = oss.call("GET /photos?list-type=2", "").await;
    let info = listed.text("RestoreInfo");
    assert_eq!(info.replace("&quot;", "\""), ONGOING);

    let restored = async {
        while oss.call("GET /photos/old", "").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), restored)
        .await
        .expect("the object is not restored");
    let head = oss.call("HEAD /photos/old", "").await;
    let shown = head.header("x-oss-restore").unwrap();
    assert!(
        shown.starts_with("ongoing-request=\"false\", expiry-date=\""),
        "{shown}"
    );
    let longer = oss.call("POST /photos/old?restore", "").await;
    assert_eq!(longer.outcome(), "200");
    oss.expect(clean, "", "200").await;
    let frozen = oss.call("GET /photos/old", "").await;
    assert_eq!(frozen.outcome(), "403 InvalidObjectState");
}

#[tokio::test]
async fn what_cannot_be_restored_is_refused() {
    let (_running, oss) = scene().await;
    oss.call("PUT /photos/new", "1").await;
    let days = |days| format!("<RestoreRequest><Days>{days}</Days></RestoreRequest>");
    let cold = [("x-oss-storage-class", "ColdArchive")];
    oss.call_with("PUT /photos/cold", &cold, "1").await;
    let tier = |tier| {
        let parameters = format!("<JobParameters><Tier>{tier}</Tier></JobParameters>");
        format!("<RestoreRequest>{parameters}</RestoreRequest>")
    };
    let cases = [
        ("new", String::new(), "400 OperationNotSupported"),
        ("missing", String::new(), "404 NoSuchKey"),
        ("old", days(0), "400 InvalidArgument"),
        ("old", days(8), "400 InvalidArgument"),
        ("old", tier("Bulk"), "400 MalformedXML"),
        ("cold", tier("Soon"), "400 InvalidArgument"),
        ("cold", tier("Bulk"), "202"),
        ("old", "<".to_owned(), "400 MalformedXML"),
        ("old", days(7), "202"),
    ];
    for (key, body, expected) in cases {
        let line = format!("POST /photos/{key}?restore");
        let answer = oss.call(&line, body.clone()).await;
        assert_eq!(answer.outcome(), expected, "{key} {body}");
    }
}
