//! What is bounded, and that large things below the bound work.

use std::time::Duration;

use bytes::Bytes;
use emulator::limits::Limits;
use emulator::settings::Settings;
use oss::{Addressing, Bucket, Client, Endpoint, PutOptions};
use tokio::time::sleep;
use transport::{Disposition, RetryPolicy};

use crate::oss::caller::Caller;
use crate::running::{REGION, Running, credentials, settings};

const LIMIT: usize = 100_000;

async fn scene() -> (Running, Caller) {
    let settings = Settings {
        max_object_bytes: LIMIT as u64,
        ..settings()
    };
    let running = Running::start_with(settings).await;
    let oss = Caller::of(&running);
    oss.call("PUT /photos", "").await;
    (running, oss)
}

#[tokio::test]
async fn an_object_over_the_limit_is_refused_wherever_it_comes_in() {
    let (_running, oss) = scene().await;
    let id = oss.begin("big").await;
    let part = format!("PUT /photos/big?partNumber=1&uploadId={id}");
    for line in [
        "PUT /photos/a",
        "POST /photos/log?append&position=0",
        part.as_str(),
    ] {
        let fits = Bytes::from(vec![0; LIMIT]);
        assert_eq!(oss.call(line, fits).await.outcome(), "200", "{line}");
        let line = line.replace("position=0", &format!("position={LIMIT}"));
        let large = Bytes::from(vec![0; LIMIT + 1]);
        assert_eq!(
            oss.call(&line, large).await.outcome(),
            "400 EntityTooLarge",
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_length_that_is_not_announced_is_bounded_all_the_same() {
    let (_running, oss) = scene().await;
    let request = oss.signed("PUT /photos/a", &[], "");
    let chunks = (0..200).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![0; 1000])));
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let (parts, _) = request.into_parts();
    let request = oss
        .http
        .request(parts.method, parts.uri.to_string())
        .headers(parts.headers);
    let answer = request.body(stream).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("EntityTooLarge"));
}

#[tokio::test]
async fn a_document_is_bounded_too() {
    let (_running, oss) = scene().await;
    let large = "x".repeat(9 * 1024 * 1024);
    let answer = oss.call("PUT /photos/a?tagging", large).await;
    assert_eq!(answer.outcome(), "400 MalformedXML");
}

#[tokio::test]
async fn a_large_photo_goes_through() {
    let settings = Settings {
        max_object_bytes: 1 << 30,
        ..settings()
    };
    let running = Running::start_with(settings).await;
    let oss = Caller::of(&running);
    oss.call("PUT /photos", "").await;
    let photo = Bytes::from((0..=255).cycle().take(60 << 20).collect::<Vec<u8>>());
    oss.expect("PUT /photos/large.jpg", photo.clone(), "200")
        .await;
    assert!(
        oss.call("GET /photos/large.jpg", "").await.body == photo,
        "the photo has changed"
    );
}

#[tokio::test]
async fn a_bucket_takes_its_requests_and_no_more() {
    let (running, oss) = scene().await;
    oss.expect("PUT /photos/a", "1", "200").await;
    running.shared.throttle.set(Limits {
        bucket: Some(0),
        ..Limits::default()
    });
    let refused = oss.call("GET /photos/a", "").await;
    assert_eq!(refused.outcome(), "503 TotalQpsLimitExceeded");
    assert_eq!(refused.text("EC"), "0004-00000302");
    oss.expect("GET /", "", "200").await;
    running.shared.throttle.set(Limits::default());
    oss.expect("GET /photos/a", "", "200").await;
}

fn photos(running: &Running, retry: RetryPolicy) -> Bucket {
    let url = format!("http://{}", running.addresses.oss).parse().unwrap();
    let endpoint = Endpoint::new(&url, Addressing::Path, REGION.parse().unwrap()).unwrap();
    let client = Client::builder(endpoint, credentials()).retry(retry);
    client.build().unwrap().bucket("photos".parse().unwrap())
}

#[tokio::test]
async fn a_client_repeats_what_is_refused_for_a_limit() {
    let (running, oss) = scene().await;
    running.shared.throttle.set(Limits {
        bucket: Some(0),
        ..Limits::default()
    });
    let (key, options) = ("a".parse().unwrap(), PutOptions::default());
    let hasty = photos(&running, RetryPolicy::none());
    let error = hasty.put(&key, "1".into(), &options).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry, "{error}");

    let patient = RetryPolicy::new(100, Duration::from_millis(50), Duration::from_millis(50));
    let patient = photos(&running, patient);
    let lift = async {
        sleep(Duration::from_millis(300)).await;
        running.shared.throttle.set(Limits::default());
    };
    let (put, ()) = tokio::join!(patient.put(&key, "1".into(), &options), lift);
    put.unwrap();
    oss.expect("HEAD /photos/a", "", "200").await;
}
