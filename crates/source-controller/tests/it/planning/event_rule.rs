//! What is to be done about event rules.

use mns::{EventRule, MatchRule, RuleEndpoint};
use source_api::{DeletionPolicy, EventRuleSpec, MnsOssSource};
use source_controller::source::{DesiredQueue, ParsedSource};
use transport::Disposition;

use super::{Case, Change, ENDPOINT, describe, problem};
use crate::support::fixture::{UID, ruled_spec};

/// Everything is in order.
fn in_order() -> Case {
    let mut case = Case::in_order();
    case.source.spec = serde_json::from_value(ruled_spec()).unwrap();
    case.mns().subscription = None;
    let rule = name(&case.source);
    let status = case.source.status.as_mut().unwrap();
    (status.topic, status.subscription) = (None, None);
    status.event_rules = vec![rule];
    let conditions = [
        MatchRule::bucket("cn-shanghai", "1234567890123456", "photos"),
        MatchRule::prefix("in/"),
        MatchRule::prefix("in/out/").negated(),
    ];
    case.observed.event_rule = Some(Ok(Some(EventRule {
        event_types: ["ObjectCreated:*".to_owned()].into(),
        match_rules: [conditions.into()].into(),
        endpoint: RuleEndpoint::Queue(
            crate::support::fixture::World::queue_name()
                .parse()
                .unwrap(),
        ),
    })));
    case
}

/// The name that the source's rule has.
fn name(source: &MnsOssSource) -> String {
    match ParsedSource::new(source.clone()).desired.queue.unwrap() {
        DesiredQueue::Ruled(ruled) => ruled.rule.to_string(),
        other => panic!("no rule: {other:?}"),
    }
}

fn spec(case: &mut Case) -> &mut EventRuleSpec {
    case.source.spec.event_rule.as_mut().unwrap()
}

/// The source asks for another rule, which is not there yet.
fn change(case: &mut Case, change: impl FnOnce(&mut EventRuleSpec)) {
    change(spec(case));
    case.observed.event_rule = Some(Ok(None));
}

fn check(table: &[(&str, Change, &str)]) {
    let old = name(&in_order().source);
    for (name_of_case, change, expected) in table {
        let mut case = in_order();
        change(&mut case);
        let plan = case.plan();
        let mut text = describe(&plan).replace(&old, "OLD");
        if case.source.spec.event_rule.is_some() {
            text = text.replace(&name(&case.source), "NEW");
        }
        assert_eq!(text, *expected, "{name_of_case}");
        assert_eq!(case.plan(), plan, "{name_of_case}: the same again");
    }
}

#[test]
fn rules_are_made_replaced_and_cleaned_up() {
    check(&[
        ("in order", |_| {}, "nothing"),
        (
            "nothing yet",
            |it| {
                it.source.status = None;
                it.observed.event_rule = Some(Ok(None));
                it.mns().queue = None;
            },
            "QueueCreated, created event rule `OLD`",
        ),
        (
            "it was deleted",
            |it| it.observed.event_rule = Some(Ok(None)),
            "created event rule `OLD`",
        ),
        (
            "another prefix",
            |it| change(it, |rule| rule.prefix = Some("other/".to_owned())),
            "created event rule `NEW` in place of event rule `OLD`",
        ),
        (
            "another prefix, retained: a rule that is replaced does not stay",
            |it| {
                it.source.spec.deletion_policy = Some(DeletionPolicy::Retain);
                change(it, |rule| rule.suffix = Some(".png".to_owned()));
            },
            "created event rule `NEW` in place of event rule `OLD`",
        ),
        (
            "the new one is made, and the old one still there",
            |it| spec(it).bucket = "others".to_owned(),
            "removed event rule `OLD`",
        ),
        (
            "the same, said in other words",
            |it| {
                spec(it).region = Some("cn-shanghai".to_owned());
                spec(it).events = vec!["ObjectCreated:*".to_owned()];
            },
            "nothing",
        ),
        (
            "a rule that is shown otherwise",
            |it| {
                let found = it.observed.event_rule.as_mut().unwrap().as_mut().unwrap();
                found.as_mut().unwrap().event_types = ["ObjectRemoved:*".to_owned()].into();
            },
            "nothing",
        ),
        (
            "a status that names rules of others",
            |it| {
                let status = it.source.status.as_mut().unwrap();
                status.event_rules.push("theirs".to_owned());
                let of_another = source_api::names::event_rule("shop", "photos", "another", &1);
                status.event_rules.push(of_another);
            },
            "nothing",
        ),
    ]);
}

#[test]
fn what_is_no_longer_used() {
    check(&[
        (
            "a topic in place of the rule",
            |it| {
                it.source.spec.event_rule = None;
                it.source.spec.topic = Some("uploads".to_owned());
                it.observed.event_rule = None;
            },
            "remove event rule `OLD` at `https://1234567890123456.mns.cn-shanghai.aliyuncs.com`, Subscribed",
        ),
        (
            "a topic in place of the rule, retained",
            |it| {
                it.source.spec.event_rule = None;
                it.source.spec.topic = Some("uploads".to_owned());
                it.source.spec.deletion_policy = Some(DeletionPolicy::Retain);
                it.observed.event_rule = None;
            },
            "Subscribed",
        ),
        (
            "another region",
            |it| {
                let there = ENDPOINT.replace("shanghai", "beijing");
                it.observed.account = Ok(there.parse().unwrap());
                it.observed.deployment = Some(it.desired());
                it.observed.event_rule = Some(Ok(None));
                it.mns().queue = None;
            },
            "remove event rule `OLD`, queue `Q` at `https://1234567890123456.mns.cn-shanghai.aliyuncs.com`, QueueCreated, \
             created event rule `OLD`",
        ),
    ]);
}

#[test]
fn what_cannot_be_done() {
    check(&[
        (
            "a bucket of another region",
            |it| spec(it).region = Some("cn-beijing".to_owned()),
            "RegionMismatch at EventRule",
        ),
        (
            "an endpoint without account",
            |it| {
                it.observed.account = Ok("http://emulator:9324".parse().unwrap());
                it.observed.deployment = Some(it.desired());
            },
            "EndpointIncomplete at EventRule",
        ),
        (
            "the OpenAPI does not answer",
            |it| it.observed.event_rule = Some(Err(problem(Disposition::Retry))),
            "Some at Queue",
        ),
        (
            "MNS does not answer",
            |it| {
                it.observed.mns = Some(Err(problem(Disposition::Retry)));
                it.observed.event_rule = None;
            },
            "Some at Queue",
        ),
    ]);
    assert!(source_api::names::is_made_for(
        &name(&in_order().source),
        UID
    ));
}
