//! The MNS OpenAPI over sockets: event rules straight into a queue, and how they are refused.

use std::collections::BTreeSet;

use http::Request;
use jiff::Timestamp;
use mns::{EventRule, EventRuleName, EventRules, MatchRule, RefusalKind, RuleEndpoint};
use serde_json::{Value, json};
use service::ConnectOptions;
use signing::{Credentials, rpc};
use transport::{RetryPolicy, Transport};

use crate::mns::caller::Caller as MnsCaller;
use crate::oss::caller::Caller as OssCaller;
use crate::running::{ACCOUNT, REGION, Running, credentials};

const EVENT_STATUS: &str = "x-oss-event-status";

/// An emulator with a bucket `photos` and a queue `q`.
struct Scene {
    running: Running,
    rules: EventRules,
    oss: OssCaller,
    mns: MnsCaller,
}

impl Scene {
    async fn new() -> Self {
        let running = Running::start().await;
        let (oss, mns) = (OssCaller::of(&running), MnsCaller::of(&running));
        oss.call("PUT /photos", "").await;
        mns.create_queue("q", "").await;
        Self {
            rules: rules(&running, credentials()),
            running,
            oss,
            mns,
        }
    }

    /// How many messages are in the queue.
    async fn messages(&self) -> String {
        let status = self.mns.call("GET /queues/q", "").await;
        status.text("ActiveMessages").to_owned()
    }

    /// Calls an action with the older signature; status, and the JSON of the response.
    async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> (u16, Value) {
        let common = [
            ("Action", action),
            ("Version", "2022-01-19"),
            ("Format", "JSON"),
        ];
        let query = signing::encode::query(common.iter().chain(parameters).copied());
        let url = format!("http://{}/?{query}", self.running.addresses.mns_open);
        let (mut parts, ()) = Request::post(url).body(()).unwrap().into_parts();
        let nonce = uuid::Uuid::new_v4().to_string();
        rpc::sign(&mut parts, "", &nonce, &credentials(), Timestamp::now()).unwrap();
        let request = Request::from_parts(parts, bytes::Bytes::new());
        let answer = self.oss.send(request).await.unwrap();
        (answer.status, answer.json)
    }
}

fn rules(running: &Running, credentials: Credentials) -> EventRules {
    let endpoint = format!("http://{}", running.addresses.mns_open);
    let transport = Transport::connect(&ConnectOptions::default()).unwrap();
    let transport = transport.with_retry(RetryPolicy::none());
    EventRules::new(endpoint.parse().unwrap(), credentials, transport)
}

fn name(text: &str) -> EventRuleName {
    text.parse().unwrap()
}

/// A rule for what is uploaded to `photos` below `prefix`, but not to `target/`.
fn uploads(prefix: &str) -> EventRule {
    let mut rules = BTreeSet::from([
        MatchRule::bucket(REGION, ACCOUNT, "photos"),
        MatchRule::prefix("target/").negated(),
    ]);
    rules.extend((!prefix.is_empty()).then(|| MatchRule::prefix(prefix)));
    EventRule {
        event_types: ["ObjectCreated:*".to_owned()].into(),
        match_rules: [rules].into(),
        endpoint: RuleEndpoint::Queue("q".parse().unwrap()),
    }
}

