//! More faces than anybody can tell apart.

use picture::MAX_BOXES;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::faces_api::FacesApi;
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
        assert_eq!(result["drawn"]["boxes"], MAX_BOXES);
        let listed = result["faces"].as_array().map(Vec::len);
        assert_eq!(listed, (!known).then_some(MAX_BOXES), "known: {known}");
    }
}
