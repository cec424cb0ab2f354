//! Events with a token, as Knative sends them to a subscriber that announces an audience.
//!
//! Whose token it is has been checked before (by an `EventPolicy`, where there is one), and an
//! event is no more than a claim anyway. So the token changes nothing, and nobody is shown it.

use std::fs;

use crate::binary::Binary;
use crate::faces_api::FacesApi;
use crate::objects::Objects;
use crate::pictures::fixture;
use crate::running::{document, serve};

#[tokio::test]
async fn token_of_an_event_is_neither_needed_nor_shown() {
    let objects = Objects::default();
    objects.put("a.jpg", fixture("420.jpg"));
    let logs = tempfile::NamedTempFile::new().unwrap();
    let api = serve(FacesApi::new()).await;
    let oss = objects.serve().await;
    let binary = Binary::logging(&oss, &api.uri(), logs.reopen().unwrap()).await;
    let event = document(&["a.jpg"]).to_string();
    for authorization in [
        None,
        Some("Bearer header-MARKER.claims-MARKER.signature-MARKER"),
        Some("Basic TUFSS0VS"),
        Some("MARKER"),
    ] {
        let request = binary.request().body(event.clone());
        let request = match authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        };
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{authorization:?}");
        let headers = format!("{:?}", answer.headers());
        let body = answer.text().await.unwrap();
        assert!(!headers.contains("MARKER") && !body.contains("MARKER"));
    }
    let said = fs::read_to_string(logs.path()).unwrap();
    assert!(said.contains("a.jpg"), "{said}");
    assert!(
        !said.contains("MARKER") && !said.contains("TUFSS0VS"),
        "{said}"
    );
}
