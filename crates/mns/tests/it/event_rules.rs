//! Event rules: the requests of the client, and the forms in which the service shows rules.

use std::collections::BTreeSet;
use std::time::Duration;

use http::header::AUTHORIZATION;
use mns::{
    Credentials, Error, EventRule, EventRuleName, EventRules, MatchRule, Refusal, RefusalKind,
    RetryPolicy, RuleEndpoint, Transport,
};
use serde_json::{Value, json};
use transport::{ConnectOptions, Disposition};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

async fn server(answers: impl IntoIterator<Item = ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    for answer in answers {
        Mock::given(any())
            .respond_with(answer)
            .up_to_n_times(1)
            .mount(&server)
            .await;
    }
    server
}

fn client(server: &MockServer) -> EventRules {
    let retry = RetryPolicy::new(3, Duration::from_millis(1), Duration::from_millis(2));
    let transport = Transport::connect(&ConnectOptions::default()).unwrap();
    let credentials = Credentials::new("LTAI-test", "a secret").with_security_token("a+token/=");
    let endpoint = server.uri().parse().unwrap();
    EventRules::new(endpoint, credentials, transport.with_retry(retry))
}

fn name() -> EventRuleName {
    "faces".parse().unwrap()
}

fn rule() -> EventRule {
    EventRule {
        event_types: BTreeSet::from(["ObjectCreated:PutObject".to_owned()]),
        match_rules: BTreeSet::from([BTreeSet::from([
            MatchRule::bucket("cn-shanghai", "12", "photos"),
            MatchRule::prefix("in/"),
            MatchRule::suffix(".jpg"),
            MatchRule::prefix("in/target/").negated(),
        ])]),
        endpoint: RuleEndpoint::Queue("q".parse().unwrap()),
    }
}

fn ok(data: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "RequestId": "R", "Code": 200, "Success": true, "Status": "Success", "Data": data,
    }))
}

fn refusal(status: u16, code: &str) -> ResponseTemplate {
    let body = json!({"RequestId": "R", "HostId": "h", "Code": code, "Message": "no"});
    ResponseTemplate::new(status).set_body_json(body)
}

fn parameter(request: &Request, name: &str) -> String {
    let found = request.url.query_pairs().find(|(known, _)| known == name);
    found.unwrap().1.into_owned()
}

