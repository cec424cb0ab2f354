//! A source that has an event rule made, against a cloud that takes and refuses rules.

use emulator::call::Service;
use emulator::faults::Kind;
use jiff::{SignedDuration, Timestamp};
use mns::{EventRule, MatchRule, Pattern, PollingWait, QueueAttributes, RuleEndpoint};
use serde_json::{Value, json};

use crate::support::cloud::{ACCOUNT, REGION};
use crate::support::fixture::{SOURCE, TOPIC, World};

/// The name of the one rule that the status has.
fn rule_of(world: &World) -> String {
    let rules = world.status()["eventRules"].clone();
    let [Value::String(name)] = rules.as_array().unwrap().as_slice() else {
        panic!("{rules}");
    };
    name.clone()
}

fn prefixes(rule: &EventRule) -> Vec<&str> {
    let patterns = rule.match_rules.iter().flatten();
    let wanted = patterns.filter(|rule| rule.must_match);
    wanted
        .filter_map(|rule| match &rule.pattern {
            Pattern::Prefix(prefix) => Some(prefix.as_str()),
            Pattern::Name(_) | Pattern::Suffix(_) => None,
        })
        .collect()
}

/// Makes a rule as a user would in the console, for all of the bucket `photos`.
async fn make_theirs(world: &World, bucket: &str) {
    let queue = world.cloud.queue("theirs");
    queue.create(&QueueAttributes::default()).await.unwrap();
    let rule = EventRule {
        event_types: ["ObjectCreated:PutObject".to_owned()].into(),
        match_rules: [[MatchRule::bucket(REGION, ACCOUNT, bucket)].into()].into(),
        endpoint: RuleEndpoint::Queue("theirs".parse().unwrap()),
    };
    let name = format!("theirs-{bucket}").parse().unwrap();
    world
        .cloud
        .event_rules()
        .create(&name, &rule)
        .await
        .unwrap();
}