#[tokio::test]
async fn a_rule_delivers_into_a_queue_until_it_is_deleted() {
    let scene = Scene::new().await;
    let (rules, oss) = (&scene.rules, &scene.oss);
    let rule = uploads("");
    assert_eq!(rules.get(&name("faces")).await.unwrap(), None);
    rules.create(&name("faces"), &rule).await.unwrap();
    assert_eq!(rules.get(&name("faces")).await.unwrap(), Some(rule));

    let written = oss.call("PUT /photos/a.jpg", "1").await;
    assert_eq!(
        written.header(EVENT_STATUS),
        Some("eyJSZXN1bHQiOiAiT2sifQ==")
    );
    let message = scene.mns.receive("q").await;
    let events = oss::event::parse(message.text("MessageBody").as_bytes()).unwrap();
    assert_eq!(events[0].name.to_string(), "ObjectCreated:PutObject");
    scene.mns.delete("q", message.text("ReceiptHandle")).await;

    for line in ["PUT /photos/target/a.jpg", "DELETE /photos/a.jpg"] {
        let answer = oss.call(line, "").await;
        assert_eq!(answer.header(EVENT_STATUS), None, "{line}");
    }
    assert_eq!(scene.messages().await, "0");

    rules.delete(&name("faces")).await.unwrap();
    rules.delete(&name("faces")).await.unwrap();
    let written = oss.call("PUT /photos/b.jpg", "1").await;
    assert_eq!(written.header(EVENT_STATUS), None);
    assert_eq!(scene.messages().await, "0");
}

#[tokio::test]
async fn refusals_say_of_which_kind_they_are() {
    let scene = Scene::new().await;
    let rules = &scene.rules;
    rules.create(&name("first"), &uploads("0/")).await.unwrap();
    let kind = async |called: &str, rule: EventRule| {
        let refused = rules.create(&name(called), &rule).await.unwrap_err();
        refused.refusal().unwrap().kind()
    };
    assert_eq!(kind("first", uploads("x/")).await, RefusalKind::Conflict);
    assert_eq!(kind("second", uploads("0/1/")).await, RefusalKind::Conflict);
    let nowhere = EventRule {
        endpoint: RuleEndpoint::Topic("t".parse().unwrap()),
        ..uploads("x/")
    };
    assert_eq!(kind("second", nowhere).await, RefusalKind::NotFound);
    for number in 1..10 {
        let rule = uploads(&format!("{number}/"));
        let called = name(&format!("rule-{number}"));
        rules.create(&called, &rule).await.unwrap();
    }
    assert_eq!(kind("eleventh", uploads("x/")).await, RefusalKind::Quota);

    let stranger = self::rules(&scene.running, Credentials::new("LTAI5tOther", "s"));
    let refused = stranger.get(&name("first")).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().kind(), RefusalKind::Denied);
}

const MATCH_RULES: &str = r#"[[{"MatchState":"true","Prefix":"acs:oss:cn-shanghai:1234567890123456:photos/in/","Suffix":".jpg"}]]"#;

fn parameters<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("ProductName", "oss"),
        ("RuleName", "faces"),
        ("EventTypes", r#"["oss:ObjectCreated:PutObject"]"#),
        ("MatchRules", MATCH_RULES),
        (
            "Endpoint",
            r#"{"EndpointType":"queue","EndpointValue":"q"}"#,
        ),
    ];
    for change in changes {
        all.retain(|(name, _)| name != &change.0);
        all.extend(Some(*change).filter(|(_, value)| !value.is_empty()));
    }
    all
}

