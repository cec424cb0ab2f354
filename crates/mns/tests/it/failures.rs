//! What the service's codes mean to a caller.

use std::net::TcpListener;
use std::time::Duration;

use http::StatusCode;
use mns::{Error, QueueName, RefusalKind};
use signing::{Credentials, LiveCredentials};
use transport::Disposition;
use wiremock::ResponseTemplate;

use crate::server::{Server, client, sample};

#[test]
fn codes_are_sorted() {
    use RefusalKind as Kind;
    let cases = [
        (400, "InvalidArgument", Kind::Invalid),
        (400, "InvalidDegist", Kind::Invalid),
        (400, "InvalidRequestURL", Kind::Invalid),
        (400, "InvalidQueryString", Kind::Invalid),
        (400, "MalformedXML", Kind::Invalid),
        (400, "InvalidAuthorizationHeader", Kind::Invalid),
        (400, "InvalidDateHeader", Kind::Invalid),
        (400, "MissingReceiptHandle", Kind::Invalid),
        (400, "ReceiptHandleError", Kind::BadHandle),
        (400, "InvalidQueueName", Kind::Invalid),
        (400, "QueueDeletedRecently", Kind::Invalid),
        (400, "EndpointInvalid", Kind::Invalid),
        (400, "QpsLimitExceeded", Kind::Throttled),
        (429, "TooManyRequests", Kind::Throttled),
        (403, "AccessDenied", Kind::Denied),
        (403, "InvalidAccessKeyId", Kind::Denied),
        (403, "SignatureDoesNotMatch", Kind::Denied),
        (403, "Throttling.User", Kind::Throttled),
        (404, "MessageNotExist", Kind::NoMessage),
        (404, "QueueNotExist", Kind::NotFound),
        (404, "TopicNotExist", Kind::NotFound),
        (404, "SubscriptionNotExist", Kind::NotFound),
        (404, "SubscriberNotExist", Kind::NotFound),
        (408, "TimeExpired", Kind::ClockSkew),
        (400, "TimeExpired", Kind::ClockSkew),
        (409, "QueueAlreadyExist", Kind::Conflict),
        (409, "TopicAlreadyExist", Kind::Conflict),
        (409, "SubscriptionAlreadyExist", Kind::Conflict),
        (500, "InternalError", Kind::ServiceFault),
        (500, "InternalServerError", Kind::ServiceFault),
        (503, "SomethingNew", Kind::ServiceFault),
        (429, "SomethingNew", Kind::Throttled),
        (409, "SomethingNew", Kind::Conflict),
        (403, "SomethingNew", Kind::Denied),
        (400, "SomethingNew", Kind::Invalid),
    ];
    for (status, code, expected) in cases {
        let kind = RefusalKind::of(code, StatusCode::from_u16(status).ok());
        assert_eq!(kind, expected, "{status} {code}");
        let temporary = matches!(expected, Kind::Throttled | Kind::ServiceFault);
        assert_eq!(kind.is_temporary(), temporary, "{status} {code}");
    }
}

async fn failure(answer: ResponseTemplate) -> Error {
    Server::with(answer)
        .await
        .queue()
        .attributes()
        .await
        .unwrap_err()
}

#[tokio::test]
async fn refusal_says_everything_needed_to_ask() {
    let error =
        failure(ResponseTemplate::new(404).set_body_string(sample("xml/mns-error.xml"))).await;
    insta::assert_snapshot!(
        error,
        @"`GetQueueAttributes` of `queues/photos` was refused: 404 `MessageNotExist`, Message not exist. (request `663881D9A1B2C3D4E5F60718`)"
    );
    assert_eq!(error.call().operation, "GetQueueAttributes");
    assert_eq!(
        error.refusal().unwrap().request_id(),
        Some("663881D9A1B2C3D4E5F60718")
    );
}

#[tokio::test]
async fn clock_that_is_off_is_named_as_the_cause() {
    let answer = ResponseTemplate::new(408)
        .set_body_string("<Error><Code>TimeExpired</Code><RequestId>1</RequestId></Error>")
        .insert_header("date", "Mon, 06 May 2024 07:08:09 GMT");
    let error = failure(answer).await;
    assert_eq!(error.disposition(), Disposition::Permanent);
    insta::assert_snapshot!(
        error,
        @"`GetQueueAttributes` of `queues/photos` was refused: 408 `TimeExpired` (request `1`); set the clock of this machine, it is more than 15 minutes off the service's `Mon, 06 May 2024 07:08:09 GMT`"
    );
}

#[tokio::test]
async fn answer_from_a_front_end_leaves_its_status() {
    let answer = ResponseTemplate::new(502)
        .set_body_string("<html>no")
        .insert_header("x-mns-request-id", "7");
    let error = failure(answer).await;
    assert_eq!(error.disposition(), Disposition::Retry);
    assert_eq!(error.refusal().unwrap().code(), None);
    insta::assert_snapshot!(
        error,
        @"`GetQueueAttributes` of `queues/photos` was refused: 502 Bad Gateway (request `7`)"
    );
}

#[tokio::test]
async fn wait_asked_for_is_passed_on() {
    let answer = ResponseTemplate::new(400)
        .set_body_string("<Error><Code>QpsLimitExceeded</Code></Error>")
        .insert_header("retry-after", "30");
    assert_eq!(
        failure(answer).await.disposition(),
        Disposition::RetryAfter(Duration::from_secs(30))
    );
}

#[tokio::test]
async fn success_that_cannot_be_read_may_pass() {
    let error = failure(ResponseTemplate::new(200).set_body_string("<html></html>")).await;
    assert_eq!(error.disposition(), Disposition::Retry);
    insta::assert_snapshot!(
        format!("{error}: {}", std::error::Error::source(&error).unwrap()),
        @"`GetQueueAttributes` of `queues/photos` was answered with 200 OK and a document that cannot be read: the root element is `html`"
    );
}

#[tokio::test]
async fn server_that_is_not_there_is_retryable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client(
        &format!("http://{address}"),
        LiveCredentials::fixed(Credentials::new("id", "secret")),
    )
    .queue(QueueName::try_new("photos").unwrap())
    .attributes()
    .await
    .unwrap_err();
    assert!(matches!(error, Error::Unanswered { .. }), "{error:?}");
    assert_eq!(error.disposition(), Disposition::Retry);
    insta::assert_snapshot!(error, @"`GetQueueAttributes` of `queues/photos` was not answered");
}

#[tokio::test]
async fn talkative_service_is_cut_short() {
    let body = format!(
        "<Error><Code>InvalidArgument</Code><Message>{}</Message></Error>",
        "x".repeat(10_000)
    );
    let error = failure(ResponseTemplate::new(400).set_body_string(body)).await;
    assert!(error.to_string().len() < 500);
}
