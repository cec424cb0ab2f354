//! Posts to one URL, over real sockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tracing::Span;
use transport::{
    CompletedRequest, ConnectOptions, Connector, Observer, PostClient, PostResponse, Reach,
    TransportError,
};

use crate::LONG;

const EMPTY: &str = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";

fn client(url: &str, options: ConnectOptions) -> PostClient {
    let connector = Connector::try_new(options).unwrap();
    PostClient::try_new(&connector, url.parse().unwrap()).unwrap()
}

async fn post(client: &PostClient, body: &'static str) -> Result<PostResponse, TransportError> {
    let headers = HeaderMap::from_iter([(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("text/plain"),
    )]);
    client
        .post(LONG, headers, Bytes::from(body), &Span::none())
        .await
}

async fn whole(mut response: PostResponse) -> String {
    let mut body = String::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        body.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    body
}

/// A server that gives each connection these answers, one per request, and closes it after the last.
/// Tells the requests of each connection.
async fn serve(answers: &'static [&'static str]) -> (String, Arc<Mutex<Vec<Vec<String>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/events?token=T", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let connections = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.lock().unwrap().push(Vec::new());
            tokio::spawn(answer(stream, answers, connections.clone()));
        }
    });
    (url, seen)
}

async fn answer(
    mut stream: TcpStream,
    answers: &[&str],
    connections: Arc<Mutex<Vec<Vec<String>>>>,
) {
    let index = connections.lock().unwrap().len() - 1;
    for answer in answers {
        let mut request = String::new();
        while !request.ends_with("an event") {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            if read == 0 {
                return;
            }
            request.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        connections.lock().unwrap()[index].push(request);
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn connection_is_used_again_after_the_end_of_a_body() {
    let (url, seen) = serve(&[EMPTY, CHUNKED, CHUNKED, EMPTY]).await;
    let client = client(&url, ConnectOptions::default());
    for expected in ["", "abc", "abc"] {
        let response = post(&client, "an event").await.unwrap();
        assert_eq!(whole(response).await, expected);
    }
    let unread = post(&client, "an event").await.unwrap();
    assert_eq!(unread.status(), 202);
    drop(unread);
    assert_eq!(whole(post(&client, "an event").await.unwrap()).await, "");
    let seen = seen.lock().unwrap();
    let counts: Vec<_> = seen.iter().map(Vec::len).collect();
    assert_eq!(counts, [4, 1], "the one that was not read is closed");
    let host = url.split('/').nth(2).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        seen[0][0],
        format!(
            "POST /events?token=T HTTP/1.1\r\ncontent-type: text/plain\r\naccept: */*\r\n\
             user-agent: knative-mnsoss/{version}\r\nhost: {host}\r\ncontent-length: 8\r\n\r\nan event"
        )
    );
}

#[tokio::test]
async fn connection_that_the_server_closed_costs_no_event() {
    let (url, seen) = serve(&[EMPTY]).await;
    let client = client(&url, ConnectOptions::default());
    for _ in 0..20 {
        let response = post(&client, "an event").await;
        assert_eq!(whole(response.unwrap()).await, "");
        // The end of the connection arrives, mostly.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(seen.lock().unwrap().len(), 20);
}

#[tokio::test]
async fn idle_connection_is_closed_after_a_while() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let options = ConnectOptions {
        idle_timeout: Duration::from_millis(50),
        ..ConnectOptions::default()
    };
    let client = client(&url, options);
    let answering = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        let _request = stream.read(&mut buffer).await.unwrap();
        stream.write_all(EMPTY.as_bytes()).await.unwrap();
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    };
    let posting = async { whole(post(&client, "an event").await.unwrap()).await };
    let both = async { tokio::join!(answering, posting) };
    tokio::time::timeout(LONG, both).await.unwrap();
}

#[tokio::test]
async fn address_out_of_reach_is_not_connected_to() {
    let (url, seen) = serve(&[EMPTY]).await;
    let options = || ConnectOptions {
        reach: Reach::public_and("".parse().unwrap(), |_| false),
        ..ConnectOptions::default()
    };
    let by_number = post(&client(&url, options()), "an event").await;
    assert!(
        matches!(by_number, Err(TransportError::OutOfReach { .. })),
        "{by_number:?}"
    );
    let url = url.replace("127.0.0.1", "localhost");
    let by_name = post(&client(&url, options()), "an event").await;
    assert!(
        matches!(by_name, Err(TransportError::Unreachable { .. })),
        "{by_name:?}"
    );
    assert_eq!(seen.lock().unwrap().len(), 0);
}

#[derive(Debug, Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn on_completed(&self, request: &CompletedRequest<'_>) {
        let CompletedRequest {
            method,
            host,
            outcome,
            ..
        } = request;
        let line = format!("{method} {host} {outcome:?}");
        self.0.lock().unwrap().push(line);
    }
}

#[tokio::test]
async fn observer_is_told_of_every_end() {
    let told = Arc::new(Told::default());
    let (url, _) = serve(&[EMPTY, CHUNKED]).await;
    let well = client(&url, ConnectOptions::default()).observed_by(told.clone());
    for _ in 0..2 {
        whole(post(&well, "an event").await.unwrap()).await;
    }
    let nobody = client("http://127.0.0.1:1/", ConnectOptions::default()).observed_by(told.clone());
    let error = post(&nobody, "an event").await.unwrap_err();
    assert!(error.is_unprocessed());
    let late = well
        .post(
            Duration::from_millis(20),
            HeaderMap::new(),
            Bytes::from("half"),
            &Span::none(),
        )
        .await;
    assert!(
        matches!(late, Err(TransportError::TimedOut { .. })),
        "{late:?}"
    );
    assert_eq!(
        *told.0.lock().unwrap(),
        [
            "POST 127.0.0.1 Ok(202)",
            "POST 127.0.0.1 Ok(200)",
            "POST 127.0.0.1 Err(\"unreachable\")",
            "POST 127.0.0.1 Err(\"timeout\")",
        ]
    );
}
