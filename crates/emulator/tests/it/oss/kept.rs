//! What is there again after the process was killed.

use bytes::Bytes;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::oss::caller::Caller;
use crate::process::{Process, listen};

fn blobs(folder: &TempDir) -> usize {
    std::fs::read_dir(folder.path().join("data/blobs"))
        .unwrap()
        .count()
}

/// Makes some of everything; gives the id of an upload with one part.
async fn fill(process: &Process, part: &Bytes) -> String {
    let oss = &process.oss;
    oss.call_with("PUT /photos", &[("x-oss-acl", "public-read")], "")
        .await;
    oss.call("PUT /gone", "").await;
    oss.call("DELETE /gone", "").await;
    let described = [
        ("content-type", "image/jpeg"),
        ("x-oss-meta-emulator-faces", "female/37"),
    ];
    oss.call_with("PUT /photos/a.jpg", &described, "old").await;
    oss.call_with("PUT /photos/a.jpg", &described, "photo")
        .await;
    oss.call("PUT /photos/deleted", "1").await;
    oss.call("DELETE /photos/deleted", "").await;
    oss.call("POST /photos/log?append&position=0", "123").await;
    oss.call("POST /photos/log?append&position=3", "45").await;
    oss.call("PUT /photos/plain", "12345").await;
    oss.call_with(
        "PUT /photos/copy",
        &[("x-oss-copy-source", "/photos/plain")],
        "",
    )
    .await;
    oss.call_with(
        "PUT /photos/link?symlink",
        &[("x-oss-symlink-target", "a.jpg")],
        "",
    )
    .await;
    let tags = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
    oss.call("PUT /photos/copy?tagging", tags).await;
    oss.call_with(
        "PUT /photos/copy?acl",
        &[("x-oss-object-acl", "private")],
        "",
    )
    .await;
    let id = oss.begin("big").await;
    oss.call(
        &format!("PUT /photos/big?partNumber=1&uploadId={id}"),
        part.clone(),
    )
    .await;
    let cors = "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin>\
                <AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>";
    oss.call("PUT /photos?cors", cors).await;
    let rule = json!({"bucket": "photos", "events": ["ObjectCreated:PutObject"], "topic": "t"});
    process.admin.call("PUT /rules/rule", Some(rule)).await;
    let host = json!({"bucket": "photos"});
    process
        .admin
        .call("PUT /hosts/img.example.com", Some(host))
        .await;
    id
}

#[tokio::test]
async fn a_killed_emulator_has_everything_again() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let part = Bytes::from(vec![7; 100 * 1024]);
    let id = fill(&process, &part).await;
    let before = blobs(&folder);
    process.kill().await;

    // Twice, because the second start reads what the first has compacted.
    Process::start(folder.path()).await.kill().await;
    let process = Process::start(folder.path()).await;
    let oss = &process.oss;
    assert_eq!(blobs(&folder), before, "no blob is lost, none is left over");
    oss.expect("GET /gone", "", "404 NoSuchBucket").await;
    let photo = oss.anonymous("GET /photos/a.jpg", "").await;
    assert_eq!(photo.body, "photo");
    assert_eq!(photo.header("content-type"), Some("image/jpeg"));
    assert_eq!(photo.header("x-oss-meta-emulator-faces"), Some("female/37"));
    oss.expect("GET /photos/deleted", "", "404 NoSuchKey").await;
    let cors = oss.call("GET /photos?cors", "").await;
    assert_eq!(cors.element("AllowedMethod"), Some("GET"));
    assert_eq!(oss.call("GET /photos/copy", "").await.body, "12345");
    assert_eq!(oss.call("GET /photos/link", "").await.body, "photo");
    let tagging = oss.call("GET /photos/copy?tagging", "").await;
    assert_eq!(tagging.element("Value"), Some("v"));
    assert_eq!(
        oss.anonymous("GET /photos/copy", "").await.outcome(),
        "403 AccessDenied"
    );
    assert_eq!(
        oss.call("POST /photos/log?append&position=5", "6")
            .await
            .status,
        200
    );
    assert_eq!(oss.call("GET /photos/log", "").await.body, "123456");
    oss.call(
        &format!("PUT /photos/big?partNumber=2&uploadId={id}"),
        "end",
    )
    .await;
    let all = [("x-oss-complete-all", "yes")];
    let completed = oss
        .call_with(&format!("POST /photos/big?uploadId={id}"), &all, "")
        .await;
    assert_eq!(completed.outcome(), "200");
    let whole = oss.call("GET /photos/big", "").await.body;
    assert!(
        whole == [&part[..], b"end"].concat(),
        "the upload has changed"
    );
    let (_, rule) = process.admin.call("GET /rules/rule", None).await;
    assert_eq!(rule["TopicName"], "t");
    let (_, hosts) = process.admin.call("GET /hosts", None).await;
    assert!(hosts.to_string().contains("img.example.com"), "{hosts}");
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_nothing_acknowledged() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    process.oss.call("PUT /photos", "").await;
    let oss = Caller::at(process.oss.base.clone());
    let writer = tokio::spawn(async move {
        let mut acknowledged = Vec::new();
        for number in 0.. {
            let content = format!("content {number}").repeat(1000);
            let request = oss.signed(&format!("PUT /photos/{}", number % 7), &[], content.clone());
            match oss.send(request).await {
                Ok(answer) if answer.status == 200 => acknowledged.push((number % 7, content)),
                _ => break,
            }
        }
        acknowledged
    });
    // Kill in the middle of the writing: when some dozens of objects have been written.
    while !process.oss.call("HEAD /photos/6", "").await.status.eq(&200) {}
    process.kill().await;
    let acknowledged = writer.await.unwrap();
    assert!(acknowledged.len() >= 7);

    let process = Process::start(folder.path()).await;
    for key in 0..7 {
        let found = process.oss.call(&format!("GET /photos/{key}"), "").await;
        let last = acknowledged
            .iter()
            .rfind(|(written, _)| *written == key)
            .unwrap();
        let number = |text: &str| text[8..].split('c').next().unwrap().parse::<u32>().unwrap();
        let found = String::from_utf8(found.body.to_vec()).unwrap();
        // A write that was not acknowledged may have been made, whole.
        assert!(
            number(&found) >= number(&last.1),
            "{key}: an acknowledged write is lost"
        );
        assert_eq!(found, format!("content {}", number(&found)).repeat(1000));
    }
}

#[tokio::test]
async fn a_second_emulator_is_kept_out() {
    let folder = TempDir::new().unwrap();
    let _process = Process::start(folder.path()).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_emulator"));
    listen(&mut command, &[]);
    let output = command
        .arg("--data")
        .arg(folder.path().join("data"))
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("is in use by another emulator"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}
