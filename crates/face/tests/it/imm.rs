//! The IMM back end: what it calls, and what it makes of answers.

use std::sync::Arc;

use face::imm::{Imm, ImmOptions};
use face::{Analysis, Backend, FaceError};
use serde_json::json;
use signing::LiveCredentials;
use transport::Disposition;
use url::Url;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::received::{header, is_signed_acs3, parameter};
use crate::support::{TestPhoto, credentials, live, told, transport};

const SAMPLE: &str = include_str!("../json/imm-detect-image-faces-response.json");

fn photo() -> TestPhoto {
    TestPhoto::blank(640, 480).stored("cn-beijing", "image/webp")
}

/// Has a photo analysed by a server that answers so; what came out, and what was received.
async fn check(
    photo: TestPhoto,
    answer: ResponseTemplate,
    credentials: LiveCredentials,
) -> (Result<Analysis, FaceError>, Vec<Request>) {
    let server = MockServer::start().await;
    let route = Mock::given(method("POST")).and(path("/"));
    route.respond_with(answer).mount(&server).await;
    let options = ImmOptions {
        project: "faces".to_owned(),
        endpoint: Some(Url::parse(&server.uri()).unwrap()),
    };
    let backend = Backend::from(Imm::new(options, credentials, transport()));
    let outcome = backend.analyse(Arc::new(photo)).await;
    (outcome, server.received_requests().await.unwrap())
}

fn sample() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(SAMPLE, "application/json")
}

fn refusal(status: u16, code: &str, message: &str) -> ResponseTemplate {
    let document = json!({ "RequestId": "R-1", "HostId": "h", "Code": code, "Message": message });
    ResponseTemplate::new(status).set_body_json(document)
}

#[tokio::test]
async fn service_is_told_where_the_photo_lies_and_nothing_secret() {
    let with_token = LiveCredentials::fixed(credentials().with_security_token("sts-token"));
    for credentials in [live(), with_token] {
        let (outcome, received) = check(photo(), sample(), credentials).await;
        assert_eq!(outcome.unwrap().faces.len(), 2);
        let request = &received[0];
        assert!(is_signed_acs3(request));
        assert_eq!(header(request, "x-acs-action"), "DetectImageFaces");
        assert_eq!(header(request, "x-acs-version"), "2020-09-30");
        assert_eq!(parameter(request, "ProjectName").as_deref(), Some("faces"));
        let uri = parameter(request, "SourceURI").unwrap();
        assert_eq!(uri, "oss://photos/a b.jpg", "the key as it is");
        assert!(request.body.is_empty());
        assert!(!request.url.as_str().contains("SECRETSIGNATURE"));
    }
}

#[tokio::test]
async fn photo_that_is_not_stored_upright_is_not_shown() {
    let (outcome, received) = check(TestPhoto::blank(640, 480), sample(), live()).await;
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.reason(), error.disposition()),
        ("not_upright", Disposition::Permanent)
    );
    insta::assert_snapshot!(told(&error), @"`imm` sees a photo only as it is stored, and this one is not stored upright: store it upright, or set another back end");
    assert!(received.is_empty(), "no call is made");
}

#[tokio::test]
async fn tiny_picture_has_no_faces_and_costs_no_call() {
    let (outcome, received) = check(TestPhoto::blank(32, 480), sample(), live()).await;
    assert_eq!(outcome.unwrap(), Analysis::default());
    assert!(received.is_empty());
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let project = "The specified resource project is not found.";
    for (status, code, message, reason) in [
        (400, "ResourceNotFound", project, "misconfigured"),
        (403, "AccessDenied", "The role may not.", "misconfigured"),
        (400, "Throttling.User", "Too fast.", "unavailable"),
        (500, "InternalError", "Sorry.", "unavailable"),
    ] {
        let (outcome, _) = check(photo(), refusal(status, code, message), live()).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.reason(), reason, "{code}");
        let said = told(&error);
        assert!(said.contains(code) && said.contains(message), "{said}");
    }
}

#[tokio::test]
async fn region_must_be_the_name_of_a_host() {
    let options = ImmOptions {
        project: "faces".to_owned(),
        endpoint: None,
    };
    for region in ["example.com/", "x@example.com#", "a b"] {
        let imm = Imm::new(options.clone(), live(), transport());
        let photo = TestPhoto::blank(640, 480).stored(region, "image/jpeg");
        let error = imm.analyse(Arc::new(photo)).await.unwrap_err();
        assert_eq!(error.reason(), "misconfigured", "{region}");
    }
}
