//! The Dataplus back end against a server that checks what it receives.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use face::dataplus::{Dataplus, ENDPOINT};
use face::{Analysis, Backend, FaceError};
use serde_json::{Value, json};
use signing::LiveCredentials;
use transport::Disposition;
use url::Url;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::received::{header, is_signed_dataplus};
use crate::support::{
    BrokenPhoto, PRESIGNED, TestPhoto, credentials, live, permits, told, transport,
};

const SAMPLE: &str = include_str!("../json/face-attribute-response.json");

fn client(server: &MockServer, credentials: LiveCredentials) -> Backend {
    let endpoint = Url::parse(&server.uri()).unwrap();
    Dataplus::new(endpoint, credentials, transport(), permits()).into()
}

async fn server(answers: impl Into<Vec<ResponseTemplate>>) -> MockServer {
    let server = MockServer::start().await;
    let mut answers = answers.into();
    let last = answers.pop().unwrap();
    let route = || Mock::given(method("POST")).and(path("/face/attribute"));
    for answer in answers {
        route()
            .respond_with(answer)
            .up_to_n_times(1)
            .mount(&server)
            .await;
    }
    route().respond_with(last).mount(&server).await;
    server
}

/// Has a photo analysed by a server with these answers; what came out, and what was received.
async fn check(
    answers: impl Into<Vec<ResponseTemplate>>,
    photo: TestPhoto,
) -> (Result<Analysis, FaceError>, Vec<Request>) {
    let server = server(answers).await;
    let outcome = client(&server, live()).analyse(Arc::new(photo)).await;
    (outcome, server.received_requests().await.unwrap())
}

fn sample() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(SAMPLE, "application/json")
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[tokio::test]
async fn stored_photo_travels_as_its_url() {
    let photo = TestPhoto::blank(640, 480).stored("cn-hangzhou", "image/jpeg");
    let (outcome, received) = check([sample()], photo).await;
    assert_eq!(outcome.unwrap().faces.len(), 2);
    let [request] = received.as_slice() else {
        panic!("{} requests", received.len());
    };
    assert!(is_signed_dataplus(request));
    assert_eq!(body(request), json!({ "type": 0, "image_url": PRESIGNED }));
    assert_eq!(header(request, "accept"), "application/json");
    assert_eq!(header(request, "content-type"), "application/json");
    assert!(header(request, "date").ends_with(" GMT"));
}

#[tokio::test]
async fn other_photos_travel_inside_the_request() {
    let cases = [
        ("not stored", TestPhoto::blank(640, 480)),
        (
            "webp",
            TestPhoto::blank(640, 480).stored("cn-shanghai", "image/webp"),
        ),
    ];
    for (name, photo) in cases {
        let (outcome, received) = check([sample()], photo).await;
        assert_eq!(outcome.unwrap().faces.len(), 2, "{name}");
        assert!(is_signed_dataplus(&received[0]), "{name}");
        let body = body(&received[0]);
        assert_eq!(body["type"], 1, "{name}");
        let file = BASE64_STANDARD
            .decode(body["content"].as_str().unwrap())
            .unwrap();
        assert_eq!(
            image::load_from_memory(&file).unwrap().width(),
            640,
            "{name}"
        );
    }
}

#[tokio::test]
async fn faces_of_a_shrunk_picture_are_scaled_back() {
    // Sent as 2048 x 1024, half its size.
    let (outcome, _) = check([sample()], TestPhoto::blank(4096, 2048)).await;
    let rect = outcome.unwrap().faces[0].rect;
    assert_eq!(
        [rect.left, rect.top, rect.width, rect.height],
        [240, 160, 192, 220]
    );
}

#[tokio::test]
async fn tiny_photo_costs_no_call() {
    let (outcome, received) = check([sample()], TestPhoto::blank(640, 32)).await;
    assert_eq!(outcome.unwrap(), Analysis::default());
    assert_eq!(received.len(), 0);
}

#[tokio::test]
async fn passing_trouble_is_retried_with_a_new_signature() {
    let throttled = ResponseTemplate::new(403).set_body_json(json!({ "Code": "Throttling.User" }));
    for trouble in [ResponseTemplate::new(503), throttled] {
        let (outcome, received) = check([trouble, sample()], TestPhoto::blank(100, 100)).await;
        assert_eq!(
            outcome.unwrap().faces.len(),
            0,
            "the sample's faces are outside"
        );
        assert_eq!(received.len(), 2);
        assert!(received.iter().all(is_signed_dataplus));
    }
}

#[tokio::test]
async fn failures_are_told_apart_without_secrets() {
    let refused = |code: &str| {
        let message = format!("cannot use {PRESIGNED}");
        ResponseTemplate::new(400).set_body_json(json!({ "Code": code, "Message": message }))
    };
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "7");
    let cases = [
        ("wrong key", ResponseTemplate::new(401), "misconfigured"),
        (
            "refused picture",
            refused("InvalidImage.Format"),
            "picture_refused",
        ),
        ("down", busy, "unavailable"),
        (
            "nonsense",
            ResponseTemplate::new(200).set_body_string("{"),
            "invalid_answer",
        ),
    ];
    for (name, answer, reason) in cases {
        let photo = TestPhoto::blank(640, 480).stored("cn-shanghai", "image/jpeg");
        let (outcome, received) = check([answer], photo).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.reason(), reason, "{name}");
        let said = format!("{} {error:?}", told(&error));
        assert!(!said.contains("SECRETSIGNATURE"), "{name}: {said}");
        if reason == "unavailable" {
            let wait = std::time::Duration::from_secs(7);
            assert_eq!(error.disposition(), Disposition::RetryAfter(wait));
            assert_eq!(
                received.len(),
                1,
                "the wait is longer than the policy allows"
            );
        }
    }
}

#[tokio::test]
async fn service_out_of_reach_is_unavailable() {
    // A port that nobody listens on any more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let endpoint = Url::parse(&endpoint).unwrap();
    let backend = Backend::from(Dataplus::new(endpoint, live(), transport(), permits()));
    let photo = TestPhoto::blank(640, 480).stored("cn-shanghai", "image/jpeg");
    let error = backend.analyse(Arc::new(photo)).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
    assert!(!format!("{} {error:?}", told(&error)).contains("SECRETSIGNATURE"));
}

#[tokio::test]
async fn temporary_credentials_are_a_misconfiguration() {
    let server = server([sample()]).await;
    let temporary = LiveCredentials::fixed(credentials().with_security_token("token"));
    let outcome = client(&server, temporary)
        .analyse(Arc::new(TestPhoto::blank(64, 64)))
        .await;
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.reason(), error.disposition()),
        ("misconfigured", Disposition::Permanent)
    );
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn broken_photo_is_the_photos_fault() {
    let server = server([sample()]).await;
    let outcome = client(&server, live()).analyse(Arc::new(BrokenPhoto)).await;
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.reason(), error.disposition()),
        ("picture_unreadable", Disposition::Permanent)
    );
}

#[test]
fn debug_output_shows_the_host_only() {
    let endpoint = Url::parse(ENDPOINT).unwrap();
    let backend = Backend::from(Dataplus::new(endpoint, live(), transport(), permits()));
    insta::assert_snapshot!(format!("{backend:?}"), @r#"Dataplus(Dataplus { host: Some("dtplus-cn-shanghai.data.aliyuncs.com"), .. })"#);
}
