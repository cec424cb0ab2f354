//! The metric of HTTP client requests at `/metrics`.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use prometheus_client::registry::Registry;
use service::{ConnectOptions, HttpClientMetrics, Readiness};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use transport::{Call, CompletedRequest, Observer as _, Transport};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

const NAME: &str = "http_client_request_duration_seconds";

/// The labels of each series that a page shows, and how many requests it counts.
fn counts(page: &str) -> Vec<String> {
    let lines = page.lines().filter_map(|line| line.strip_prefix(NAME));
    let counts = lines.filter_map(|line| line.strip_prefix("_count"));
    let mut counts: Vec<_> = counts.map(str::to_owned).collect();
    counts.sort();
    counts
}

async fn send(transport: &Transport, method: Method, url: &str) {
    let call = Call::new(Duration::from_secs(5), 1024);
    let request = || {
        let request = Request::builder().method(&method).uri(url);
        request.body(Bytes::new())
    };
    // How it ends is what the metrics tell.
    let _ = transport.send(&call, request).await;
}

#[tokio::test]
async fn requests_are_counted_by_server_method_and_outcome() {
    let server = MockServer::start().await;
    let missing = Mock::given(path("/missing")).respond_with(ResponseTemplate::new(404));
    missing.mount(&server).await;
    let there = Mock::given(path("/there")).respond_with(ResponseTemplate::new(200));
    there.mount(&server).await;
    let mut registry = Registry::default();
    let metrics = HttpClientMetrics::new(&mut registry);
    let transport = Transport::connect(&ConnectOptions::default()).unwrap();
    let transport = transport.observed_by(metrics.observer());

    send(
        &transport,
        Method::GET,
        &format!("{}/there?secret", server.uri()),
    )
    .await;
    send(&transport, Method::GET, &format!("{}/there", server.uri())).await;
    send(
        &transport,
        Method::PUT,
        &format!("{}/missing", server.uri()),
    )
    .await;
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let nobody = closed.local_addr().unwrap().port();
    drop(closed);
    send(
        &transport,
        Method::GET,
        &format!("http://127.0.0.1:{nobody}/"),
    )
    .await;

    let stop = CancellationToken::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let page = format!("http://{}/metrics", listener.local_addr().unwrap());
    let router = service::health::router(Readiness::new(), Arc::new(registry));
    let serving = tokio::spawn(service::health::serve_alone(listener, router, stop.clone()));
    let http = service::http_client(&ConnectOptions::default()).unwrap();
    let page = http.get(page).send().await.unwrap().text().await.unwrap();
    stop.cancel();
    serving.await.unwrap();

    let port = server.address().port();
    let to = |method: &str, port: u16| {
        format!(
            r#"{{http_request_method="{method}",server_address="127.0.0.1",server_port="{port}","#
        )
    };
    let mut expected = vec![
        format!(r#"{}http_response_status_code="200"}} 2"#, to("GET", port)),
        format!(
            r#"{}http_response_status_code="404",error_type="404"}} 1"#,
            to("PUT", port)
        ),
        format!(r#"{}error_type="unreachable"}} 1"#, to("GET", nobody)),
    ];
    expected.sort();
    assert_eq!(counts(&page), expected);
    let bounds = page
        .lines()
        .filter(|line| line.contains("_bucket{") && line.contains("404"));
    assert_eq!(
        bounds.count(),
        15,
        "14 buckets of the conventions and the rest"
    );
    assert!(
        !page.contains("secret") && !page.contains("there"),
        "{page}"
    );
}

#[test]
fn strangers_cannot_make_labels_without_end() {
    let mut registry = Registry::default();
    let metrics = HttpClientMetrics::new(&mut registry);
    let tell = |host: &str, status: u16| {
        metrics.on_completed(&CompletedRequest {
            method: &Method::GET,
            host,
            port: 443,
            outcome: Ok(http::StatusCode::from_u16(status).unwrap()),
            elapsed: Duration::from_millis(3),
        });
    };
    for number in 0..100 {
        tell(&format!("bucket-{number}.example.com"), 200);
    }
    for status in 100..600 {
        tell("bucket-0.example.com", status);
    }
    let mut page = String::new();
    prometheus_client::encoding::text::encode(&mut page, &registry).unwrap();
    let counts = counts(&page);
    assert_eq!(counts.len(), 32 + 1 + 48);
    let rest =
        r#"{http_request_method="GET",server_address="_OTHER",http_response_status_code="200"} 68"#;
    assert!(counts.iter().any(|line| line == rest), "{page}");
    let of_server = counts
        .iter()
        .filter(|line| line.contains("bucket-0.example.com"));
    let total: u64 = of_server
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(total, 501);
}
