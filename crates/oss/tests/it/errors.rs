//! What errors say and what they ask the caller to do.

use std::error::Error as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{Timestamp, ToSpan as _};
use oss::{Addressing, Error, SignatureVersion};
use signing::time::http_date;
use transport::Disposition;
use wiremock::ResponseTemplate;

use crate::support::{answering, bucket_at, key, xml};
use crate::vector;

async fn refused(answer: ResponseTemplate) -> Error {
    let (_server, bucket) = answering(answer).await;
    bucket.get(&key("photos/a b.jpg")).await.unwrap_err()
}

fn document(code: &str) -> String {
    format!("<Error><Code>{code}</Code><RequestId>R</RequestId></Error>")
}

#[tokio::test]
async fn a_missing_object_is_recognised_and_described() {
    let error = refused(xml(404, &vector("oss-error.xml"))).await;
    assert!(error.is_no_such_key());
    assert_eq!(error.code(), Some("NoSuchKey"));
    assert_eq!(error.request_id(), Some("663881D9A1B2C3D4E5F60718"));
    assert_eq!(error.refusal().unwrap().event_code(), Some("0026-00000001"));
    assert_eq!(error.disposition(), Disposition::Permanent);
    insta::assert_snapshot!(error, @"GetObject of `photos/a b.jpg` in bucket `face-image` was refused: status 404, code `NoSuchKey`, message `The specified key does not exist.`, EC `0026-00000001`, request `663881D9A1B2C3D4E5F60718`");
}

#[tokio::test]
async fn a_head_answer_keeps_its_error_in_a_header() {
    let answer = ResponseTemplate::new(404)
        .insert_header(
            "x-oss-err",
            BASE64_STANDARD.encode(vector("oss-error.xml")).as_str(),
        )
        .insert_header("x-oss-ec", "0026-00000001");
    let (_server, bucket) = answering(answer).await;
    let error = bucket.head(&key("a")).await.unwrap_err();
    assert!(error.is_no_such_key());
    insta::assert_snapshot!(error, @"HeadObject of `a` in bucket `face-image` was refused: status 404, code `NoSuchKey`, message `The specified key does not exist.`, EC `0026-00000001`, request `663881D9A1B2C3D4E5F60718`");
}

#[tokio::test]
async fn a_head_answer_without_any_document_is_still_understood() {
    let (_server, bucket) = answering(ResponseTemplate::new(404)).await;
    assert!(bucket.head(&key("a")).await.unwrap_err().is_no_such_key());
    let error = bucket.info().await.unwrap_err();
    assert!(
        !error.is_no_such_key(),
        "a missing bucket is not a missing key"
    );
}

#[tokio::test]
async fn a_wrong_signature_is_told_without_what_was_signed() {
    let error = refused(xml(403, &vector("oss-error-signature.xml"))).await;
    let shown = format!("{error} {error:?}");
    for secret in ["AAAAAAAA", "47 45 54", "LTAI5t", "GET\n"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn the_right_endpoint_is_told_but_not_followed() {
    let error = refused(xml(403, &vector("oss-error-redirect.xml"))).await;
    insta::assert_snapshot!(error, @"GetObject of `photos/a b.jpg` in bucket `face-image` was refused: status 403, code `AccessDenied`, message `The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.`, right endpoint `oss-cn-shanghai.aliyuncs.com`, request `663881D9A1B2C3D4E5F60718`");
    let moved = ResponseTemplate::new(307).insert_header("location", "http://127.0.0.1:9/x");
    let error = refused(moved).await;
    assert_eq!(error.refusal().unwrap().status(), 307);
}

#[tokio::test]
async fn a_wrong_clock_is_named_as_the_cause() {
    let skewed = document("RequestTimeTooSkewed");
    let date = http_date(Timestamp::now() + 90.minutes());
    let error = refused(xml(403, &skewed).insert_header("date", date.as_str())).await;
    let text = error.to_string();
    assert!(
        text.contains("this machine's clock is 5") && text.contains(" s behind"),
        "{text}"
    );
    assert_eq!(error.code(), Some("RequestTimeTooSkewed"));
    assert_eq!(error.request_id(), Some("R"));
}

#[tokio::test]
async fn what_passes_and_what_does_not() {
    let mut table = Vec::new();
    for (status, code) in [
        (400, "InvalidArgument"),
        (400, "RequestTimeout"),
        (403, "AccessDenied"),
        (403, "InvalidAccessKeyId"),
        (403, "SignatureDoesNotMatch"),
        (403, "SecurityTokenExpired"),
        (403, "InvalidObjectState"),
        (403, "RequestTimeTooSkewed"),
        (404, "NoSuchBucket"),
        (404, "NoSuchKey"),
        (409, "FileAlreadyExists"),
        (412, "PreconditionFailed"),
        (416, "InvalidRange"),
        (429, ""),
        (500, "InternalError"),
        (503, "ServiceUnavailable"),
        (503, "DownloadTrafficRateLimitExceeded"),
        (503, "PartitionQpsLimitted"),
        (403, "MetaOperationQpsLimitExceeded"),
    ] {
        let error = refused(xml(status, &document(code))).await;
        table.push(format!("{status} {code} {:?}", error.disposition()));
    }
    insta::assert_snapshot!(table.join("\n"), @"
    400 InvalidArgument Permanent
    400 RequestTimeout Retry
    403 AccessDenied Permanent
    403 InvalidAccessKeyId Retry
    403 SignatureDoesNotMatch Retry
    403 SecurityTokenExpired Retry
    403 InvalidObjectState Permanent
    403 RequestTimeTooSkewed Retry
    404 NoSuchBucket Permanent
    404 NoSuchKey Permanent
    409 FileAlreadyExists Permanent
    412 PreconditionFailed Permanent
    416 InvalidRange Permanent
    429  Retry
    500 InternalError Retry
    503 ServiceUnavailable Retry
    503 DownloadTrafficRateLimitExceeded Retry
    503 PartitionQpsLimitted Retry
    403 MetaOperationQpsLimitExceeded Retry
    ");
    let later = xml(503, "").insert_header("retry-after", "3");
    assert_eq!(
        refused(later).await.disposition(),
        Disposition::RetryAfter(std::time::Duration::from_secs(3))
    );
}

#[tokio::test]
async fn odd_error_bodies_leave_the_status() {
    let large = "x".repeat(1 << 20);
    let nested = "<a>".repeat(10_000);
    let control = document("Bad\u{1b}[31m\nCode");
    for body in [
        "",
        "<html>no</html>",
        "\u{0}",
        &large,
        &nested,
        &control,
        "<Error><Code>A</Code><Code>B</Code></Error>",
    ] {
        let error = refused(xml(502, body)).await;
        assert_eq!(error.refusal().unwrap().status(), 502);
        assert_eq!(error.disposition(), Disposition::Retry);
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_named_without_the_query() {
    let (addressing, signature) = (Addressing::Path, SignatureVersion::V4);
    let bucket = bucket_at(([127, 0, 0, 1], 9).into(), addressing, signature);
    let list = oss::ListRequest {
        prefix: "private-prefix".to_owned(),
        ..Default::default()
    };
    let error = bucket.list(&list, None).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
    let mut chain = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        chain.push(error.to_string());
        cause = error.source();
    }
    assert_eq!(
        chain[..2],
        [
            "ListObjectsV2 of bucket `face-image` went unanswered",
            "no connection to `oss.test`"
        ]
    );
    assert!(!chain.concat().contains("private-prefix"), "{chain:?}");
}
