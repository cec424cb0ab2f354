//! What may be estimated of faces, as the operator says.

use serde_json::{Value, json};

use crate::faces_api::FacesApi;
use crate::running::{Running, data};

/// The analysis of one woman of 37 years: in the reply, and on the result.
async fn told(attributes: &str) -> (Value, String) {
    let flag = format!("--attributes={attributes}");
    let running = Running::with(FacesApi::new(), &[&flag, "--sidecar=json"]).await;
    running.upload("a.jpg");
    let mut reply = data(running.created("a.jpg").await).await;
    // When it was drawn and stored is not known yet to what is stored.
    let steps = reply["results"][0].as_object_mut().unwrap().remove("steps");
    assert!(steps.is_some(), "{attributes}");
    let sidecar = running.objects.get("target/rec-a.jpg.json").unwrap();
    let sidecar: Value = serde_json::from_slice(&sidecar.content).unwrap();
    assert_eq!(sidecar, reply, "{attributes}");
    let result = running.objects.get("target/rec-a.jpg").unwrap();
    let record =
        ["genders", "analysis"].map(|name| &*result.headers[&format!("x-oss-meta-{name}")]);
    (reply["results"][0].clone(), record.join(" "))
}

#[tokio::test]
async fn only_the_wanted_attributes_are_told() {
    for (attributes, gender, age, counts, record) in [
        (
            "age,gender",
            json!("female"),
            json!(37),
            [0, 1, 0],
            "0,1,0 20,14,24,24,0.98,F,37,",
        ),
        (
            "gender",
            json!("female"),
            Value::Null,
            [0, 1, 0],
            "0,1,0 20,14,24,24,0.98,F,,",
        ),
        (
            "age",
            Value::Null,
            json!(37),
            [0, 0, 1],
            "0,0,1 20,14,24,24,0.98,,37,",
        ),
        (
            "none",
            Value::Null,
            Value::Null,
            [0, 0, 1],
            "0,0,1 20,14,24,24,0.98,,,",
        ),
    ] {
        let (result, stored) = told(attributes).await;
        let face = &result["faces"][0];
        assert_eq!(face["rect"]["left"], 20, "{attributes}");
        assert_eq!(
            (&face["gender"], &face["age"]),
            (&gender, &age),
            "{attributes}"
        );
        assert_eq!(result["face_count"], 1, "{attributes}");
        let [male, female, unknown] = counts;
        let counts = json!({ "male": male, "female": female, "unknown": unknown });
        assert_eq!(result["counts"], counts, "{attributes}");
        assert_eq!(stored, record, "{attributes}");
    }
}

/// Else a result from before the setting would go on telling what it must not.
#[tokio::test]
async fn results_of_another_setting_are_made_anew() {
    let faces = FacesApi::new();
    let before = Running::with(faces.clone(), &[]).await;
    before.upload("a.jpg");
    before.created("a.jpg").await;
    let result = before.objects.get("target/rec-a.jpg").unwrap();

    let after = Running::with(faces.clone(), &["--attributes=none"]).await;
    after.upload("a.jpg");
    after
        .objects
        .put_with("target/rec-a.jpg", result.content, result.headers);
    let reply = data(after.created("a.jpg").await).await;
    assert_eq!(reply["results"][0]["known"], false);
    assert_eq!(reply["results"][0]["faces"][0]["age"], Value::Null);
    assert_eq!(faces.asked().len(), 2);
}
