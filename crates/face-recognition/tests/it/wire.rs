//! Requests that no HTTP library sends, byte by byte, and clients that take their time.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::faces_api::FacesApi;
use crate::running::{Running, document};

/// An answer that takes longer is none.
const DEADLINE: Duration = Duration::from_mins(1);

const EVENT: &str = "host: x\r\nce-specversion: 1.0\r\nce-id: 1\r\nce-source: s\r\nce-type: t\r\n";

/// Sends the bytes and reads until the server closes, which it must.
async fn exchange(address: &str, request: &[u8]) -> String {
    let talking = async {
        let (mut reading, mut writing) = TcpStream::connect(address).await.unwrap().into_split();
        let mut answer = Vec::new();
        // Who refuses a request need not read it, so both sides may meet a reset.
        let (_sent, _read) = tokio::join!(
            async {
                let sent = writing.write_all(request).await;
                sent.and(writing.shutdown().await)
            },
            reading.read_to_end(&mut answer),
        );
        String::from_utf8_lossy(&answer).into_owned()
    };
    timeout(DEADLINE, talking).await.unwrap()
}

/// The statuses of all answers, with a space between them.
async fn statuses(address: &str, request: &[u8]) -> String {
    let answer = exchange(address, request).await;
    let lines = answer
        .split("\r\n")
        .filter_map(|line| line.split_once("HTTP/1."))
        .map(|(_before, line)| &line[2..5]);
    lines.collect::<Vec<_>>().join(" ")
}

fn post(more: &str, body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\n{EVENT}{more}\r\n{body}").into_bytes()
}

