//! Bytes that no HTTP client sends, and an answer that comes before the request is over.

use std::net::SocketAddr;
use std::time::Duration;

use emulator::settings::Settings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::oss::caller::Caller;
use crate::running::{Running, settings};

/// Sends bytes and reads until the answer begins with a whole status line.
async fn status(to: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let begun = async {
        while !answer.ends_with(b"\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
    };
    tokio::time::timeout(Duration::from_mins(1), begun)
        .await
        .expect("no answer");
    String::from_utf8(answer).unwrap().trim_end().to_owned()
}

async fn public() -> Running {
    let running = Running::start_with(Settings {
        max_object_bytes: 5 << 30,
        ..settings()
    });
    let running = running.await;
    let oss = Caller::of(&running);
    let acl = [("x-oss-acl", "public-read-write")];
    oss.call_with("PUT /photos", &acl, "").await;
    running
}

#[tokio::test]
async fn a_request_of_http_1_1_names_one_host() {
    let running = public().await;
    for (name, address) in running.addresses.named() {
        for (version, hosts, refused) in [
            ("1.1", "", true),
            ("1.1", "Host: a\r\nHost: b\r\n", true),
            ("1.1", "Host: localhost\r\n", false),
            ("1.0", "", false),
        ] {
            let request = format!("GET / HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n");
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            let told = answer.contains("exactly one Host header");
            assert_eq!(told, refused, "{name} {request} {answer}");
            assert!(!told || answer.contains(" 400 Bad Request\r\n"), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_chunk_that_is_none_is_the_clients_fault() {
    let running = public().await;
    let put = "PUT /photos/a";
    for (name, address, line) in [
        ("an object", running.addresses.oss, put),
        ("a document", running.addresses.oss, "PUT /photos?comp=add"),
        ("a form", running.addresses.oss, "POST /photos/"),
        ("mns", running.addresses.mns, "PUT /queues/q"),
        ("face", running.addresses.face, "POST /"),
        ("admin", running.addresses.admin, "POST /faults"),
    ] {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\
             Content-Type: multipart/form-data; boundary=b\r\n\r\nxyz\r\n1\r\n0\r\n\r\n"
        );
        let status = status(address, &request).await;
        assert!(status.starts_with("HTTP/1.1 4"), "{name}: {status}");
    }
    let oss = Caller::of(&running);
    assert_eq!(oss.call("HEAD /photos/a", "").await.status, 404);
}

#[tokio::test]
async fn what_says_to_be_too_large_is_refused_before_it_is_sent() {
    let running = public().await;
    let length = (5_u64 << 30) + 1;
    for line in [
        "PUT /photos/a",
        "POST /photos/a?append&position=0",
        "PUT /photos/a?partNumber=1&uploadId=u",
    ] {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\nthe beginning"
        );
        let status = status(running.addresses.oss, &request).await;
        assert!(status.starts_with("HTTP/1.1 4"), "{line}: {status}");
    }
    let form = format!(
        "POST /photos/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n",
        length * 2
    );
    let status = status(running.addresses.oss, &form).await;
    assert_eq!(status, "HTTP/1.1 400 Bad Request");
}