#[tokio::test]
async fn a_repeated_creation_keeps_its_token_and_is_signed_anew() {
    let lost = ResponseTemplate::new(503);
    let server = server([lost, ok(&json!("faces"))]).await;
    client(&server).create(&name(), &rule()).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let [first, second] = requests.as_slice() else {
        panic!("{} requests", requests.len());
    };
    assert_eq!(first.method.as_str(), "POST");
    assert_eq!(first.url.path(), "/");
    assert_eq!(first.headers["x-acs-action"], "CreateEventRule");
    assert_eq!(first.headers["x-acs-version"], "2022-01-19");
    assert_eq!(first.headers["x-acs-security-token"], "a+token/=");
    assert_eq!(first.url.query(), second.url.query());
    assert_ne!(first.headers[AUTHORIZATION], second.headers[AUTHORIZATION]);
    for (name, expected) in [
        ("ProductName", "oss"),
        ("RuleName", "faces"),
        ("EventTypes", r#"["ObjectCreated:PutObject"]"#),
        (
            "MatchRules",
            concat!(
                r#"[[{"MatchState":true,"Name":"acs:oss:cn-shanghai:12:photos"},"#,
                r#"{"MatchState":true,"Prefix":"in/"},{"MatchState":false,"Prefix":"in/target/"},"#,
                r#"{"MatchState":true,"Suffix":".jpg"}]]"#
            ),
        ),
        (
            "Endpoint",
            r#"{"EndpointType":"queue","EndpointValue":"q"}"#,
        ),
    ] {
        assert_eq!(parameter(first, name), expected, "{name}");
    }
}

#[tokio::test]
async fn every_form_of_a_rule_is_read_as_the_one_that_was_written() {
    let name = json!({"MatchState": true, "Name": "acs:oss:cn-shanghai:12:photos"});
    let excluded = json!({"MatchState": false, "Prefix": "in/target/"});
    let both = json!({"MatchState": "true", "Prefix": "in/", "Suffix": ".jpg"});
    let endpoint = "acs:mns:cn-shanghai:12:/queues/q";
    let data = json!({
        "RuleName": "faces",
        "DeliveryMode": "DIRECT",
        "EventTypes": ["oss:ObjectCreated:PutObject"],
        "MatchRules": [[excluded, both, name]],
        "Endpoint": {"EndpointType": "queue", "EndpointValue": endpoint},
        "Subscriptions": [],
    });
    let server = server([ok(&data)]).await;
    let found = client(&server).get(&self::name()).await.unwrap();
    assert_eq!(found, Some(rule()));
}

#[tokio::test]
async fn a_rule_of_the_console_delivers_to_its_topic() {
    let data = json!({"EventTypes": [], "MatchRules": [], "TopicName": "t"});
    let server = server([ok(&data)]).await;
    let found = client(&server).get(&name()).await.unwrap().unwrap();
    assert_eq!(found.endpoint, RuleEndpoint::Topic("t".parse().unwrap()));
}

#[tokio::test]
async fn answers_that_are_no_rules_are_errors() {
    let endpoint = |kind, value| {
        json!({
            "EventTypes": [], "MatchRules": [],
            "Endpoint": {"EndpointType": kind, "EndpointValue": value},
        })
    };
    let state = json!([[{"MatchState": "perhaps", "Prefix": "a"}]]);
    let neither = json!([[{"MatchState": false, "Prefix": "a", "Suffix": "b"}]]);
    for data in [
        json!(null),
        json!("faces"),
        json!({"EventTypes": [], "MatchRules": []}),
        json!({"EventTypes": [], "MatchRules": state, "TopicName": "t"}),
        json!({"EventTypes": [], "MatchRules": neither, "TopicName": "t"}),
        endpoint("http", "http://example.com"),
        endpoint("queue", "a b"),
    ] {
        let server = server([ok(&data)]).await;
        let error = client(&server).get(&name()).await.unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{data}: {error}");
    }
}

#[tokio::test]
async fn a_missing_rule_is_none_and_deleted_already() {
    let gone = || refusal(404, "RESOURCE_NOT_FOUND");
    let server = server([gone(), gone()]).await;
    let rules = client(&server);
    assert_eq!(rules.get(&name()).await.unwrap(), None);
    rules.delete(&name()).await.unwrap();
}

#[tokio::test]
async fn refusals_are_sorted_and_say_what_was_refused() {
    for (status, code, expected) in [
        (409, "EventRuleConflict", RefusalKind::Conflict),
        (400, "QuotaExceeded", RefusalKind::Quota),
        (404, "QueueNotExist", RefusalKind::NotFound),
        (404, "ResourceNotFound:QueueName", RefusalKind::NotFound),
        (404, "InvalidAccessKeyId.NotFound", RefusalKind::Denied),
        (400, "InvalidSecurityToken.Expired", RefusalKind::Denied),
        (403, "NoPermission", RefusalKind::Denied),
        (400, "SignatureDoesNotMatch", RefusalKind::Denied),
        (400, "InvalidTimeStamp.Expired", RefusalKind::ClockSkew),
        (400, "InvalidParameter", RefusalKind::Invalid),
    ] {
        let server = server([refusal(status, code)]).await;
        let error = client(&server).create(&name(), &rule()).await.unwrap_err();
        assert_eq!(error.refusal().map(Refusal::kind), Some(expected), "{code}");
        assert_eq!(error.disposition(), Disposition::Permanent, "{code}");
        let text = error.to_string();
        let call = "`CreateEventRule` of `rules/faces` was refused";
        assert!(text.starts_with(call) && text.contains(code), "{text}");
    }
}

#[tokio::test]
async fn throttled_calls_are_repeated() {
    let throttled = || refusal(400, "Throttling.User");
    let server = server([throttled(), throttled(), ok(&json!("faces"))]).await;
    client(&server).create(&name(), &rule()).await.unwrap();
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
}
