//! More than can be done at one time: some are told to come again, none is lost, and memory
//! stays within its limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use serde_json::Value;
use testbed::eventually;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::binary::Binary;
use crate::faces_api::{FacesApi, one_woman};
use crate::objects::Objects;
use crate::pictures::fixture;
use crate::running::{Client, document, serve};

const MEBI: u64 = 1 << 20;

/// All that come at one time.
const REQUESTS: usize = 500;
/// So many of them are about different photos; the others are redeliveries.
const PHOTOS: usize = 10;

/// A photo of 12 megapixels, with as much in it as a JPEG of 3 MB holds.
fn large_photo() -> Vec<u8> {
    let picture = RgbImage::from_fn(4000, 3000, |x, y| {
        let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 27;
        let channel = |value: u32| u8::try_from(value).unwrap();
        Rgb([x / 16, y / 12, noise].map(channel))
    });
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, 85)
        .encode_image(&picture)
        .unwrap();
    file
}

/// Comes again whenever it is told to, as Knative does; also when its connection gave way to
/// another, as more of them are open than there are requests.
async fn until_done(client: Client, key: String, put_off: Arc<AtomicU64>) {
    let event = document(&[&key]).to_string();
    loop {
        let wait = match client.request().body(event.clone()).send().await {
            Err(_closed) => 1,
            Ok(answer) if answer.status() == 200 => return,
            Ok(answer) => {
                assert!(
                    matches!(answer.status().as_u16(), 429 | 503),
                    "{key}: {answer:?}"
                );
                put_off.fetch_add(1, Ordering::SeqCst);
                let seconds = answer.headers()["retry-after"].to_str().unwrap();
                seconds.parse().unwrap()
            }
        };
        sleep(Duration::from_secs(wait)).await;
    }
}

#[tokio::test]
async fn five_hundred_photos_at_one_time_are_all_done_within_the_limits() {
    let (objects, api) = (Objects::default(), serve(FacesApi::new()).await);
    let limits = [
        "--file-memory=16777216",
        "--max-object-bytes=16777216",
        "--pixel-memory=134217728",
        // More than there are, so that memory is what they wait for.
        "--cpus=16",
        "--max-events=100",
    ];
    let binary = Binary::start(&objects.serve().await, &api.uri(), &limits).await;
    let photo = bytes::Bytes::from(large_photo());
    for number in 0..PHOTOS {
        objects.put(&format!("{number}.jpg"), photo.clone());
    }
    let put_off = Arc::new(AtomicU64::new(0));
    let all = (0..REQUESTS).map(|number| {
        let key = format!("{}.jpg", number % PHOTOS);
        until_done(binary.clone(), key, put_off.clone())
    });
    let done = timeout(Duration::from_mins(10), join_all(all)).await;
    assert!(done.is_ok(), "not done in time");
    for number in 0..PHOTOS {
        let key = format!("target/rec-{number}.jpg");
        assert!(objects.get(&key).is_some(), "{key}");
    }
    assert!(put_off.load(Ordering::SeqCst) > 0, "nobody was put off");
    let peak = binary.peak_memory();
    assert!(peak < (16 + 128 + 96) * MEBI, "{} MiB", peak / MEBI);
}

/// Answers late, and knows how many were waiting for it, in all and at one time.
#[derive(Clone, Default)]
struct SlowApi {
    delay: Duration,
    asked: Arc<AtomicU64>,
    waiting: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
}

impl SlowApi {
    fn new(delay: Duration) -> Self {
        Self {
            delay,
            ..Self::default()
        }
    }

