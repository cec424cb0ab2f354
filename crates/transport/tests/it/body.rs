//! How much of an answer is held.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use transport::{Call, Disposition, Replay, TransportError, read_bounded};

use crate::{LONG, get, transport};

/// Answers one connection with exactly `answer`, then closes it.
async fn once(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _request_bytes = socket.read(&mut request).await.unwrap();
        // The client may hang up before it has read all, which is the point of some tests.
        let _hung_up = socket.write_all(&answer).await;
    });
    url
}

fn with_length(length: u64, body: &[u8]) -> Vec<u8> {
    [
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes(),
        body,
    ]
    .concat()
}

fn chunked(chunks: &[&[u8]]) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in chunks {
        answer.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        answer.extend_from_slice(chunk);
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"0\r\n\r\n");
    answer
}

async fn send(answer: Vec<u8>, limit: usize) -> Result<Bytes, TransportError> {
    let call = Call::new(LONG, limit).replay(Replay::Never);
    Ok(transport(1)
        .send(&call, get(once(answer).await))
        .await?
        .into_body())
}

#[tokio::test]
async fn body_up_to_the_limit_is_read() {
    let cases: [(&str, Vec<u8>, &[u8]); 5] = [
        ("empty", with_length(0, b""), b""),
        (
            "exactly the limit",
            with_length(8, b"12345678"),
            b"12345678",
        ),
        (
            "until the connection ends",
            b"HTTP/1.1 200 OK\r\n\r\nabc".to_vec(),
            b"abc",
        ),
        ("one chunk", chunked(&[b"abcd"]), b"abcd"),
        (
            "several chunks",
            chunked(&[b"ab", b"cd", b"e", b"fgh"]),
            b"abcdefgh",
        ),
    ];
    for (name, answer, expected) in cases {
        assert_eq!(send(answer, 8).await.unwrap(), expected, "{name}");
    }
}

#[tokio::test]
async fn larger_body_is_refused_however_it_comes() {
    let cases = [
        ("announced", with_length(9, b"123456789")),
        (
            "announced beyond all bounds",
            with_length(u64::MAX / 2, b"1"),
        ),
        ("one chunk", chunked(&[b"123456789"])),
        ("several chunks", chunked(&[b"1234567", b"89"])),
        (
            "until the connection ends",
            b"HTTP/1.1 200 OK\r\n\r\n123456789".to_vec(),
        ),
    ];
    for (name, answer) in cases {
        let error = send(answer, 8).await.unwrap_err();
        assert!(
            matches!(error, TransportError::TooLarge { limit_bytes: 8, .. }),
            "{name}: {error:?}"
        );
        assert_eq!(error.disposition(), Disposition::Permanent, "{name}");
    }
}

#[tokio::test]
async fn body_cut_short_is_no_answer() {
    for (name, answer) in [
        ("announced", with_length(8, b"1234")),
        (
            "chunked",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n1234".to_vec(),
        ),
    ] {
        let error = send(answer, 8).await.unwrap_err();
        assert!(
            matches!(error, TransportError::Unanswered { .. }),
            "{name}: {error:?}"
        );
        assert!(error.disposition().is_retryable(), "{name}");
        assert!(!error.is_unprocessed(), "{name}");
    }
}

#[tokio::test]
async fn opened_answer_is_read_within_its_own_limit() {
    let call = Call::new(LONG, 0);
    let open = async || {
        transport(1)
            .open(&call, get(once(with_length(4, b"1234")).await))
            .await
            .unwrap()
    };
    assert_eq!(read_bounded(open().await, 4).await.unwrap(), "1234");
    assert!(matches!(
        read_bounded(open().await, 3).await,
        Err(TransportError::TooLarge { limit_bytes: 3, .. })
    ));
}