fn reason(world: &World) -> String {
    world.condition("EventRuleReady")["reason"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn first_reconcile_makes_queue_and_rule() {
    let world = World::start_ruled().await;
    world.reconcile().await.unwrap();
    insta::assert_snapshot!(world.conditions(), @r"
    CredentialsProvided: True
    DeadLetterSinkResolved: True DeadLetterSinkNotConfigured the source has no dead letter sink
    Deployed: Unknown DeploymentUpdating the latest generation of deployment `mnsosssource-photos-9e107d9d-372b-4b2c-8d2c-0f8e5b6a7c1d` is not observed yet
    EventRuleReady: True TakingEffect event rule `mnsoss-shop-photos-9e0dfa92b415-319a766c722eca78` is new: OSS takes up to ten minutes to follow it, and does not announce what is uploaded before
    OIDCIdentityCreated: True authentication-oidc feature disabled no sink expects tokens
    QueueReady: True
    Ready: Unknown DeploymentUpdating the latest generation of deployment `mnsosssource-photos-9e107d9d-372b-4b2c-8d2c-0f8e5b6a7c1d` is not observed yet
    SinkProvided: True
    Subscribed: True EventRuleDelivers the event rule delivers straight into the queue
    ");
    insta::assert_snapshot!(world.events(), @r"
    Normal QueueCreated: created queue `mnsoss-shop-photos-319a766c722eca78`
    Normal EventRuleCreated: created event rule `mnsoss-shop-photos-9e0dfa92b415-319a766c722eca78`
    Normal DeploymentCreated: created deployment `mnsosssource-photos-9e107d9d-372b-4b2c-8d2c-0f8e5b6a7c1d`
    ");
    let rule = world.cloud.event_rule(&rule_of(&world)).await.unwrap();
    insta::assert_debug_snapshot!(rule);
    assert_eq!(world.cloud.subscriptions(TOPIC).await, [""; 0]);
}

#[tokio::test]
async fn objects_that_the_rule_covers_reach_the_queue() {
    let world = World::start_ruled().await;
    let bucket = world.cloud.bucket("photos");
    bucket.create().await.unwrap();
    world.settle_ready().await;
    for key in ["elsewhere.jpg", "in/out/rec-a.jpg", "in/a.jpg"] {
        let options = oss::PutOptions::default();
        let key = key.parse().unwrap();
        bucket.put(&key, "photo".into(), &options).await.unwrap();
    }
    let queue = world.cloud.queue(&World::queue_name());
    let message = queue.receive(PollingWait::MIN).await.unwrap().unwrap();
    let events = oss::event::parse(&message.body).unwrap();
    assert_eq!(events[0].address().unwrap().key.as_str(), "in/a.jpg");
    assert!(
        queue.receive(PollingWait::MIN).await.unwrap().is_none(),
        "the other two are not covered"
    );
}

#[tokio::test]
async fn quiet_source_is_not_written_to_and_calls_the_cloud_twice() {
    let mut world = World::start_ruled().await;
    world.settle_ready().await;
    world.restart();
    world.cluster.calls();
    let before = world.cloud.calls();
    world.reconcile().await.unwrap();
    assert_eq!(world.cluster.writes(), [""; 0]);
    assert_eq!(world.cloud.calls() - before, 2, "the queue and the rule");
}

#[tokio::test]
async fn new_rule_is_reported_as_taking_effect_until_it_has() {
    let world = World::start_ruled().await;
    world.settle_ready().await;
    assert_eq!(reason(&world), "TakingEffect");
    let age = |world: &World, age: SignedDuration| {
        let then = (Timestamp::now() - age).round(jiff::Unit::Second).unwrap();
        world.cluster.change(SOURCE, |source| {
            let conditions = source["status"]["conditions"].as_array_mut().unwrap();
            for condition in conditions {
                condition["lastTransitionTime"] = json!(then.to_string());
            }
        });
    };
    age(&world, SignedDuration::from_mins(9));
    world.settle().await;
    assert_eq!(reason(&world), "TakingEffect");
    age(&world, SignedDuration::from_mins(11));
    world.settle().await;
    assert_eq!(reason(&world), "");
    assert_eq!(world.ready(), "True");
}

/// The cloud has no objections to both rules, so there is no time without one.
#[tokio::test]
async fn rule_of_another_bucket_is_made_before_the_old_one_goes() {
    let world = World::start_ruled().await;
    world.settle_ready().await;
    let old = rule_of(&world);
    world.edit(|spec| spec["eventRule"]["bucket"] = json!("albums"));
    world.settle_ready().await;
    let new = rule_of(&world);
    assert_ne!(new, old);
    assert!(world.cloud.event_rule(&new).await.is_some());
    assert_eq!(world.cloud.event_rule(&old).await, None);
    let events = world.events().replace(&old, "OLD").replace(&new, "NEW");
    let replaced =
        "Normal EventRuleReplaced: created event rule `NEW` in place of event rule `OLD`";
    assert!(events.lines().any(|line| line == replaced), "{events}");
}

#[tokio::test]
async fn rule_that_overlaps_the_old_one_replaces_it_and_the_gap_is_reported() {
    let world = World::start_ruled().await;
    world.settle_ready().await;
    let old = rule_of(&world);
    world.edit(|spec| spec["eventRule"]["prefix"] = json!("in/new/"));
    world.settle_ready().await;
    let new = rule_of(&world);
    let rule = world.cloud.event_rule(&new).await.unwrap();
    assert_eq!(prefixes(&rule), ["in/new/"]);
    assert_eq!(world.cloud.event_rule(&old).await, None);
    let events = world.events().replace(&old, "OLD").replace(&new, "NEW");
    let gap = "created event rule `NEW` in place of event rule `OLD`; both cannot exist together, so no rule was in force for ";
    assert!(events.contains(gap), "{events}");
}

/// Both rules are recorded, so that the old one is deleted whatever happens next.
#[tokio::test]
async fn rule_that_could_not_be_deleted_is_not_forgotten() {
    let world = World::start_ruled().await;
    world.settle_ready().await;
    let first = rule_of(&world);
    let fault = Kind::Error {
        status: 503,
        code: "ServiceUnavailable".to_owned(),
    };
    let open = Service::MnsOpen;
    world
        .cloud
        .misbehave_at(open, "DeleteEventRule", fault, None);
    world.edit(|spec| spec["eventRule"]["bucket"] = json!("albums"));
    world.reconcile().await.unwrap();
    assert_eq!(reason(&world), "MnsUnavailable");
    let recorded = world.status()["eventRules"].clone();
    assert_eq!(recorded.as_array().unwrap().len(), 2, "{recorded}");
    let second = recorded[1].as_str().unwrap().to_owned();
    world.edit(|spec| spec["eventRule"]["bucket"] = json!("prints"));
    world.reconcile().await.unwrap();
    world.cloud.behave();
    world.settle_ready().await;
    for name in [first, second] {
        assert_eq!(world.cloud.event_rule(&name).await, None, "{name}");
    }
    assert!(world.cloud.event_rule(&rule_of(&world)).await.is_some());
}

#[tokio::test]
async fn deleted_rule_is_created_again() {
    let mut world = World::start_ruled().await;
    world.settle_ready().await;
    let name = rule_of(&world);
    let rules = world.cloud.event_rules();
    rules.delete(&name.parse().unwrap()).await.unwrap();
    world.restart();
    world.settle().await;
    assert!(world.cloud.event_rule(&name).await.is_some());
}

#[tokio::test]
async fn rule_with_another_content_is_reported_and_not_changed() {
    let mut world = World::start_ruled().await;
    world.settle_ready().await;
    let name = rule_of(&world);
    let mut rule = world.cloud.event_rule(&name).await.unwrap();
    rule.event_types = ["ObjectRemoved:*".to_owned()].into();
    let rules = world.cloud.event_rules();
    rules.delete(&name.parse().unwrap()).await.unwrap();
    rules.create(&name.parse().unwrap(), &rule).await.unwrap();
    world.cluster.change(SOURCE, |source| {
        source["status"]["conditions"] = json!([]);
    });
    world.restart();
    world.settle().await;
    assert_eq!(reason(&world), "EventRuleDiffers");
    assert_eq!(world.cloud.event_rule(&name).await, Some(rule));
}

#[tokio::test]
async fn conflicting_rule_of_the_user_is_reported_and_not_changed() {
    let world = World::start_ruled().await;
    make_theirs(&world, "photos").await;
    world.settle().await;
    assert_eq!(reason(&world), "EventRuleConflict");
    insta::assert_snapshot!(world.condition("EventRuleReady")["message"].as_str().unwrap(), @"another event rule announces some of these events of the same objects already: delete it, or narrow one of the two by `prefix`, `suffix`, `excludePrefix` or `events`");
    assert!(world.cloud.event_rule("theirs-photos").await.is_some());
    let rules = world.cloud.event_rules();
    let theirs = "theirs-photos".parse().unwrap();
    rules.delete(&theirs).await.unwrap();
    world.settle_ready().await;
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let refused = |status, code: &str| Kind::Error {
        status,
        code: code.to_owned(),
    };
    let cases = [
        ("quota", "CreateEventRule", refused(400, "QuotaExceeded")),
        (
            "no permission",
            "CreateEventRule",
            refused(403, "NoPermission"),
        ),
        (
            "no permission to read",
            "GetEventRule",
            refused(403, "NoPermission"),
        ),
        (
            "throttled",
            "CreateEventRule",
            refused(429, "Throttling.User"),
        ),
        ("down", "CreateEventRule", Kind::Drop { after: false }),
        (
            "nonsense",
            "CreateEventRule",
            refused(400, "InvalidParameter"),
        ),
    ];
    let mut told = Vec::new();
    for (name, operation, kind) in cases {
        let world = World::start_ruled().await;
        let open = Service::MnsOpen;
        world.cloud.misbehave_at(open, operation, kind, None);
        world.settle().await;
        let conditions = world.conditions();
        let line = conditions
            .lines()
            .find(|line| line.starts_with("EventRuleReady"));
        told.push(format!("{name}: {}", line.unwrap()));
        assert_ne!(world.ready(), "True", "{name}");
        world.cloud.behave();
        world.settle_ready().await;
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    quota: EventRuleReady: False EventRuleQuotaExceeded the region has as many event rules as the account may have there (10, unless Alibaba Cloud allowed more): delete one that is not needed
    no permission: EventRuleReady: False AccessDenied the key may not call `CreateEventRule` of `rules/mnsoss-shop-photos-9e0dfa92b415-319a766c722eca78`: allow mns:PutEventNotifications, mns:DeleteEventNotifications and mns:GetEventRule to its RAM user
    no permission to read: EventRuleReady: False AccessDenied the key may not call `GetEventRule` of `rules/mnsoss-shop-photos-9e0dfa92b415-319a766c722eca78`: allow mns:PutEventNotifications, mns:DeleteEventNotifications and mns:GetEventRule to its RAM user
    throttled: EventRuleReady: Unknown MnsThrottled MNS answered `Throttling.User` to `CreateEventRule` of `rules/mnsoss-shop-photos-9e0dfa92b415-319a766c722eca78`
    down: EventRuleReady: Unknown MnsUnavailable no MNS OpenAPI answers at `http://mns-open.test`: check the region, or MNS_OPEN_ENDPOINT of the controller; the controller refuses addresses that are not public unless ALLOW_PRIVATE_ENDPOINTS allows them
    nonsense: EventRuleReady: False MnsRefused MNS answered `InvalidParameter` to `CreateEventRule` of `rules/mnsoss-shop-photos-9e0dfa92b415-319a766c722eca78`
    ");
}

#[tokio::test]
async fn deleted_source_leaves_only_rules_of_others() {
    for (policy, is_kept) in [("Delete", false), ("Retain", true)] {
        let world = World::start_ruled().await;
        make_theirs(&world, "albums").await;
        world.edit(|spec| spec["deletionPolicy"] = json!(policy));
        world.settle_ready().await;
        let name = rule_of(&world);
        world.cluster.change(SOURCE, |source| {
            source["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        });
        if !is_kept {
            world.reconcile().await.unwrap();
            assert_eq!(world.cluster.get(SOURCE), None);
        }
        let is_there = world.cloud.event_rule(&name).await.is_some();
        assert_eq!(is_there, is_kept, "{policy}");
        let queues = world.cloud.queues().await;
        assert_eq!(queues.contains(&World::queue_name()), is_kept, "{policy}");
        assert!(world.cloud.event_rule("theirs-albums").await.is_some());
    }
}

#[tokio::test]
async fn topic_in_place_of_the_rule_and_back() {
    let world = World::start_ruled().await;
    world.settle_ready().await;
    let name = rule_of(&world);
    world.edit(|spec| {
        spec["topic"] = json!(TOPIC);
        spec.as_object_mut().unwrap().remove("eventRule");
    });
    world.settle_ready().await;
    assert_eq!(world.cloud.event_rule(&name).await, None);
    assert_eq!(world.cloud.subscriptions(TOPIC).await.len(), 1);
    assert!(world.status().get("eventRules").is_none());
    world.put_source(&crate::support::fixture::ruled_spec());
    world.settle_ready().await;
    assert!(world.cloud.event_rule(&name).await.is_some());
}