    async fn answer(self) -> axum::Json<Value> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(waiting, Ordering::SeqCst);
        sleep(self.delay).await;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        axum::Json(one_woman())
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let api = self.clone();
        let router = axum::Router::new().fallback(move || api.answer());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

/// Photos that were in work at one time at most, by the calls to the bucket. A photo is in work from
/// its GET to the PUT of its result.
fn most_in_work(calls: &[String]) -> usize {
    let (mut in_work, mut most) = (0, 0);
    for call in calls {
        if call.starts_with("PUT target/") {
            in_work -= 1;
        } else if call.starts_with("GET ") {
            in_work += 1;
            most = most.max(in_work);
        }
    }
    most
}

#[tokio::test]
async fn as_many_photos_are_in_memory_as_fit_and_the_others_wait() {
    let (objects, api) = (Objects::default(), SlowApi::new(Duration::from_millis(100)));
    let limits = [
        "--file-memory=8388608",
        "--max-object-bytes=4194304",
        "--face-max-calls=64",
    ];
    let binary = Binary::start(&objects.serve().await, &api.serve().await, &limits).await;
    let mut photo = fixture("420.jpg");
    photo.resize(1 << 20, 0);
    let keys: Vec<_> = (0..64).map(|number| format!("{number}.jpg")).collect();
    for key in &keys {
        objects.put(key, photo.clone());
    }
    for answer in join_all(keys.iter().map(|key| binary.created(key))).await {
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(most_in_work(&objects.calls()), 8);
    assert_eq!(api.most.load(Ordering::SeqCst), 8);
}

#[tokio::test]
async fn face_api_is_asked_about_few_photos_at_one_time() {
    let api = SlowApi::new(Duration::from_millis(50));
    let objects = Objects::default();
    let limits = ["--face-max-calls=2"];
    let binary = Binary::start(&objects.serve().await, &api.serve().await, &limits).await;
    let keys: Vec<_> = (0..8).map(|number| format!("{number}.jpg")).collect();
    for key in &keys {
        objects.put(key, fixture("420.jpg"));
    }
    for answer in join_all(keys.iter().map(|key| binary.created(key))).await {
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(api.most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn photos_that_wait_too_long_cost_the_face_api_nothing() {
    let (objects, api) = (Objects::default(), SlowApi::new(Duration::from_secs(1)));
    // All wait longer than one may take.
    let limits = ["--face-max-calls=1", "--photo-deadline=PT4S"];
    let binary = Binary::start(&objects.serve().await, &api.serve().await, &limits).await;
    let (photos, put_off) = (6, Arc::new(AtomicU64::new(0)));
    let all = (0..photos).map(|number| {
        let key = format!("{number}.jpg");
        objects.put(&key, fixture("420.jpg"));
        until_done(binary.clone(), key, put_off.clone())
    });
    let done = timeout(Duration::from_mins(2), join_all(all)).await;
    assert!(done.is_ok(), "not done in time");
    assert!(put_off.load(Ordering::SeqCst) > 0, "nobody was put off");
    assert_eq!(api.asked(), photos, "an answer was thrown away");
}

#[tokio::test]
async fn who_leaves_before_its_turn_makes_room() {
    let (objects, api) = (Objects::default(), SlowApi::new(Duration::from_secs(1)));
    let limits = ["--face-max-calls=1", "--max-events=2"];
    let binary = Binary::start(&objects.serve().await, &api.serve().await, &limits).await;
    for key in ["a.jpg", "b.jpg", "c.jpg"] {
        objects.put(key, fixture("420.jpg"));
    }
    let first = tokio::spawn({
        let client = binary.clone();
        async move { client.created("a.jpg").await.status() }
    });
    eventually("the face API is asked", || api.asked() == 1).await;
    tokio::select! {
        _answer = binary.created("b.jpg") => panic!("answered before its turn"),
        () = eventually("the second is in work", || objects.calls().contains(&"GET b.jpg".to_owned())) => {}
    }
    let left = r#"face_events_total{outcome="Postponed",reason="left"}"#;
    let room = timeout(Duration::from_mins(1), async {
        while binary.metric(left).await == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(room.await.is_ok(), "it keeps its place");
    assert_eq!(binary.created("c.jpg").await.status(), 200);
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(api.asked(), 2, "the face API was asked for nobody");
}
