//! The same photo more than once: redelivered, at one time, overwritten in the middle.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use testbed::eventually;
use wiremock::ResponseTemplate;

use crate::faces_api::{FacesApi, one_woman};
use crate::objects::Objects;
use crate::pictures::fixture;
use crate::running::{Running, data};

#[tokio::test]
async fn a_second_delivery_costs_no_second_analysis() {
    let running = Running::start().await;
    running.upload("a.jpg");
    let first: Value = data(running.created("a.jpg").await).await;
    let stored = running.objects.get("target/rec-a.jpg").unwrap();
    let calls = running.objects.calls().len();

    let again = running.created("a.jpg").await;
    assert_eq!(
        again.headers()["ce-id"],
        "acs.oss/6F3A-1",
        "the reply has the same id"
    );
    let again: Value = data(again).await;
    assert_eq!(running.faces.asked().len(), 1);
    assert_eq!(
        running.objects.get("target/rec-a.jpg").unwrap().content,
        stored.content
    );
    assert_eq!(
        running.objects.calls()[calls..],
        ["HEAD a.jpg", "HEAD target/rec-a.jpg"]
    );
    assert_eq!(again["results"][0]["known"], true);
    assert_eq!(again["results"][0].get("steps"), None);
    let steps = &first["results"][0]["steps"];
    let ended = |step: &str| -> jiff::Timestamp { steps[step].as_str().unwrap().parse().unwrap() };
    assert!(ended("analysed") <= ended("drawn") && ended("drawn") <= ended("stored"));
    assert_eq!(again["results"][0]["faces"], first["results"][0]["faces"]);
    assert_eq!(
        running
            .metric(r#"face_events_total{outcome="Known",reason=""}"#)
            .await,
        1
    );
}

#[tokio::test]
async fn a_new_version_is_analysed_anew() {
    let running = Running::start().await;
    running.upload("a.jpg");
    running.created("a.jpg").await;
    let newer = running.objects.put("a.jpg", fixture("444-icc.jpg"));
    running.created("a.jpg").await;
    assert_eq!(running.faces.asked().len(), 2);
    let result = running.objects.get("target/rec-a.jpg").unwrap();
    assert_eq!(result.headers["x-oss-meta-source-etag"], newer);
}

#[tokio::test]
async fn deliveries_at_one_time_end_in_one_object() {
    let slow = ResponseTemplate::new(200)
        .set_body_json(one_woman())
        .set_delay(Duration::from_millis(50));
    let running = Running::with(FacesApi::with(move |_| Some(slow.clone())), &[]).await;
    running.upload("a.jpg");
    let answers = futures_util::future::join_all((0..12).map(|_| running.created("a.jpg"))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    assert_eq!(running.faces.asked().len(), 1);
    let puts = running
        .objects
        .calls()
        .into_iter()
        .filter(|call| call.starts_with("PUT"));
    assert_eq!(puts.count(), 1);
}

#[tokio::test]
async fn a_photo_overwritten_while_in_work_ends_with_the_newer_result() {
    // The bucket exists only once the service runs, the API must know it before.
    let bucket: Arc<Mutex<Option<Objects>>> = Arc::default();
    let shared = bucket.clone();
    let faces = FacesApi::with(move |call| {
        let bucket = shared.lock().unwrap();
        if let (0, Some(objects)) = (call, bucket.as_ref()) {
            objects.put("a.jpg", fixture("444-icc.jpg"));
        }
        None
    });
    let running = Running::with(faces, &[]).await;
    *bucket.lock().unwrap() = Some(running.objects.clone());
    running.upload("a.jpg");
    let answer: Value = data(running.created("a.jpg").await).await;
    let newer = running.objects.get("a.jpg").unwrap().etag;
    assert_eq!(answer["results"][0]["source"]["etag"], newer);
    let result = running.objects.get("target/rec-a.jpg").unwrap();
    assert_eq!(result.headers["x-oss-meta-source-etag"], newer);
    assert_eq!(running.faces.asked().len(), 2);
}

#[tokio::test]
async fn a_photo_deleted_while_in_work_keeps_its_result() {
    let bucket: Arc<Mutex<Option<Objects>>> = Arc::default();
    let shared = bucket.clone();
    let faces = FacesApi::with(move |_| {
        let bucket = shared.lock().unwrap();
        bucket.iter().for_each(|objects| objects.remove("a.jpg"));
        None
    });
    let running = Running::with(faces, &[]).await;
    *bucket.lock().unwrap() = Some(running.objects.clone());
    running.upload("a.jpg");
    assert_eq!(running.created("a.jpg").await.status(), 200);
    assert_eq!(running.created("a.jpg").await.status(), 410);
}

#[tokio::test]
async fn two_folders_have_two_results() {
    let running = Running::start().await;
    for key in ["a/x.jpg", "b/x.jpg"] {
        running.upload(key);
        assert_eq!(running.created(key).await.status(), 200);
    }
    assert!(running.objects.get("target/a/rec-x.jpg").is_some());
    assert!(running.objects.get("target/b/rec-x.jpg").is_some());
}

#[tokio::test]
async fn strange_keys_come_back() {
    let running = Running::start().await;
    let long = format!("{}.jpg", "人".repeat(339));
    for key in [
        "a b+c.jpg",
        "100%.jpg",
        "a#b?c&d=e.jpg",
        "😀/脸.jpg",
        "x//y.jpg",
        &long,
    ] {
        running.upload(key);
        let answer: Value = data(running.created(key).await).await;
        let target = answer["results"][0]["target"]["key"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(running.objects.get(&target).is_some(), "{key}");
        assert!(target.len() <= 1023, "{key}");
    }
}

#[tokio::test]
async fn who_leaves_early_gets_the_result_all_the_same() {
    let slow = ResponseTemplate::new(200)
        .set_body_json(one_woman())
        .set_delay(Duration::from_millis(200));
    let running = Running::with(FacesApi::with(move |_| Some(slow.clone())), &[]).await;
    running.upload("a.jpg");
    tokio::select! {
        _answer = running.created("a.jpg") => panic!("answered before the face API was"),
        () = eventually("the face API is asked", || !running.faces.asked().is_empty()) => {}
    }
    eventually("the result is stored", || {
        running.objects.get("target/rec-a.jpg").is_some()
    })
    .await;
}

#[tokio::test]
async fn more_than_can_be_worked_on_is_refused_for_the_moment() {
    let slow = ResponseTemplate::new(200)
        .set_body_json(one_woman())
        .set_delay(Duration::from_millis(300));
    let faces = FacesApi::with(move |_| Some(slow.clone()));
    let running = Running::with(faces, &["--max-events=1"]).await;
    running.upload("a.jpg");
    running.upload("b.jpg");
    let (first, second) = tokio::join!(running.created("a.jpg"), async {
        eventually("the first is in work", || !running.faces.asked().is_empty()).await;
        running.created("b.jpg").await
    });
    assert_eq!(
        (first.status().as_u16(), second.status().as_u16()),
        (200, 429)
    );
    assert_eq!(second.headers()["retry-after"], "1");
}

#[tokio::test]
async fn a_photo_that_takes_too_long_is_put_off() {
    let stuck = ResponseTemplate::new(200)
        .set_body_json(one_woman())
        .set_delay(Duration::from_secs(15));
    let faces = FacesApi::with(move |_| Some(stuck.clone()));
    let running = Running::with(faces, &["--photo-deadline=PT1S"]).await;
    running.upload("a.jpg");
    let answer = running.created("a.jpg").await;
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().starts_with("deadline: "));
}
