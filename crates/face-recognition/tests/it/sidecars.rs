//! The analysis beside the result.

use serde_json::Value;

use crate::faces_api::FacesApi;
use crate::objects::Object;
use crate::running::{Running, data};

const SIDECAR: &str = "target/rec-a.jpg.json";
const JSON: &[&str] = &["--sidecar=json"];

impl Running {
    fn sidecar(&self) -> Option<Object> {
        self.objects.get(SIDECAR)
    }
}

fn document(sidecar: &Object) -> Value {
    serde_json::from_slice(&sidecar.content).unwrap()
}

#[tokio::test]
async fn the_analysis_is_stored_as_the_reply_tells_it() {
    let running = Running::with(FacesApi::new(), JSON).await;
    running.upload("a.jpg");
    let mut reply = data(running.created("a.jpg").await).await;
    let sidecar = running.sidecar().unwrap();
    assert_eq!(sidecar.headers["content-type"], "application/json");
    // A later delivery may store it again, which must give the same bytes.
    let result = reply["results"][0].as_object_mut().unwrap();
    assert!(result.remove("steps").is_some());
    assert_eq!(document(&sidecar), reply);
    assert_eq!(reply["results"][0]["faces"][0]["age"], 37);
}

#[tokio::test]
async fn nothing_is_stored_beside_the_result_unless_asked_for() {
    let running = Running::start().await;
    running.upload("a.jpg");
    running.created("a.jpg").await;
    assert_eq!(running.objects.keys(), ["a.jpg", "target/rec-a.jpg"]);
}

#[tokio::test]
async fn a_redelivery_finds_the_sidecar_and_stores_nothing() {
    let running = Running::with(FacesApi::new(), JSON).await;
    running.upload("a.jpg");
    running.created("a.jpg").await;
    let calls = running.objects.calls().len();
    let again = data(running.created("a.jpg").await).await;
    assert_eq!(again["results"][0]["known"], true);
    assert_eq!(
        running.objects.calls()[calls..],
        [
            "HEAD a.jpg",
            "HEAD target/rec-a.jpg",
            "HEAD target/rec-a.jpg.json"
        ]
    );
}

/// As after a crash between the two writes, or when sidecars are first switched on.
#[tokio::test]
async fn a_missing_or_outdated_sidecar_is_stored_without_a_new_analysis() {
    let running = Running::with(FacesApi::new(), JSON).await;
    running.upload("a.jpg");
    running.created("a.jpg").await;
    let first = running.sidecar().unwrap();
    let outdated = Object {
        headers: [("x-oss-meta-result-etag".to_owned(), "ANOTHER".to_owned())].into(),
        ..first.clone()
    };
    for damage in [None, Some(outdated)] {
        match damage {
            None => running.objects.remove(SIDECAR),
            Some(Object {
                content, headers, ..
            }) => {
                running.objects.put_with(SIDECAR, content, headers);
            }
        }
        let again = data(running.created("a.jpg").await).await;
        assert_eq!(again["results"][0]["known"], true);
        let sidecar = running.sidecar().unwrap();
        assert_eq!(sidecar.content, first.content, "the same bytes");
        assert_eq!(sidecar.headers, first.headers);
    }
    assert_eq!(running.faces.asked().len(), 1);
}

#[tokio::test]
async fn an_event_is_not_done_before_its_sidecar_is_stored() {
    let running = Running::with(FacesApi::new(), JSON).await;
    running.upload("a.jpg");
    running
        .objects
        .refuse("PUT target/rec-a.jpg.json", 503, "ServiceUnavailable");
    let answer = running.created("a.jpg").await;
    assert_eq!(answer.status(), 503);
    let line = answer.text().await.unwrap();
    assert!(
        line.starts_with("storage: OSS did not store the analysis"),
        "{line}"
    );
}

#[tokio::test]
async fn a_sidecar_is_never_taken_for_a_photo() {
    let running = Running::with(FacesApi::new(), JSON).await;
    running.upload("a.jpg");
    running.created("a.jpg").await;
    assert_eq!(running.created(SIDECAR).await.status(), 202);
    // Nor where it was copied to under a name that says nothing.
    let sidecar = running.sidecar().unwrap();
    running
        .objects
        .put_with("elsewhere", sidecar.content, sidecar.headers);
    assert_eq!(running.created("elsewhere").await.status(), 202);
    assert_eq!(running.faces.asked().len(), 1);
}
