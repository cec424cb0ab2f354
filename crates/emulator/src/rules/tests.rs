use proptest::prelude::*;

use super::*;

fn rule(prefix: &str, suffix: &str, events: &[&str]) -> Rule {
    let text = |text: &str| text.to_owned();
    Rule {
        bucket: text("photos"),
        prefix: text(prefix),
        suffix: text(suffix),
        more: Vec::new(),
        events: events.iter().map(|event| text(event)).collect(),
        topic: None,
    }
}

const PUT: &str = "ObjectCreated:PutObject";
const POST: &str = "ObjectCreated:PostObject";
const DELETE: &str = "ObjectRemoved:DeleteObject";

fn rules() -> (Journal, Rules) {
    let journal = Journal::in_memory();
    let rules = Rules::new(&journal).unwrap();
    (journal, rules)
}

#[test]
fn a_rule_matches_its_keys_and_events() {
    let (journal, rules) = rules();
    let mut images = rule("in/", ".jpg", &[PUT, "ObjectRemoved:*"]);
    images.more.push(Filter {
        prefix: "png/".to_owned(),
        suffix: String::new(),
    });
    rules.put(&journal, "images", images).unwrap();
    let cases = [
        ("prefix and suffix", "photos", "in/a.jpg", PUT, true),
        ("another suffix", "photos", "in/a.png", PUT, false),
        ("another prefix", "photos", "out/a.jpg", PUT, false),
        ("the second filter", "photos", "png/a", PUT, true),
        ("another event", "photos", "in/a.jpg", POST, false),
        ("an event of a group", "photos", "in/a.jpg", DELETE, true),
        ("another bucket", "other", "in/a.jpg", PUT, false),
    ];
    for (name, bucket, key, event, expected) in cases {
        assert_eq!(
            !rules.matching(bucket, key, event).is_empty(),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_rule_without_a_topic_gets_the_name_that_the_service_would_choose() {
    let (journal, rules) = rules();
    let kept = rules
        .put(&journal, "face-rule", rule("", "", &[PUT]))
        .unwrap();
    assert_eq!(kept.topic.as_deref(), Some("mns-en-topics-oss-face-rule-1"));
    assert_eq!(rules.get("face-rule"), Some(kept));
}

#[test]
fn rules_that_would_publish_twice_are_refused() {
    let cases = [
        ("same keys, same event", rule("", "", &[PUT]), true),
        (
            "same keys, event of a group",
            rule("", "", &["ObjectCreated:*"]),
            true,
        ),
        (
            "keys within, same event",
            rule("in/deep/", "x.jpg", &[PUT]),
            true,
        ),
        (
            "same keys, another event",
            rule("in/", ".jpg", &[POST]),
            false,
        ),
        ("other prefix", rule("out/", "", &[PUT]), false),
        ("other suffix", rule("", ".png", &[PUT]), false),
    ];
    for (name, second, expected) in cases {
        let (journal, rules) = rules();
        rules
            .put(&journal, "first", rule("in/", ".jpg", &[PUT]))
            .unwrap();
        let conflict = matches!(
            rules.put(&journal, "second", second),
            Err(RuleError::Conflict { .. })
        );
        assert_eq!(conflict, expected, "{name}");
    }
}

#[test]
fn a_rule_may_be_replaced_by_itself() {
    let (journal, rules) = rules();
    rules.put(&journal, "only", rule("", "", &[PUT])).unwrap();
    rules
        .put(&journal, "only", rule("in/", "", &[PUT]))
        .unwrap();
    assert_eq!(rules.list().len(), 1);
    assert!(rules.delete(&journal, "only").unwrap());
    assert!(!rules.delete(&journal, "only").unwrap());
}

#[test]
fn what_is_no_rule_is_refused() {
    let long = "n".repeat(86);
    let filter = Filter {
        prefix: String::new(),
        suffix: String::new(),
    };
    let cases = [
        ("a name with a slash", "a/b", rule("", "", &[PUT])),
        ("no name", "", rule("", "", &[PUT])),
        ("a long name", long.as_str(), rule("", "", &[PUT])),
        ("no event", "rule", rule("", "", &[])),
        (
            "an event of no group",
            "rule",
            rule("", "", &["ObjectMoved:Here"]),
        ),
        ("half an event", "rule", rule("", "", &["ObjectCreated"])),
        (
            "six filters",
            "rule",
            Rule {
                more: vec![filter; 5],
                ..rule("", "", &[PUT])
            },
        ),
    ];
    for (name, called, refused) in cases {
        let (journal, rules) = rules();
        assert!(rules.put(&journal, called, refused).is_err(), "{name}");
    }
}

#[test]
fn there_are_ten_rules_at_most() {
    let (journal, rules) = rules();
    for number in 0..10 {
        let prefix = format!("{number}/");
        rules
            .put(
                &journal,
                &format!("rule-{number}"),
                rule(&prefix, "", &[PUT]),
            )
            .unwrap();
    }
    let eleventh = rules.put(&journal, "rule-10", rule("10/", "", &[PUT]));
    assert!(matches!(eleventh, Err(RuleError::TooMany)));
    rules
        .put(&journal, "rule-9", rule("x/", "", &[PUT]))
        .unwrap();
}

proptest! {
    #[test]
    fn accepted_rules_never_both_match(
        first in ("[ab]{0,3}", "[ab]{0,3}"),
        second in ("[ab]{0,3}", "[ab]{0,3}"),
        key in "[ab]{0,8}",
    ) {
        let (journal, rules) = rules();
        rules.put(&journal, "first", rule(&first.0, &first.1, &[PUT])).unwrap();
        let _ = rules.put(&journal, "second", rule(&second.0, &second.1, &[PUT]));
        prop_assert!(rules.matching("photos", &key, PUT).len() <= 1);
    }
}
