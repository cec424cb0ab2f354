//! More faces than anybody can tell apart.

use picture::MOST_BOXES;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::faces_api::FacesApi;
use crate::pictures::fixture;
use crate::running::{Running, data};

/// The face API's answer about a crowd of women.
fn crowd(count: usize) -> Value {
    let places = [20, 14, 24, 24].repeat(count);
    json!({
        "errno": 0,
        "request_id": "1",
        "face_num": count,
        "face_rect": places,
        "face_prob": vec![0.98; count],
        "gender": vec![0; count],
        "age": vec![37; count],
    })
}

#[tokio::test]
async fn the_reply_says_how_many_were_found_and_how_many_are_marked() {
    let api = FacesApi::with(|_| Some(ResponseTemplate::new(200).set_body_json(crowd(5000))));
    let running = Running::with(api, &[]).await;
    running.upload("crowd.jpg");
    for known in [false, true] {
        let reply = data(running.created("crowd.jpg").await).await;
        let result = &reply["results"][0];
        assert_eq!(result["known"], known);
        assert_eq!(result["face_count"], 5000);
        assert_eq!(result["counts"]["female"], 5000);
        assert_eq!(result["drawn"]["boxes"], MOST_BOXES);
        let listed = result["faces"].as_array().map(Vec::len);
        assert_eq!(listed, (!known).then_some(MOST_BOXES), "known: {known}");
    }
}

#[tokio::test]
async fn a_change_of_encoding_is_told() {
    let running = Running::start().await;
    running.objects.put("a.webp", fixture("lossy.webp"));
    running
        .objects
        .put("b.webp", fixture("lossless-alpha.webp"));
    for known in [false, true] {
        for (key, expected) in [
            ("a.webp", json!("lossy-to-lossless")),
            ("b.webp", Value::Null),
        ] {
            let reply = data(running.created(key).await).await;
            let result = &reply["results"][0];
            assert_eq!(result["known"], known, "{key}");
            assert_eq!(result["conversion"], expected, "{key}");
        }
    }
    let stored = running.objects.get("target/rec-a.webp").unwrap();
    assert_eq!(stored.headers["x-oss-meta-conversion"], "lossy-to-lossless");
}