#[tokio::test]
async fn requests_that_are_none_are_refused() {
    let running = Running::start().await;
    let many: String = (0..10_000).fold(String::new(), |many, n| many + &format!("x-{n}: y\r\n"));
    let long = format!("x-long: {}\r\n", "y".repeat(1 << 20));
    let path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(1 << 20));
    let body = r#"{"events":[]}"#;
    let chunked = format!("d\r\n{body}\r\n0\r\n\r\n");
    let get = |text: &str| format!("{text}\r\nhost: x\r\n\r\n").into_bytes();
    let close = "connection: close\r\n";
    let cases = [
        ("a length below zero", post("content-length: -1\r\n", body), "400"),
        ("a length with a sign", post("content-length: +13\r\n", body), "400"),
        ("a length beyond all numbers", post("content-length: 99999999999999999999\r\n", body), "400"),
        ("a length in letters", post("content-length: many\r\n", body), "400"),
        ("two lengths", post("content-length: 13\r\ncontent-length: 14\r\n", body), "400"),
        ("two lengths in one", post("content-length: 13, 14\r\n", body), "400"),
        ("a length too small", post("content-length: 2\r\n", body), "400 400"),
        ("a length too large", post("content-length: 99\r\n", body), "503"),
        ("a length and chunks", post(&format!("content-length: 13\r\ntransfer-encoding: chunked\r\n{close}"), &chunked), "202"),
        ("chunks that are not the last coding", post("transfer-encoding: chunked, gzip\r\n", &chunked), "400"),
        ("an unknown coding", post("transfer-encoding: magic\r\n", body), "400"),
        ("a chunk beyond all numbers", post("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\n"), "400"),
        ("a chunk of no size", post("transfer-encoding: chunked\r\n", "-1\r\n"), "400"),
        ("a chunk that goes on", post("transfer-encoding: chunked\r\n", "2\r\nhello\r\n0\r\n\r\n"), "400"),
        ("chunks without end", post("transfer-encoding: chunked\r\n", "5\r\nhello\r\n"), "503"),
        ("more in chunks than may be", post("transfer-encoding: chunked\r\n", &format!("200000\r\n{}", " ".repeat(1 << 21))), "413"),
        ("chunks as they should be", post(&format!("transfer-encoding: chunked\r\n{close}"), &chunked), "202"),
        ("HTTP/1.0", format!("POST / HTTP/1.0\r\n{EVENT}content-length: 13\r\n\r\n{body}").into_bytes(), "202"),
        ("HTTP/9.9", get("GET /health HTTP/9.9"), "400"),
        ("HTTP/2 by assumption", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), ""),
        ("TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n".to_vec(), "400"),
        ("no host", format!("POST / HTTP/1.1\r\n{}{close}content-length: 13\r\n\r\n{body}", EVENT.trim_start_matches("host: x\r\n")).into_bytes(), "400"),
        ("two hosts", post(&format!("host: y\r\n{close}content-length: 13\r\n"), body), "400"),
        ("two in one go", [post("content-length: 13\r\n", body), post(&format!("content-length: 13\r\n{close}"), body)].concat(), "202 202"),
        ("an absolute target", format!("POST http://elsewhere.example/ HTTP/1.1\r\n{EVENT}{close}content-length: 13\r\n\r\n{body}").into_bytes(), "202"),
        ("a tunnel", get("CONNECT elsewhere.example:443 HTTP/1.1"), "404"),
        ("an unknown method", get("BREW / HTTP/1.1"), "405"),
        ("a question", get("GET / HTTP/1.1"), "405"),
        ("another place", format!("POST /other HTTP/1.1\r\n{EVENT}content-length: 0\r\n\r\n").into_bytes(), "404"),
        ("a place above", format!("POST /../ HTTP/1.1\r\n{EVENT}content-length: 0\r\n\r\n").into_bytes(), "404"),
        ("two slashes", format!("POST // HTTP/1.1\r\n{EVENT}content-length: 0\r\n\r\n").into_bytes(), "404"),
        ("a header of 1 MB", post(&long, ""), "431"),
        ("10,000 headers", post(&many, ""), "431"),
        ("a path of 1 MB", path.into_bytes(), "431"),
        ("NUL in a header", post("x-nul: a\0b\r\n", ""), "400"),
        ("a header over two lines", post("x-fold: a\r\n b\r\n", ""), "400"),
        ("a blank before the colon", post("content-length : 13\r\n", body), "400"),
        ("a header without a colon", post("content-length\r\n", ""), "400"),
        ("blank lines and no end", b"\r\n\r\n\r\n".repeat(100), ""),
    ];
    let mut wrong = vec![];
    for (name, request, expected) in cases {
        let said = statuses(running.address(), &request).await;
        if said != expected {
            wrong.push(format!("{name}: {said} for {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    running.upload("a.jpg");
    assert_eq!(
        running.created("a.jpg").await.status(),
        200,
        "it still works"
    );
}

#[tokio::test]
async fn events_that_are_none_are_refused() {
    let running = Running::start().await;
    let deep = "[".repeat(100_000);
    let nested = format!(r#"{{"events":[{{"eventName":"x","y":{deep}"#);
    let attributes = r#""specversion":"1.0","id":"1","source":"s","type":"t""#;
    let structured = |data: &str| format!("{{{attributes},\"data\":{data}}}");
    let many = json!({ "events": vec![json!({ "eventName": "x" }); 1001] }).to_string();
    let (json, cloud_event) = ("application/json", "application/cloudevents+json");
    let cases = [
        (
            "JSON nested 100,000 deep",
            json,
            deep.clone().into_bytes(),
            400,
        ),
        (
            "an event nested 100,000 deep",
            json,
            nested.into_bytes(),
            400,
        ),
        (
            "structured and nested",
            cloud_event,
            structured(&deep).into_bytes(),
            400,
        ),
        (
            "structured and no JSON",
            cloud_event,
            b"hello".to_vec(),
            400,
        ),
        ("structured and no object", cloud_event, b"[]".to_vec(), 400),
        (
            "structured without attributes",
            cloud_event,
            br#"{"data":{}}"#.to_vec(),
            400,
        ),
        (
            "structured data and text of base64",
            cloud_event,
            format!("{{{attributes},\"data_base64\":\"!!\"}}").into_bytes(),
            400,
        ),
        (
            "structured numbers without end",
            cloud_event,
            structured(&"9".repeat(500_000)).into_bytes(),
            400,
        ),
        (
            "a batch",
            "application/cloudevents-batch+json",
            b"[]".to_vec(),
            400,
        ),
        (
            "an unknown format",
            "application/cloudevents+xml",
            b"<event/>".to_vec(),
            400,
        ),
        ("half of base64", json, b"eyJldmVudHMiOls".to_vec(), 400),
        (
            "base64 of garbage",
            json,
            BASE64_STANDARD.encode([0xff; 999]).into_bytes(),
            400,
        ),
        (
            "base64 of base64, ten times over",
            json,
            (0..10).fold(document(&["a.jpg"]).to_string().into_bytes(), |inner, _| {
                BASE64_STANDARD.encode(inner).into_bytes()
            }),
            400,
        ),
        ("no UTF-8", json, vec![0xff; 100], 400),
        ("compressed", json, b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), 400),
        ("nothing", json, vec![], 400),
        ("1,001 events", json, many.into_bytes(), 400),
        ("300 KiB", json, vec![b' '; 300 << 10], 400),
        ("more than 1 MiB", json, vec![b' '; (1 << 20) + 1], 413),
    ];
    for (name, content_type, body, expected) in cases {
        let answer = running
            .request()
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
            .unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, expected, "{name}: {text}");
        assert_eq!(text.lines().count(), 1, "{name}: {text}");
        assert!(text.len() < 1000, "{name}: {text}");
    }
    assert!(running.objects.calls().is_empty());
}

/// A client that sends its request a byte at a time, for as long as the test runs.
async fn trickle(address: String, head: String, drop: &'static [u8]) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    while stream.write_all(drop).await.is_ok() {
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn slow_clients_keep_nobody_from_being_served() {
    let running = Running::with(FacesApi::new(), &["--max-events=4"]).await;
    let heads = (0..200).map(|_| "POST / HTTP/1.1\r\nhost: x\r\nx-slow: ".to_owned());
    let length = "content-length: 1000000\r\n\r\n";
    let bodies = (0..200).map(|_| format!("POST / HTTP/1.1\r\n{EVENT}{length}"));
    let slow: Vec<_> = heads
        .chain(bodies)
        .map(|head| tokio::spawn(trickle(running.address().to_owned(), head, b" ")))
        .collect();
    for number in 0..20 {
        let key = format!("{number}.jpg");
        running.upload(&key);
        let answer = timeout(DEADLINE, running.created(&key)).await.unwrap();
        assert_eq!(answer.status(), 200, "{key}");
    }
    for client in slow {
        client.abort();
    }
}

#[tokio::test]
async fn bodies_that_never_end_share_little_memory() {
    let running = Running::start().await;
    let length = "content-length: 1048576\r\n\r\n";
    let head = format!("POST / HTTP/1.1\r\n{EVENT}{length}{}", " ".repeat(900_000));
    let slow = (0..80).map(|_| exchange(running.address(), head.as_bytes()));
    let answers = join_all(slow).await;
    let count = |status: &str| {
        let answered = answers.iter().filter(|answer| answer.contains(status));
        answered.count()
    };
    // 36 times 900 KB is what there is room for; whoever comes later may find it free again.
    assert!(count("HTTP/1.1 429 ") > 0, "{answers:?}");
    assert_eq!(count("HTTP/1.1 429 ") + count("HTTP/1.1 503 "), 80);
}
