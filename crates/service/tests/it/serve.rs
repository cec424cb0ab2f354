//! Serving: bounds, drain, and the operator's endpoints.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use service::serve::Drained;
use service::{Limits, Readiness, bind, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<Drained>,
}

async fn start(router: Router, limits: Limits) -> Server {
    let listener = bind(([127, 0, 0, 1], 0).into(), "--listen").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(listener, router, limits, stop.clone()));
    Server {
        address,
        stop,
        task,
    }
}

/// Sends the bytes and reads until the server closes.
async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn fetch(address: SocketAddr, path: &str) -> String {
    exchange(
        address,
        &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
    )
    .await
}

#[tokio::test]
async fn operator_sees_health_readiness_and_metrics() {
    let mut registry = Registry::default();
    registry.register("events", "Events taken", Counter::<u64>::default());
    let readiness = Readiness::new();
    let check = readiness.check("queue");
    let router = service::health::router(readiness.clone(), Arc::new(registry));
    let server = start(router, Limits::default()).await;

    assert!(
        fetch(server.address, "/health")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    let starting = fetch(server.address, "/readiness").await;
    assert!(
        starting.starts_with("HTTP/1.1 503 ") && starting.ends_with("queue: starting\n"),
        "{starting}"
    );
    check.ready();
    assert!(
        fetch(server.address, "/readiness")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    let metrics = fetch(server.address, "/metrics").await;
    assert!(
        metrics.contains(
            "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"
        ),
        "{metrics}"
    );
    assert!(
        metrics.contains("events_total 0") && metrics.ends_with("# EOF\n"),
        "{metrics}"
    );
    server.stop.cancel();
    assert_eq!(server.task.await.unwrap(), Drained::Completely);
}

#[tokio::test]
async fn slow_request_head_is_cut() {
    let limits = Limits {
        header_read_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = start(Router::new(), limits).await;
    // The head never ends; the server must.
    let answer = exchange(server.address, "GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408 "),
        "{answer}"
    );
}

#[tokio::test]
async fn client_that_says_nothing_is_cut() {
    let limits = Limits {
        header_read_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = start(Router::new(), limits).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn client_that_reads_no_response_is_closed_for_others() {
    let limits = Limits {
        write_stall_timeout: Duration::from_millis(50),
        max_connections: 1,
        ..Limits::default()
    };
    // More than the buffers of both sides hold.
    let large = || async { vec![b' '; 64 << 20] };
    let router = Router::new()
        .route("/", get(large))
        .route("/small", get(|| async { "ok" }));
    let server = start(router, limits).await;
    let mut deaf = TcpStream::connect(server.address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    deaf.write_all(request).await.unwrap();
    assert!(fetch(server.address, "/small").await.ends_with("ok"));
}

#[tokio::test]
async fn huge_request_head_is_refused() {
    let limits = Limits {
        max_head_bytes: 8192,
        ..Limits::default()
    };
    let server = start(Router::new().route("/", get(|| async {})), limits).await;
    let request = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n",
        "a".repeat(20_000)
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The server closes with our bytes unread, which may surface as a reset.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// Requests of slow clients.
const SLOW: [(&str, &str); 4] = [
    ("nothing", ""),
    ("half a head", "POST / HTTP/1.1\r\nhost: x\r\nx-slow: "),
    (
        "half a body",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf",
    ),
    ("nothing more", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"),
];

#[tokio::test]
async fn slow_clients_do_not_lock_out_others() {
    // No deadline of the server's helps.
    let limits = Limits {
        header_read_timeout: Duration::from_hours(1),
        max_connections: 8,
        ..Limits::default()
    };
    let router = Router::new().route("/", get(|| async { "ok" }).post(async |_: String| "ok"));
    let server = start(router, limits).await;
    for (name, sent) in SLOW {
        let mut slow = Vec::new();
        for _ in 0..3 * limits.max_connections {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            slow.push(stream);
        }
        for _ in 0..3 {
            let answer = fetch(server.address, "/").await;
            assert!(answer.ends_with("ok"), "{name}: {answer}");
        }
    }
}

#[tokio::test]
async fn busy_connection_is_not_evicted() {
    let (router, entered, gate) = waiting();
    let limits = Limits {
        max_connections: 1,
        ..Limits::default()
    };
    let server = start(router, limits).await;
    // Both would keep their connection.
    let mut first = TcpStream::connect(server.address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    first.write_all(request).await.unwrap();
    entered.acquire().await.unwrap().forget();
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(request).await.unwrap();
    gate.add_permits(1);
    let mut answer = String::new();
    // It is answered, and then makes room for the other.
    first.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("done"), "{answer}");
    entered.acquire().await.unwrap().forget();
}

/// A router whose one handler waits for a permit, and the means to see and release it.
fn waiting() -> (Router, Arc<Semaphore>, Arc<Semaphore>) {
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (handler_entered, handler_gate) = (entered.clone(), gate.clone());
    let handler = move || async move {
        handler_entered.add_permits(1);
        let _permit = handler_gate.acquire().await;
        "done"
    };
    (Router::new().route("/", get(handler)), entered, gate)
}

#[tokio::test]
async fn request_in_work_is_answered_before_the_end() {
    let (router, entered, gate) = waiting();
    let server = start(router, Limits::default()).await;
    let request = tokio::spawn(async move { fetch(server.address, "/").await });
    let _in_work = entered.acquire().await.unwrap();
    server.stop.cancel();
    gate.add_permits(1);
    assert!(request.await.unwrap().ends_with("done"));
    assert_eq!(server.task.await.unwrap(), Drained::Completely);
    assert!(
        TcpStream::connect(server.address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn request_that_outlives_the_grace_is_cut() {
    let (router, entered, _gate) = waiting();
    let limits = Limits {
        drain_grace: Duration::from_millis(20),
        ..Limits::default()
    };
    let server = start(router, limits).await;
    let request = tokio::spawn(async move { fetch(server.address, "/").await });
    let _in_work = entered.acquire().await.unwrap();
    server.stop.cancel();
    assert_eq!(server.task.await.unwrap(), Drained::Cut);
    assert_eq!(request.await.unwrap(), "");
}

#[tokio::test]
async fn request_of_http_1_1_must_name_its_host_once() {
    let router = Router::new().route("/", get(async || "hello"));
    let server = start(router, Limits::default()).await;
    for (name, head, status) in [
        ("without", "GET / HTTP/1.1\r\n", 400),
        ("twice", "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n", 400),
        (
            "twice the same",
            "GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n",
            400,
        ),
        ("elsewhere", "GET /none HTTP/1.1\r\n", 400),
        ("once", "GET / HTTP/1.1\r\nhost: a\r\n", 200),
        ("empty", "GET / HTTP/1.1\r\nhost:\r\n", 200),
        ("older", "GET / HTTP/1.0\r\n", 200),
    ] {
        let request = format!("{head}connection: close\r\n\r\n");
        let answer = exchange(server.address, &request).await;
        assert_eq!(&answer[9..12], status.to_string(), "{name}: {answer}");
    }
    server.stop.cancel();
    server.task.await.unwrap();
}
