//! The facebody back end, with pictures that the service reads in their bucket.

use std::sync::Arc;

use face::facebody::{Facebody, FacebodyOptions, RpcSignature};
use face::{Analysis, Backend, FaceError};
use serde_json::json;
use signing::LiveCredentials;
use transport::Disposition;
use url::Url;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::received::{header, is_signed_acs3, is_signed_v1, parameter};
use crate::support::{PRESIGNED, TestPhoto, credentials, live, permits, told, transport};

const SAMPLE: &str = include_str!("../json/facebody-recognize-face-response.json");

/// A photo that facebody reads where it lies.
fn photo() -> TestPhoto {
    TestPhoto::blank(640, 480).stored("cn-shanghai", "image/jpeg")
}

fn sample() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(SAMPLE, "application/json")
}

fn refusal(status: u16, code: &str) -> ResponseTemplate {
    let message = format!("specified string to sign is POST&ImageURL={PRESIGNED}");
    let document = json!({ "RequestId": "R-1", "HostId": "h", "Code": code, "Message": message });
    ResponseTemplate::new(status).set_body_json(document)
}

/// Has the photo analysed by a server with these answers; what came out, and what was received.
async fn check(
    answers: impl IntoIterator<Item = ResponseTemplate>,
    signature: RpcSignature,
    credentials: LiveCredentials,
) -> (Result<Analysis, FaceError>, Vec<Request>) {
    let server = MockServer::start().await;
    for answer in answers {
        let route = Mock::given(method("POST")).and(path("/"));
        route
            .respond_with(answer)
            .up_to_n_times(1)
            .mount(&server)
            .await;
    }
    let options = FacebodyOptions {
        endpoint: Url::parse(&server.uri()).unwrap(),
        signature,
        ..FacebodyOptions::default()
    };
    let backend = Backend::from(Facebody::new(options, credentials, transport(), permits()));
    let outcome = backend.analyse(Arc::new(photo())).await;
    (outcome, server.received_requests().await.unwrap())
}

async fn error_of(answer: ResponseTemplate) -> (FaceError, usize) {
    let answers = [answer.clone(), answer];
    let (outcome, received) = check(answers, RpcSignature::Acs3, live()).await;
    (outcome.unwrap_err(), received.len())
}

#[tokio::test]
async fn recognize_face_is_signed_in_both_ways() {
    let with_token = LiveCredentials::fixed(credentials().with_security_token("sts-token"));
    for credentials in [live(), with_token] {
        let (outcome, received) = check([sample()], RpcSignature::Acs3, credentials.clone()).await;
        assert_eq!(outcome.unwrap().faces.len(), 2);
        assert!(is_signed_acs3(&received[0]));
        assert_eq!(header(&received[0], "x-acs-action"), "RecognizeFace");
        assert_eq!(header(&received[0], "x-acs-version"), "2019-12-30");

        let (outcome, received) = check([sample()], RpcSignature::V1, credentials).await;
        assert_eq!(outcome.unwrap().faces.len(), 2);
        assert!(is_signed_v1(&received[0]));
        let parameter = |name| parameter(&received[0], name);
        assert_eq!(parameter("Action").as_deref(), Some("RecognizeFace"));
        assert_eq!(parameter("Version").as_deref(), Some("2019-12-30"));
        assert_eq!(parameter("Format").as_deref(), Some("JSON"));
    }
}

#[tokio::test]
async fn parameters_ask_for_age_and_gender_of_many() {
    for signature in [RpcSignature::Acs3, RpcSignature::V1] {
        let (_, received) = check([sample()], signature, live()).await;
        let parameter = |name| parameter(&received[0], name).unwrap();
        assert_eq!(parameter("ImageURL"), PRESIGNED);
        assert_eq!([parameter("Age"), parameter("Gender")], ["true", "true"]);
        assert_eq!(parameter("MaxFaceNumber"), "100");
    }
}

#[tokio::test]
async fn throttling_is_retried_with_a_new_nonce() {
    let answers = [refusal(400, "Throttling.User"), sample()];
    let (outcome, received) = check(answers, RpcSignature::Acs3, live()).await;
    assert_eq!(outcome.unwrap().faces.len(), 2);
    assert!(received.iter().all(is_signed_acs3));
    let nonces: Vec<_> = received
        .iter()
        .map(|request| header(request, "x-acs-signature-nonce"))
        .collect();
    assert_eq!(nonces.len(), 2);
    assert_ne!(nonces[0], nonces[1]);
}

#[tokio::test]
async fn missing_face_is_an_answer() {
    let answers = [refusal(400, "InvalidImage.NotFoundFace")];
    let (outcome, _) = check(answers, RpcSignature::Acs3, live()).await;
    assert_eq!(outcome.unwrap(), Analysis::default());
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let cases = [
        (
            400,
            "InvalidImage.Resolution",
            "picture_refused",
            Disposition::Permanent,
            1,
        ),
        (
            400,
            "InvalidApi.NotPurchase",
            "misconfigured",
            Disposition::Permanent,
            1,
        ),
        (
            400,
            "SignatureDoesNotMatch",
            "misconfigured",
            Disposition::Permanent,
            1,
        ),
        (
            404,
            "InvalidAccessKeyId.NotFound",
            "misconfigured",
            Disposition::Permanent,
            1,
        ),
        (
            400,
            "InvalidSecurityToken.Expired",
            "unavailable",
            Disposition::Retry,
            2,
        ),
        (
            400,
            "InvalidImage.Timeout",
            "unavailable",
            Disposition::Retry,
            2,
        ),
        (
            400,
            "InvalidImage.Download",
            "unavailable",
            Disposition::Retry,
            2,
        ),
        (403, "Throttling", "unavailable", Disposition::Retry, 2),
        (
            503,
            "ServiceUnavailable",
            "unavailable",
            Disposition::Retry,
            2,
        ),
        (
            500,
            "InternalError.Algo",
            "unavailable",
            Disposition::Retry,
            2,
        ),
    ];
    for (status, code, reason, disposition, calls) in cases {
        let (error, received) = error_of(refusal(status, code)).await;
        assert_eq!(
            (error.reason(), error.disposition()),
            (reason, disposition),
            "{code}"
        );
        assert_eq!(received, calls, "{code}");
        let said = format!("{} {error:?}", told(&error));
        assert!(said.contains(code) && said.contains("R-1"), "{said}");
        assert!(!said.contains("SECRETSIGNATURE"), "{said}");
    }
}

#[tokio::test]
async fn useless_answer_is_not_believed() {
    let (error, _) = error_of(ResponseTemplate::new(200).set_body_string("{}")).await;
    insta::assert_snapshot!(told(&error), @"`facebody` sent a response that cannot be used: it lacks `Data`");
    assert_eq!(error.disposition(), Disposition::Retry);
}
