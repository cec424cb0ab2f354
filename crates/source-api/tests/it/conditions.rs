//! Conditions, after the rules of Knative's condition manager.

use jiff::Timestamp;
use proptest::prelude::{
    BoxedStrategy, Just, Strategy as _, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::{collection, sample};
use source_api::{Condition, ConditionStatus, Conditions, Dependent, Notice, READY, Severity};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A reconcile of an observed generation that marks everything true.
fn all_true(stored: &[Condition], second: i64) -> Vec<Condition> {
    let mut conditions = Conditions::begin(stored, Some(1), 1);
    for dependent in Dependent::ALL {
        conditions.mark_true(dependent);
    }
    conditions.finish(at(second))
}

fn shown(conditions: &[Condition]) -> String {
    let line = |condition: &Condition| {
        let Condition {
            type_,
            status,
            severity,
            last_transition_time,
            reason,
            message,
        } = condition;
        let time = last_transition_time
            .as_ref()
            .map_or(-1, |time| time.0.as_second());
        let severity = severity.map_or_else(String::new, |severity| format!(" [{severity:?}]"));
        let why = [reason, message]
            .map(|text| text.as_deref().unwrap_or("-"))
            .join(" ");
        format!("{time:>3} {type_}={status:?}{severity} {why}\n")
    };
    conditions.iter().map(line).collect()
}

fn ready(conditions: &[Condition]) -> &Condition {
    conditions
        .iter()
        .find(|condition| condition.type_ == READY)
        .unwrap()
}

#[test]
fn everything_starts_unknown() {
    let conditions = Conditions::begin(&[], None, 1).finish(at(5));
    insta::assert_snapshot!(shown(&conditions), @r"
    5 CredentialsProvided=Unknown - -
    5 DeadLetterSinkResolved=Unknown - -
    5 Deployed=Unknown - -
    5 EventRuleReady=Unknown - -
    5 OIDCIdentityCreated=Unknown - -
    5 QueueReady=Unknown - -
    5 Ready=Unknown NewObservedGenFailure unsuccessfully observed a new generation
    5 SinkProvided=Unknown - -
    5 Subscribed=Unknown - -
    ");
}

#[test]
fn ready_needs_every_dependent() {
    insta::assert_snapshot!(shown(&all_true(&[], 5)), @r"
    5 CredentialsProvided=True - -
    5 DeadLetterSinkResolved=True - -
    5 Deployed=True - -
    5 EventRuleReady=True - -
    5 OIDCIdentityCreated=True - -
    5 QueueReady=True - -
    5 Ready=True - -
    5 SinkProvided=True - -
    5 Subscribed=True - -
    ");
    for missing in Dependent::ALL {
        let mut conditions = Conditions::begin(&[], Some(1), 1);
        for dependent in Dependent::ALL
            .into_iter()
            .filter(|dependent| *dependent != missing)
        {
            conditions.mark_true(dependent);
        }
        assert!(!conditions.is_ready());
        let conditions = conditions.finish(at(5));
        assert_eq!(
            ready(&conditions).status,
            ConditionStatus::Unknown,
            "{missing:?}"
        );
    }
}

#[test]
fn the_failure_that_came_last_is_ready_s_reason() {
    let mut first = Conditions::begin(&all_true(&[], 1), Some(1), 1);
    first.mark_false(Dependent::Deployed, "Crashing", "the pod exits");
    let stored = first.finish(at(2));
    assert_eq!(ready(&stored).reason.as_deref(), Some("Crashing"));

    let mut second = Conditions::begin(&stored, Some(1), 1);
    second.mark_false(Dependent::SinkProvided, "NotFound", "no such broker");
    second.mark_unknown(Dependent::QueueReady, "Unanswered", "no answer");
    let stored = second.finish(at(3));
    insta::assert_snapshot!(shown(&stored), @r"
    1 CredentialsProvided=True - -
    1 DeadLetterSinkResolved=True - -
    2 Deployed=False Crashing the pod exits
    1 EventRuleReady=True - -
    1 OIDCIdentityCreated=True - -
    3 QueueReady=Unknown Unanswered no answer
    3 Ready=False NotFound no such broker
    3 SinkProvided=False NotFound no such broker
    1 Subscribed=True - -
    ");

    // It is repaired, and the older failure is what is left.
    let mut third = Conditions::begin(&stored, Some(1), 1);
    third.mark_true(Dependent::SinkProvided);
    let stored = third.finish(at(4));
    assert_eq!(ready(&stored).reason.as_deref(), Some("Crashing"));
}

#[test]
fn failures_of_one_reconcile_are_reported_in_their_order() {
    let mut conditions = Conditions::begin(&all_true(&[], 1), Some(1), 1);
    conditions.mark_false(Dependent::Deployed, "Crashing", "the pod exits");
    conditions.mark_false(Dependent::SinkProvided, "NotFound", "no such broker");
    assert_eq!(
        ready(&conditions.finish(at(2))).reason.as_deref(),
        Some("NotFound")
    );
}

#[test]
fn failure_beats_uncertainty_that_came_later() {
    let mut first = Conditions::begin(&all_true(&[], 1), Some(1), 1);
    first.mark_false(Dependent::Subscribed, "Refused", "no such topic");
    let mut second = Conditions::begin(&first.finish(at(2)), Some(1), 1);
    second.mark_unknown(Dependent::Deployed, "Updating", "two of three");
    assert_eq!(
        ready(&second.finish(at(3))).reason.as_deref(),
        Some("Refused")
    );
}

#[test]
fn any_change_moves_the_time_and_no_change_does_not() {
    let stored = all_true(&[], 1);
    assert_eq!(all_true(&stored, 2), stored, "nothing changed");

    let mut conditions = Conditions::begin(&stored, Some(1), 1);
    conditions.mark_true_because(Dependent::Subscribed, "QueueGiven", "somebody else's queue");
    insta::assert_snapshot!(shown(&conditions.finish(at(3))), @r"
    1 CredentialsProvided=True - -
    1 DeadLetterSinkResolved=True - -
    1 Deployed=True - -
    1 EventRuleReady=True - -
    1 OIDCIdentityCreated=True - -
    1 QueueReady=True - -
    1 Ready=True - -
    1 SinkProvided=True - -
    3 Subscribed=True QueueGiven somebody else's queue
    ");
}

#[test]
fn times_are_whole_seconds() {
    let conditions =
        Conditions::begin(&[], None, 1).finish("2026-01-02T03:04:05.678Z".parse().unwrap());
    let text = serde_json::to_value(&conditions[0]).unwrap()["lastTransitionTime"].clone();
    assert_eq!(text, "2026-01-02T03:04:05Z");
}

#[test]
fn notices_have_a_severity_and_no_say() {
    let mut conditions = Conditions::begin(&all_true(&[], 1), Some(1), 1);
    conditions.inform(
        Notice::SinkVersionServed,
        Severity::Info,
        ConditionStatus::False,
        "ObsoleteVersion",
        "v1 is used",
    );
    let stored = conditions.finish(at(2));
    assert_eq!(ready(&stored).status, ConditionStatus::True);
    let notice = stored
        .iter()
        .find(|one| one.type_ == Notice::SinkVersionServed.as_str())
        .unwrap();
    assert_eq!(notice.severity, Some(Severity::Info));

    let mut conditions = Conditions::begin(&stored, Some(1), 1);
    conditions.clear(Notice::SinkVersionServed);
    assert_eq!(conditions.finish(at(3)), all_true(&[], 1));
}

#[test]
fn a_new_generation_that_nothing_was_learnt_of_is_not_ready() {
    let stored = all_true(&[], 1);
    let conditions = Conditions::begin(&stored, Some(1), 2).finish(at(2));
    insta::assert_snapshot!(shown(&[ready(&conditions).clone()]), @"  2 Ready=Unknown NewObservedGenFailure unsuccessfully observed a new generation");

    let mut learnt = Conditions::begin(&conditions, Some(1), 2);
    learnt.mark_true(Dependent::SinkProvided);
    assert_eq!(ready(&learnt.finish(at(3))).status, ConditionStatus::True);
}

#[test]
fn conditions_of_others_stay_unless_they_would_count() {
    let other = |type_: &str, severity| Condition {
        type_: type_.to_owned(),
        status: ConditionStatus::False,
        severity,
        last_transition_time: None,
        reason: None,
        message: None,
    };
    let stored = [
        other("Audited", Some(Severity::Warning)),
        other("RemovedInAnOlderVersion", None),
    ];
    let conditions = Conditions::begin(&stored, Some(1), 1).finish(at(2));
    let types: Vec<_> = conditions.iter().map(|one| one.type_.as_str()).collect();
    assert!(
        types.contains(&"Audited") && !types.contains(&"RemovedInAnOlderVersion"),
        "{types:?}"
    );
}

/// What a reconcile may do to a dependent.
fn mark() -> BoxedStrategy<(Dependent, ConditionStatus, u8)> {
    let status = prop_oneof![
        3 => Just(ConditionStatus::True),
        1 => Just(ConditionStatus::False),
        1 => Just(ConditionStatus::Unknown),
    ];
    (sample::select(Dependent::ALL.to_vec()), status, any::<u8>()).boxed()
}

proptest! {
    #[test]
    fn rules_hold_over_any_reconciles(reconciles in collection::vec(collection::vec(mark(), 0..8), 1..8)) {
        let mut stored: Vec<Condition> = Vec::new();
        for (index, marks) in reconciles.iter().enumerate() {
            let second = i64::try_from(index).unwrap() + 1;
            let mut conditions = Conditions::begin(&stored, Some(1), 1);
            for (dependent, status, word) in marks {
                let reason = format!("R{}", word % 3);
                match status {
                    ConditionStatus::True => conditions.mark_true(*dependent),
                    ConditionStatus::False => conditions.mark_false(*dependent, &reason, "m"),
                    ConditionStatus::Unknown => conditions.mark_unknown(*dependent, &reason, "m"),
                }
            }
            let is_ready = conditions.is_ready();
            let next = conditions.finish(at(second));
            check_rules(&stored, &next, second, is_ready)?;
            stored = next;
        }
    }
}

fn check_rules(
    before: &[Condition],
    after: &[Condition],
    second: i64,
    is_ready: bool,
) -> Result<(), proptest::test_runner::TestCaseError> {
    prop_assert!(
        after.is_sorted_by_key(|one| one.type_.clone()),
        "sorted by type"
    );
    let summary = ready(after);
    prop_assert_eq!(summary.status == ConditionStatus::True, is_ready);
    let dependents: Vec<_> = after.iter().filter(|one| one.type_ != READY).collect();
    prop_assert_eq!(dependents.len(), Dependent::ALL.len());
    let worst = [ConditionStatus::False, ConditionStatus::Unknown]
        .into_iter()
        .find(|status| dependents.iter().any(|one| one.status == *status));
    prop_assert_eq!(summary.status, worst.unwrap_or(ConditionStatus::True));
    if let Some(worst) = worst {
        let failing = dependents.iter().filter(|one| one.status == worst);
        let latest = failing.clone().map(|one| time(one)).max();
        let copied = failing
            .filter(|one| Some(time(one)) == latest)
            .any(|one| (&one.reason, &one.message) == (&summary.reason, &summary.message));
        prop_assert!(copied, "reason of the latest failure");
    }
    for condition in after {
        prop_assert!(condition.severity.is_none());
        let same = before.iter().any(|one| one == condition);
        prop_assert!(same || time(condition) == at(second), "{condition:?}");
    }
    Ok(())
}

fn time(condition: &Condition) -> Timestamp {
    condition.last_transition_time.as_ref().unwrap().0
}
