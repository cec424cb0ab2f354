use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use emulator::call::Service;
use emulator::faults::Kind;
use http::HeaderValue;
use serde_json::json;

use crate::face::caller::{PHOTO, Scene, shape, unsigned};

#[tokio::test]
async fn attributes_of_a_photo_by_url() {
    let scene = Scene::new().await;
    let url = scene.photo(Some("female/37")).await;
    let body = json!({ "image_url": url }).to_string();
    let answer = scene.old("/face/attribute", &body, |_| {}).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["face_rect"].as_array().unwrap().len(), 4);
    assert_eq!(answer.json["landmark"].as_array().unwrap().len(), 2 * 5);
    let changing = ["/request_id", "/face_rect", "/face_prob", "/landmark"];
    insta::assert_snapshot!(shape(&answer, &changing), @r#"
    {
      "age": [
        37
      ],
      "dense_fea": [],
      "dense_fea_len": 0,
      "err_msg": "",
      "errno": 0,
      "expression": [],
      "face_num": 1,
      "face_prob": "...",
      "face_rect": "...",
      "gender": [
        0
      ],
      "glass": [],
      "iris": [],
      "landmark": "...",
      "landmark_num": 5,
      "pose": [],
      "request_id": "..."
    }
    "#);
}

#[tokio::test]
async fn a_detection_tells_positions_only() {
    let scene = Scene::new().await;
    let body = json!({ "type": 1, "content": BASE64_STANDARD.encode(PHOTO) }).to_string();
    let answer = scene.old("/face/detect", &body, |_| {}).await;
    assert_eq!((answer.status, &answer.json["face_num"]), (200, &json!(1)));
    assert!(answer.json.get("gender").is_none(), "{}", answer.json);
}

#[tokio::test]
async fn what_nobody_says_is_seen() {
    let scene = Scene::new().await;
    let body = json!({ "type": 0, "image_url": scene.photo(None).await }).to_string();
    let answer = scene.old("/face/attribute", &body, |_| {}).await;
    assert_eq!(answer.json["gender"], json!([0]));
    let age = answer.json["age"][0].as_u64().unwrap();
    assert!((20..50).contains(&age), "{age}");
}

#[tokio::test]
async fn failures_have_a_number_and_a_reason() {
    let scene = Scene::new().await;
    let missing = scene.presigned("no-such-bucket", "a.jpg");
    let text = BASE64_STANDARD.encode("not a picture");
    let (attribute, detect) = ("/face/attribute", "/face/detect");
    for (path, body, errno) in [
        (attribute, "{".to_owned(), 1001),
        (attribute, "{}".to_owned(), 1001),
        (detect, json!({ "type": 1 }).to_string(), 1001),
        (detect, json!({ "type": 2 }).to_string(), 1001),
        (
            detect,
            json!({ "type": 1, "content": "!" }).to_string(),
            1001,
        ),
        (detect, json!({ "image_url": "a.jpg" }).to_string(), 1001),
        (detect, json!({ "image_url": missing }).to_string(), 2001),
        (
            detect,
            json!({ "type": 1, "content": text }).to_string(),
            2004,
        ),
        ("/face/verify", "{}".to_owned(), 1002),
    ] {
        let answer = scene.old(path, &body, |_| {}).await;
        assert_eq!(
            (answer.status, &answer.json["errno"]),
            (200, &json!(errno)),
            "{path} {body}"
        );
        assert_ne!(answer.json["err_msg"], "", "{path} {body}");
    }
}

#[tokio::test]
async fn strangers_are_refused() {
    let scene = Scene::new().await;
    let set = |name: &'static str, value: &'static str| {
        move |parts: &mut http::request::Parts| {
            parts.headers.insert(name, HeaderValue::from_static(value));
        }
    };
    let call = async |change: Box<dyn FnOnce(&mut http::request::Parts)>| {
        let answer = scene.old("/face/detect", "{}", change).await;
        (answer.status, answer.json["errno"].as_u64().unwrap())
    };
    assert_eq!(call(Box::new(unsigned)).await, (403, 4001));
    assert_eq!(
        call(Box::new(set("authorization", "Dataplus nobody:c2ln"))).await,
        (403, 4003)
    );
    assert_eq!(
        call(Box::new(set("authorization", "Dataplus LTAI5tTest:c2ln"))).await,
        (403, 4004)
    );
    assert_eq!(call(Box::new(set("accept", "*/*"))).await, (403, 4004));
    assert_eq!(
        call(Box::new(set("date", "Mon, 06 May 2024 07:08:09 GMT"))).await,
        (403, 4002)
    );
}

#[tokio::test]
async fn faults_strike_by_operation() {
    let scene = Scene::new().await;
    let kind = Kind::Error {
        status: 503,
        code: "busy".to_owned(),
    };
    scene.running.once(Service::Face, "FaceDetect", kind);
    let answer = scene.old("/face/detect", "{}", |_| {}).await;
    assert_eq!(
        (answer.status, &answer.json["err_msg"]),
        (503, &json!("busy"))
    );
    assert_eq!(scene.old("/face/attribute", "{}", |_| {}).await.status, 200);
}
