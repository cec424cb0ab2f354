//! The forms in which events come, and the reply.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::faces_api::FacesApi;
use crate::forge::tagged;
use crate::pictures::fixture;
use crate::running::{Running, created, data, document};

#[tokio::test]
async fn a_photo_comes_back_and_the_reply_says_what_was_found() {
    let running = Running::start().await;
    let etag = running.upload("team/人 1.jpg");
    let answer = running.created("team/人 1.jpg").await;
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("ce-type"), "face-recognition.photo.annotated");
    assert_eq!(header("ce-source"), "/face-recognition");
    assert_eq!(header("ce-id"), "acs.oss/6F3A-1");
    assert_eq!(
        header("ce-subject"),
        "acs:oss:cn-shanghai:42:photos/target/team/rec-%E4%BA%BA%201.jpg"
    );
    assert_eq!(header("content-type"), "application/json");

    let result = running.objects.get("target/team/rec-人 1.jpg").unwrap();
    assert_eq!(result.headers["content-type"], "image/jpeg");
    assert_eq!(result.headers["x-oss-meta-source-etag"], etag);
    assert_ne!(result.content, fixture("420.jpg"));

    let mut data: Value = data(answer).await;
    assert_eq!(data["results"][0]["source"]["etag"], etag);
    assert_eq!(data["results"][0]["target"]["etag"], result.etag);
    for version in ["source", "target"] {
        data["results"][0][version]["etag"] = "…".into();
    }
    for step in ["analysed", "drawn", "stored"] {
        data["results"][0]["steps"][step] = "…".into();
    }
    insta::assert_json_snapshot!(data, @r#"
    {
      "event": {
        "id": "6F3A-1",
        "source": "acs.oss"
      },
      "failures": [],
      "results": [
        {
          "bucket": "photos",
          "counts": {
            "female": 1,
            "male": 0,
            "unknown": 0
          },
          "drawn": {
            "boxes": 1,
            "labels": 1
          },
          "face_count": 1,
          "faces": [
            {
              "age": 37,
              "gender": "female",
              "probability": 0.98,
              "rect": {
                "height": 24,
                "left": 20,
                "top": 14,
                "width": 24
              }
            }
          ],
          "height": 48,
          "known": false,
          "region": "cn-shanghai",
          "source": {
            "etag": "…",
            "key": "team/人 1.jpg"
          },
          "steps": {
            "analysed": "…",
            "drawn": "…",
            "stored": "…"
          },
          "target": {
            "etag": "…",
            "key": "target/team/rec-人 1.jpg"
          },
          "width": 64
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn every_form_of_data_is_understood() {
    let running = Running::start().await;
    let photo = |number: usize| format!("{number}.jpg");
    let text = |number: usize| document(&[&photo(number)]).to_string();
    let base64 = |number: usize| BASE64_STANDARD.encode(text(number));
    let bodies: [(&str, &str, String); 5] = [
        ("JSON document", "application/json", text(0)),
        (
            "one event, as EventBridge sends it",
            "application/json",
            created(&photo(1)).to_string(),
        ),
        (
            "the original's JSON string of base64",
            "application/json",
            json!(base64(2)).to_string(),
        ),
        ("base64 text", "text/plain", base64(3)),
        (
            "base64 called JSON",
            "application/json; charset=utf-8",
            base64(4),
        ),
    ];
    for (number, (name, content_type, body)) in bodies.into_iter().enumerate() {
        running.upload(&photo(number));
        let request = running
            .request()
            .header("content-type", content_type)
            .body(body);
        assert_eq!(request.send().await.unwrap().status(), 200, "{name}");
        assert!(
            running
                .objects
                .get(&format!("target/rec-{number}.jpg"))
                .is_some(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn structured_mode_is_understood() {
    let running = Running::start().await;
    for (key, data) in [
        ("object.jpg", document(&["object.jpg"])),
        (
            "text.jpg",
            json!(BASE64_STANDARD.encode(document(&["text.jpg"]).to_string())),
        ),
    ] {
        running.upload(key);
        let event = json!({
            "specversion": "1.0",
            "id": "1",
            "source": "acs.oss",
            "type": "oss:ObjectCreated:PutObject",
            "datacontenttype": "application/json",
            "data": data,
        });
        let request = running
            .http
            .post(&running.url)
            .header("content-type", "application/cloudevents+json")
            .body(event.to_string());
        let answer = request.send().await.unwrap();
        assert_eq!(
            answer.status(),
            200,
            "{key}: {}",
            answer.text().await.unwrap()
        );
    }
}

#[tokio::test]
async fn a_key_that_turns_out_to_be_encoded_is_found() {
    let running = Running::start().await;
    running.upload("a b.jpg");
    assert_eq!(running.created("a%20b.jpg").await.status(), 200);
    assert!(running.objects.get("target/rec-a b.jpg").is_some());
    // Decoding must not lead around the guard.
    running.upload("target/x.jpg");
    assert_eq!(running.created("target%2Fx.jpg").await.status(), 202);
    assert_eq!(
        running
            .metric(r#"face_events_total{outcome="Skipped",reason="in_target"}"#)
            .await,
        1
    );
}

#[tokio::test]
async fn the_face_api_gets_a_url_only_of_an_upright_photo() {
    let running = Running::start().await;
    running.upload("upright.jpg");
    running.created("upright.jpg").await;
    let url = running.faces.asked()[0]["image_url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        url.contains("/photos/upright.jpg?") && url.contains("x-oss-signature="),
        "{url}"
    );

    let sideways = tagged(&fixture("420.jpg"), 6);
    running.objects.put("sideways.jpg", sideways);
    assert_eq!(running.created("sideways.jpg").await.status(), 200);
    let asked = &running.faces.asked()[1];
    assert!(asked["image_url"].is_null() && asked["content"].is_string());
    let sent = BASE64_STANDARD
        .decode(asked["content"].as_str().unwrap())
        .unwrap();
    assert_eq!(
        image::load_from_memory(&sent).unwrap().width(),
        48,
        "it is sent upright"
    );
}

#[tokio::test]
async fn faces_can_be_found_without_any_api() {
    let running = Running::with(FacesApi::new(), &["--face-backend=local"]).await;
    running.upload("a.jpg");
    let reply = data(running.created("a.jpg").await).await;
    assert_eq!(
        reply["results"][0]["face_count"], 0,
        "there is nobody among the quadrants"
    );
    let result = running.objects.get("target/rec-a.jpg").unwrap();
    assert_eq!(
        result.headers["x-oss-meta-method"],
        "local/3/age,gender/Box/WithBoxes/Keep"
    );
    assert!(running.faces.asked().is_empty());
}

#[tokio::test]
async fn options_tell_what_may_be_sent() {
    let running = Running::start().await;
    let request = running.http.request(reqwest::Method::OPTIONS, &running.url);
    let answer = request
        .header("webhook-request-origin", "broker.example")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["allow"], "POST, OPTIONS");
    assert_eq!(answer.headers()["webhook-allowed-origin"], "broker.example");
    assert_eq!(
        running
            .http
            .get(&running.url)
            .send()
            .await
            .unwrap()
            .status(),
        405
    );
    for path in ["health", "readiness", "metrics"] {
        let answer = running
            .http
            .get(format!("{}{path}", running.url))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
}