#[tokio::test]
async fn a_rule_is_shown_in_full_and_listed_by_page() {
    let scene = Scene::new().await;
    let rule = [("ProductName", "oss"), ("RuleName", "faces")];
    let token = [("ClientToken", "once")];
    // The second is a repetition of the first.
    for _ in 0..2 {
        let (status, created) = scene.call("CreateEventRule", &parameters(&token)).await;
        assert_eq!(
            (status, &created["Data"]),
            (200, &json!("faces")),
            "{created}"
        );
    }
    let (_, mut shown) = scene.call("GetEventRule", &rule).await;
    shown["RequestId"] = "...".into();
    insta::assert_snapshot!(format!("{shown:#}"), @r#"
    {
      "Code": 200,
      "Data": {
        "DeliveryMode": "DIRECT",
        "Endpoint": {
          "EndpointType": "queue",
          "EndpointValue": "acs:mns:cn-shanghai:1234567890123456:/queues/q"
        },
        "EventTypes": [
          "ObjectCreated:PutObject"
        ],
        "MatchRules": [
          [
            {
              "MatchState": true,
              "Prefix": "acs:oss:cn-shanghai:1234567890123456:photos/in/",
              "Suffix": ".jpg"
            }
          ]
        ],
        "RuleName": "faces",
        "Subscriptions": []
      },
      "Message": "operation success",
      "RequestId": "...",
      "Status": "Success",
      "Success": true
    }
    "#);
    scene.oss.call("PUT /photos/in/a.jpg", "1").await;
    scene.oss.call("PUT /photos/in/a.png", "1").await;
    assert_eq!(scene.messages().await, "1");

    for (filter, total) in [
        (("ResourceName", "photos"), 1),
        (("ResourceName", "other"), 0),
        (("RuleName", "fac"), 1),
        (("TopicName", "q"), 0),
        (
            (
                "Subscription",
                r#"{"EndpointType":"queue","EndpointValue":"q"}"#,
            ),
            1,
        ),
    ] {
        let asked = [("ProductName", "oss"), ("PageSize", "10"), filter];
        let (_, page) = scene.call("ListEventRules", &asked).await;
        assert_eq!(page["Data"]["Total"], total, "{filter:?} {page}");
        assert_eq!(page["Data"]["PageData"].as_array().unwrap().len(), total);
    }
    // Only a repetition is one: the same call anew is a conflict.
    let (status, again) = scene.call("CreateEventRule", &parameters(&[])).await;
    assert_eq!(
        (status, &again["Code"]),
        (409, &json!("EventRuleAlreadyExist"))
    );
    let (status, _) = scene.call("DeleteEventRule", &rule).await;
    assert_eq!(status, 200);
    let (status, gone) = scene.call("GetEventRule", &rule).await;
    assert_eq!((status, &gone["Code"]), (404, &json!("RESOURCE_NOT_FOUND")));
}

#[tokio::test]
async fn malformed_calls_are_refused_by_the_parameter() {
    let scene = Scene::new().await;
    // What is wrong, the parameter, its value and the code.
    let table = r#"
        another product | ProductName | ecs | InvalidParameter
        no product | ProductName | | MissingParameter
        no name | RuleName | | MissingParameter
        a name with a slash | RuleName | a/b | InvalidParameter
        no event | EventTypes | [] | InvalidParameter
        an event of no group | EventTypes | ["Nothing"] | InvalidParameter
        events that are no list | EventTypes | ObjectCreated:* | InvalidParameter
        no match rule | MatchRules | [[]] | InvalidParameter
        no endpoint | Endpoint | | MissingParameter
        an unknown field | MatchRules | [[{"Infix":"a"}]] | InvalidParameter
        a bucket of another region | MatchRules | [[{"Name":"acs:oss:cn-beijing:1234567890123456:photos"}]] | InvalidParameter
        an endpoint of another kind | Endpoint | {"EndpointType":"http","EndpointValue":"http://a"} | InvalidParameter
        a queue that does not exist | Endpoint | {"EndpointType":"queue","EndpointValue":"other"} | QueueNotExist
    "#;
    for row in table.trim().lines() {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [name, parameter, value, code] = cells[..] else {
            panic!("{row}");
        };
        let changed = parameters(&[(parameter, value)]);
        let (status, refused) = scene.call("CreateEventRule", &changed).await;
        assert!((400..500).contains(&status), "{name}: {refused}");
        assert_eq!(refused["Code"], code, "{name}: {refused}");
        let message = refused["Message"].as_str().unwrap();
        assert!(
            !message.is_empty() && !message.contains('\n'),
            "{name}: {message}"
        );
    }
    let (status, refused) = scene.call("CreateQueue", &[]).await;
    let expected = (404, &json!("InvalidAction.NotFound"));
    assert_eq!((status, &refused["Code"]), expected);
}
