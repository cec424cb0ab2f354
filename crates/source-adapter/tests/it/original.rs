//! Events for the consumer that the original source was made for.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::fake_mns::FakeMns;
use crate::running::{Running, document, event};

/// Head and body of the first request that comes, and an answer to it.
async fn first_request(listener: TcpListener) -> (String, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    loop {
        stream.read_buf(&mut request).await.unwrap();
        let text = String::from_utf8(request.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        if body.len() == length.unwrap().parse::<usize>().unwrap() {
            let answer = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            return (head.to_owned(), body.to_owned());
        }
    }
}

/// What the original consumer makes of the data: every quote is removed, the rest is base64 of
/// a document, and its first event counts.
fn original_consumer(body: &str) -> (String, String, String) {
    let document = BASE64_STANDARD.decode(body.replace('"', "")).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    let event = &document["events"][0];
    let text = |path: &str| event.pointer(path).unwrap().as_str().unwrap().to_owned();
    (
        text("/region"),
        text("/oss/bucket/name"),
        text("/oss/object/key"),
    )
}

#[tokio::test]
async fn original_consumer_takes_base64_in_the_version_that_it_knows() {
    let table = [
        ("0.2", "binary", "application/json"),
        ("0.3", "binary", "application/json"),
        ("0.2", "json", "application/cloudevents+json"),
        ("0.3", "json", "application/cloudevents+json"),
    ];
    for (version, format, content_type) in table {
        let mns = FakeMns::start(std::time::Duration::from_secs(30)).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = format!("http://{}/", listener.local_addr().unwrap());
        mns.send(document(&[event("R", "a b.jpg")]));
        let options = [
            "--payload",
            "Base64",
            "--spec-version",
            version,
            "--delivery-format",
            format,
        ];
        let adapter = Running::towards(&mns, &sink, &options).await;
        let (head, body) = first_request(listener).await;
        adapter.end().await;

        // Its SDK compares the content type as a whole, and asks for these four attributes.
        let has = |line: &str| head.lines().any(|own| own == line);
        assert!(has(&format!("content-type: {content_type}")), "{head}");
        let data = if format == "binary" {
            assert!(has(&format!("ce-specversion: {version}")), "{head}");
            assert!(has("ce-id: R"), "{head}");
            assert!(has("ce-source: acs.oss"), "{head}");
            assert!(has("ce-type: oss:ObjectCreated:PutObject"), "{head}");
            assert!(has("ce-time: 2024-05-06T07:08:09Z"), "{head}");
            body
        } else {
            let event: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(event["specversion"], version, "{body}");
            assert_eq!(event["id"], "R", "{body}");
            event["data"].to_string()
        };
        assert!(data.starts_with('"') && data.ends_with('"'), "{data}");
        let expected = ("cn-shanghai", "face-image", "a b.jpg");
        let (region, bucket, key) = original_consumer(&data);
        assert_eq!((&*region, &*bucket, &*key), expected, "{version} {format}");
    }
}
