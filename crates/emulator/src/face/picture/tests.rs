use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Redirect;
use axum::routing::get;
use futures_util::stream;
use service::{ConnectOptions, http_client};
use tokio::net::TcpListener;

use super::*;

/// A server with one picture and many ways not to give it.
async fn server() -> SocketAddr {
    let endless = || stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![0; 1024 * 1024])));
    let router = Router::new()
        .route(
            "/picture",
            get(async || ([(known::HEADER, "female/37")], "a picture")),
        )
        .route(
            "/nonsense",
            get(async || ([(known::HEADER, "who knows")], "a picture")),
        )
        .route("/endless", get(async move || Body::from_stream(endless())))
        .route("/moved", get(async || Redirect::temporary("/picture")))
        .route(
            "/stuck",
            get(async || std::future::pending::<String>().await),
        )
        .route(
            "/host",
            get(async |request: Request<Body>| {
                request.headers()[HOST].to_str().unwrap().to_owned()
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn downloads(oss: SocketAddr) -> Downloads {
    let places = Places {
        oss,
        names: Vec::new(),
        region: "cn-beijing".to_owned(),
        own_bucket: ("viapi-upload", "cn-shanghai"),
    };
    Downloads::new(http_client(&ConnectOptions::default()).unwrap(), places)
}

async fn fetch(path: &str) -> Result<Picture, PictureError> {
    let elsewhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let mut downloads = downloads(elsewhere);
    if path == "/stuck" {
        downloads.timeout = Duration::from_millis(50);
    }
    downloads
        .fetch(&format!("http://{}{path}", server().await))
        .await
}

#[tokio::test]
async fn a_picture_comes_with_what_its_owner_says() {
    let picture = fetch("/picture").await.unwrap();
    assert_eq!(picture.bytes, "a picture");
    assert_eq!(picture.people, Some(vec![Person { gender: 0, age: 37 }]));
    assert_eq!(fetch("/nonsense").await.unwrap().people, None);
}

#[tokio::test]
async fn each_failure_has_its_kind() {
    assert!(matches!(fetch("/endless").await, Err(PictureError::Size)));
    assert!(matches!(fetch("/stuck").await, Err(PictureError::Timeout)));
    let status = |path| async move {
        match fetch(path).await {
            Err(PictureError::Status(status)) => status.as_u16(),
            other => panic!("{path}: {other:?}"),
        }
    };
    assert_eq!(status("/missing").await, 404);
    assert_eq!(status("/moved").await, 307);
}

#[tokio::test]
async fn what_is_no_url_of_a_picture_is_not_fetched() {
    let downloads = downloads(SocketAddr::from(([127, 0, 0, 1], 1)));
    for url in [
        "",
        "a.jpg",
        "ftp://127.0.0.1/a",
        "file:///etc/passwd",
        "http://127.0.0.1/照",
        "data:,a",
    ] {
        assert!(
            matches!(downloads.fetch(url).await, Err(PictureError::Url)),
            "{url}"
        );
    }
}

#[tokio::test]
async fn an_error_does_not_repeat_a_presigned_url() {
    let downloads = downloads(SocketAddr::from(([127, 0, 0, 1], 2)));
    let error = downloads
        .fetch("http://127.0.0.1:1/a?Signature=secret")
        .await
        .unwrap_err();
    let chain = format!("{error} {:?}", std::error::Error::source(&error).unwrap());
    assert!(!chain.contains("secret"), "{chain}");
}

#[tokio::test]
async fn buckets_of_other_regions_are_refused_before_anything_is_sent() {
    let oss = server().await;
    let downloads = downloads(oss);
    let fetch = async |url: &str| downloads.fetch_in(url, "cn-shanghai").await;
    for url in [
        "http://b.oss-us-west-1.aliyuncs.com/picture".to_owned(),
        "http://b.oss-cn-beijing.aliyuncs.com/picture".to_owned(),
        format!("http://{oss}/bucket/picture"),
    ] {
        assert!(
            matches!(fetch(&url).await, Err(PictureError::Region)),
            "{url}"
        );
    }
    let own = format!("http://viapi-upload.localhost:{}/picture", oss.port());
    assert!(fetch(&own).await.is_ok());
}

#[tokio::test]
async fn names_that_need_not_resolve_reach_the_emulator_under_their_own_host() {
    let oss = server().await;
    let downloads = downloads(oss);
    for (host, port) in [
        ("b.oss-cn-beijing.aliyuncs.com", String::new()),
        ("b.localhost", format!(":{}", oss.port())),
    ] {
        let picture = downloads
            .fetch(&format!("http://{host}{port}/host"))
            .await
            .unwrap();
        assert_eq!(picture.bytes, format!("{host}{port}"));
    }
}

#[test]
fn a_picture_in_base64_is_bounded_too() {
    assert_eq!(decode("YSBwaWN0dXJl").unwrap().bytes, "a picture");
    assert!(matches!(
        decode("data:image/jpeg;base64,AAAA"),
        Err(PictureError::Content)
    ));
    let large = "A".repeat(MAX_BYTES / 3 * 4 + 8);
    assert!(matches!(decode(&large), Err(PictureError::Size)));
}
