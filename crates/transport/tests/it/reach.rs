//! A client that may not go everywhere, over real sockets.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use transport::{BoxError, Call, ConnectOptions, Reach, RetryPolicy, Transport, TransportError};

fn transport(allowed: &str) -> Transport {
    let options = ConnectOptions {
        reach: Reach::public_and(allowed.parse().unwrap(), |_| false),
        ..ConnectOptions::default()
    };
    let transport = Transport::connect(&options).unwrap();
    transport.with_retry(RetryPolicy::none())
}

async fn get(transport: &Transport, url: &str) -> Result<u16, TransportError> {
    let call = Call::new(Duration::from_secs(10), 1024);
    let make = || Ok::<_, BoxError>(http::Request::get(url).body(Bytes::new())?);
    transport
        .send(&call, make)
        .await
        .map(|it| it.status().as_u16())
}

#[tokio::test]
async fn private_address_is_not_connected_to_by_name_or_number() {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    let strict = transport("");
    let by_number = get(&strict, &format!("http://127.0.0.1:{port}/")).await;
    assert!(
        matches!(by_number, Err(TransportError::OutOfReach { .. })),
        "{by_number:?}"
    );
    let by_name = get(&strict, &format!("http://localhost:{port}/")).await;
    assert!(
        matches!(by_name, Err(TransportError::Unreachable { .. })),
        "{by_name:?}"
    );

    // The first connection that arrives is one that was allowed.
    let answering = tokio::spawn(async move {
        for _ in 0..2 {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = connection.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET /allowed "));
            let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
            connection.write_all(answer).await.unwrap();
        }
    });
    let allowed = transport("127.0.0.0/8");
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{port}/allowed");
        assert_eq!(get(&allowed, &url).await.unwrap(), 204, "{host}");
    }
    answering.await.unwrap();
}
