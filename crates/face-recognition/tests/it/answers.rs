//! What the sender is told, for every kind of trouble.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::faces_api::FacesApi;
use crate::pictures::fixture;
use crate::running::{Running, created, data, document};

#[tokio::test]
async fn what_is_none_of_our_business_is_acknowledged_without_a_word() {
    let running = Running::start().await;
    running.objects.put("letter", b"Dear Sir or Madam".to_vec());
    let mark = [(
        "x-oss-meta-annotated-by".to_owned(),
        "face-recognition".to_owned(),
    )];
    running
        .objects
        .put_with("copy-of-result.jpg", fixture("420.jpg"), mark.into());
    let mut deleted = created("gone.jpg");
    deleted["eventName"] = "ObjectRemoved:DeleteObject".into();
    let mut probe = created("mnsoss-doctor-1.jpg");
    probe["oss"]["object"]["size"] = 0.into();
    let cases = [
        ("a result", created("target/rec-a.jpg"), "in_target"),
        ("a deletion", deleted, "not_created"),
        ("a document", created("a.pdf"), "not_an_image"),
        ("a folder", created("a/"), "folder"),
        ("an empty object that is gone", probe, "not_an_image"),
        (
            "a letter without a suffix",
            created("letter"),
            "not_an_image",
        ),
        (
            "a copy of a result",
            created("copy-of-result.jpg"),
            "own_result",
        ),
        ("no event at all", json!({ "events": [] }), "no_events"),
    ];
    for (name, event, reason) in cases {
        let sample = format!(r#"face_events_total{{outcome="Skipped",reason="{reason}"}}"#);
        let before = running.metric(&sample).await;
        let answer = running.send(&event).await;
        assert_eq!(answer.status(), 202, "{name}");
        assert_eq!(answer.text().await.unwrap(), "", "{name}");
        assert_eq!(
            running.metric(&sample).await,
            before + 1,
            "{name}: {sample}"
        );
    }
    let reply = running
        .request()
        .header("ce-type", "x")
        .body(json!({ "results": [] }).to_string());
    let reply = reply.build().unwrap();
    assert_eq!(
        running.http.execute(reply).await.unwrap().status(),
        400,
        "twice a type"
    );
    assert!(running.faces.asked().is_empty());
    assert!(
        running
            .objects
            .keys()
            .iter()
            .all(|key| !key.starts_with("target/"))
    );
}

#[tokio::test]
async fn our_own_reply_is_not_worked_on() {
    let running = Running::start().await;
    let reply = running
        .http
        .post(&running.url)
        .header("ce-specversion", "1.0")
        .header("ce-id", "1")
        .header("ce-source", "/face-recognition")
        .header("ce-type", "face-recognition.photo.annotated")
        .body(json!({ "results": [] }).to_string());
    assert_eq!(reply.send().await.unwrap().status(), 202);
}

#[tokio::test]
async fn permanent_trouble_ends_the_delivery() {
    let running = Running::with(FacesApi::new(), &["--max-object-bytes=10000"]).await;
    let put = |key: &str, content: Vec<u8>| {
        running.objects.put(key, content);
    };
    put("text.jpg", b"hello".to_vec());
    put("empty.jpg", Vec::new());
    put("bomb.png", fixture("bomb.png"));
    put("animated.gif", fixture("animated.gif"));
    put("cut.jpg", fixture("420.jpg")[..500].to_vec());
    put("large.jpg", vec![0; 10_001]);
    put("archived.jpg", fixture("420.jpg"));
    running
        .objects
        .refuse("GET archived.jpg", 403, "InvalidObjectState");
    let mut elsewhere = created("a.jpg");
    elsewhere["oss"]["bucket"]["name"] = "strangers".into();
    let cases = [
        ("no photo", created("text.jpg"), 422, "not_a_picture"),
        ("nothing", created("empty.jpg"), 422, "not_a_picture"),
        ("bomb", created("bomb.png"), 413, "too_many_pixels"),
        ("animation", created("animated.gif"), 415, "animated"),
        ("half a photo", created("cut.jpg"), 422, "truncated"),
        ("too large a file", created("large.jpg"), 413, "too_large"),
        ("gone", created("never-there.jpg"), 410, "gone"),
        ("archived", created("archived.jpg"), 422, "storage"),
        ("another bucket", elsewhere, 403, "forbidden"),
        (
            "a key that climbs",
            created("a/../b.jpg"),
            400,
            "bad_address",
        ),
        ("no OSS event", json!({ "hello": 1 }), 400, "bad_event"),
        ("not even a document", json!("hello"), 400, "bad_event"),
    ];
    for (name, event, status, reason) in cases {
        let answer = running.send(&event).await;
        assert_eq!(answer.status(), status, "{name}");
        let text = answer.text().await.unwrap();
        assert!(text.starts_with(&format!("{reason}: ")), "{name}: {text}");
        assert_eq!(text.lines().count(), 1, "{name}: {text}");
    }
    let dead = r#"face_events_total{outcome="GivenUp",reason="gone"}"#;
    assert_eq!(running.metric(dead).await, 1);
    let no_event = running
        .http
        .post(&running.url)
        .body("hello")
        .send()
        .await
        .unwrap();
    assert_eq!(no_event.status(), 400);
}

#[tokio::test]
async fn passing_trouble_and_wrong_settings_are_delivered_again() {
    let cases = [
        ("OSS is down", "HEAD a.jpg", 503, "ServiceUnavailable", 503),
        (
            "OSS has an accident",
            "GET a.jpg",
            500,
            "InternalError",
            503,
        ),
        (
            "OSS throttles",
            "PUT target/rec-a.jpg",
            503,
            "UploadTrafficRateLimitExceeded",
            503,
        ),
        (
            "wrong secret",
            "GET a.jpg",
            403,
            "SignatureDoesNotMatch",
            500,
        ),
        (
            "no right to write",
            "PUT target/rec-a.jpg",
            403,
            "AccessDenied",
            500,
        ),
    ];
    for (name, call, status, code, expected) in cases {
        let running = Running::start().await;
        running.upload("a.jpg");
        running.objects.refuse(call, status, code);
        let answer = running.created("a.jpg").await;
        assert_eq!(answer.status(), expected, "{name}");
        assert_eq!(
            answer.headers().contains_key("retry-after"),
            expected == 503,
            "{name}"
        );
        assert!(
            answer.text().await.unwrap().starts_with("storage: "),
            "{name}"
        );
    }
}

#[tokio::test]
async fn silence_at_any_stage_is_delivered_again_and_done_then() {
    let result = "target/rec-a.jpg";
    let put = format!("PUT {result}");
    let look = format!("HEAD {result}");
    for call in ["HEAD a.jpg", &look, "GET a.jpg", &put] {
        let running = Running::with(FacesApi::new(), &["--photo-deadline=PT1S"]).await;
        running.upload("a.jpg");
        let hold = running.objects.hold(call);
        let answer = running.created("a.jpg").await;
        assert_eq!(answer.status(), 503, "{call}");
        assert_eq!(answer.headers()["retry-after"], "1", "{call}");
        let text = answer.text().await.unwrap();
        assert!(text.starts_with("deadline: "), "{call}: {text}");
        let sample = r#"face_events_total{outcome="Postponed",reason="deadline"}"#;
        assert_eq!(running.metric(sample).await, 1, "{call}");
        hold.let_go();
        assert_eq!(running.created("a.jpg").await.status(), 200, "{call}");
        assert!(running.objects.get(result).is_some(), "{call}");
    }
}

#[tokio::test]
async fn throttling_says_when_to_come_again() {
    let throttled = ResponseTemplate::new(429).insert_header("retry-after", "7");
    let running = Running::with(FacesApi::with(move |_| Some(throttled.clone())), &[]).await;
    running.upload("a.jpg");
    let answer = running.created("a.jpg").await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "7");
}

#[tokio::test]
async fn what_the_face_api_says_decides() {
    let error = |errno: i64, text: &str| json!({ "errno": errno, "err_msg": text });
    let cases = [
        (
            "throttled",
            ResponseTemplate::new(429),
            503,
            "face_api_unavailable",
        ),
        (
            "broken",
            ResponseTemplate::new(500),
            503,
            "face_api_unavailable",
        ),
        (
            "half an answer",
            ResponseTemplate::new(200).set_body_string("{\"errno\":0,"),
            503,
            "face_api_unavailable",
        ),
        (
            "short lists",
            ResponseTemplate::new(200)
                .set_body_json(json!({ "errno": 0, "face_num": 2, "face_rect": [1, 2, 3, 4] })),
            503,
            "face_api_unavailable",
        ),
        (
            "refused",
            ResponseTemplate::new(200).set_body_json(error(1031, "image format error")),
            422,
            "face_api_refused",
        ),
    ];
    for (name, template, status, reason) in cases {
        let running = Running::with(FacesApi::with(move |_| Some(template.clone())), &[]).await;
        running.upload("a.jpg");
        let answer = running.created("a.jpg").await;
        let (actual, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(actual, status, "{name}: {text}");
        assert!(text.starts_with(reason), "{name}: {text}");
        assert!(running.objects.get("target/rec-a.jpg").is_none(), "{name}");
    }
}

#[tokio::test]
async fn several_events_are_answered_together() {
    let running = Running::start().await;
    running.upload("a.jpg");
    running.upload("b.jpg");
    running.objects.put("bad.jpg", b"bad".to_vec());

    let answer = running
        .send(&document(&["a.jpg", "notes.txt", "bad.jpg", "b.jpg"]))
        .await;
    assert_eq!(answer.status(), 200, "results are not held up by a failure");
    let data: Value = data(answer).await;
    let targets: Vec<_> = data["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["target"]["key"])
        .collect();
    assert_eq!(targets, ["target/rec-a.jpg", "target/rec-b.jpg"]);
    assert_eq!(data["failures"][0]["index"], 2);
    assert_eq!(data["failures"][0]["reason"], "not_a_picture");

    let answer = running.send(&document(&["bad.jpg", "notes.txt"])).await;
    assert_eq!(
        answer.status(),
        422,
        "nothing but failures is dead-lettered"
    );

    running
        .objects
        .refuse("HEAD b.jpg", 503, "ServiceUnavailable");
    let answer = running
        .send(&document(&["a.jpg", "bad.jpg", "b.jpg"]))
        .await;
    assert_eq!(
        answer.status(),
        503,
        "one that may pass makes all come again"
    );
    assert_eq!(
        running.faces.asked().len(),
        2,
        "which costs no further analysis"
    );
}

#[tokio::test]
async fn bodies_are_bounded() {
    let running = Running::with(FacesApi::new(), &["--max-event-bytes=2048"]).await;
    let answer = running
        .request()
        .body(vec![b' '; 2049])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 413);
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .starts_with("event_too_large: ")
    );
}
