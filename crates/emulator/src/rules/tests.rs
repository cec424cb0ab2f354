use proptest::prelude::*;

use super::*;

const PHOTOS: &str = "acs:oss:cn-shanghai:1234567890123456:photos";
const PUT: &str = "ObjectCreated:PutObject";
const POST: &str = "ObjectCreated:PostObject";
const DELETE: &str = "ObjectRemoved:DeleteObject";

fn rule_of(match_rules: Vec<Vec<MatchRule>>, events: &[&str]) -> Rule {
    Rule {
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        match_rules,
        endpoint: Endpoint::Queue("faces".to_owned()),
    }
}

fn rule(prefix: &str, suffix: &str, events: &[&str]) -> Rule {
    rule_of(vec![photos(MatchRule::key(prefix, suffix))], events)
}

/// A rule for some keys of one bucket.
fn photos(key: MatchRule) -> Vec<MatchRule> {
    let bucket = MatchRule::bucket(PHOTOS.to_owned());
    let says_something = key.prefix.is_some() || key.suffix.is_some();
    [bucket]
        .into_iter()
        .chain(says_something.then_some(key))
        .collect()
}

fn not(rule: MatchRule) -> MatchRule {
    MatchRule {
        match_state: false,
        ..rule
    }
}

fn rules() -> (Journal, Rules) {
    let journal = Journal::in_memory();
    let rules = Rules::new(&journal).unwrap();
    (journal, rules)
}

#[test]
fn a_rule_matches_its_keys_and_events() {
    let (journal, rules) = rules();
    let lists = vec![
        photos(MatchRule::key("in/", ".jpg")),
        // A part of the name may be the full one.
        vec![
            MatchRule::key(&format!("{PHOTOS}/png/"), ""),
            not(MatchRule::key("png/small/", "")),
        ],
        vec![MatchRule::bucket(format!("{PHOTOS}/one"))],
    ];
    let images = rule_of(lists, &[PUT, "ObjectRemoved:*"]);
    rules.put(&journal, "images", images).unwrap();
    let cases = [
        ("prefix and suffix", "photos", "in/a.jpg", PUT, true),
        ("another suffix", "photos", "in/a.png", PUT, false),
        ("another prefix", "photos", "out/a.jpg", PUT, false),
        ("the second list", "photos", "png/a", PUT, true),
        (
            "what the second list excludes",
            "photos",
            "png/small/a",
            PUT,
            false,
        ),
        ("one object", "photos", "one", PUT, true),
        ("an object beside it", "photos", "one.jpg", PUT, false),
        ("another event", "photos", "in/a.jpg", POST, false),
        ("an event of a group", "photos", "in/a.jpg", DELETE, true),
        ("another bucket", "other", "in/a.jpg", PUT, false),
        (
            "another bucket with a full prefix",
            "other",
            "png/a",
            PUT,
            false,
        ),
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
fn rules_that_would_publish_twice_are_refused() {
    let without_results = rule_of(
        vec![vec![
            MatchRule::bucket(PHOTOS.to_owned()),
            not(MatchRule::key("in/", "")),
        ]],
        &[PUT],
    );
    let elsewhere = vec![vec![MatchRule::bucket(PHOTOS.replace("photos", "other"))]];
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
        ("another bucket", rule_of(elsewhere, &[PUT]), false),
        ("all but these keys", without_results, false),
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
fn a_rule_may_be_replaced_by_itself_but_not_created_again() {
    let (journal, rules) = rules();
    rules.put(&journal, "only", rule("", "", &[PUT])).unwrap();
    let again = rule("in/", "", &[PUT]);
    let refused = rules.create(&journal, "only", again.clone());
    assert!(matches!(refused, Err(RuleError::Exists(_))));
    rules.put(&journal, "only", again.clone()).unwrap();
    assert_eq!(rules.get("only"), Some(again));
    assert!(rules.delete(&journal, "only").unwrap());
    assert!(!rules.delete(&journal, "only").unwrap());
}

#[test]
fn malformed_rules_are_refused() {
    let long = "n".repeat(86);
    let nothing = MatchRule::key("", "");
    let name_and_suffix = MatchRule {
        suffix: Some("s".to_owned()),
        ..MatchRule::bucket(PHOTOS.to_owned())
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
        ("no list", "rule", rule_of(Vec::new(), &[PUT])),
        ("an empty list", "rule", rule_of(vec![Vec::new()], &[PUT])),
        (
            "six lists",
            "rule",
            rule_of(vec![photos(nothing.clone()); 6], &[PUT]),
        ),
        (
            "an empty match rule",
            "rule",
            rule_of(vec![vec![nothing]], &[PUT]),
        ),
        (
            "a name and a suffix",
            "rule",
            rule_of(vec![vec![name_and_suffix]], &[PUT]),
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
    let number = |number: usize| rule(&format!("{number}/"), "", &[PUT]);
    for n in 0..10 {
        rules
            .put(&journal, &format!("rule-{n}"), number(n))
            .unwrap();
    }
    let eleventh = rules.put(&journal, "rule-10", number(10));
    assert!(matches!(eleventh, Err(RuleError::TooMany)));
    rules
        .put(&journal, "rule-9", rule("x/", "", &[PUT]))
        .unwrap();
}

fn match_rule() -> impl Strategy<Value = MatchRule> {
    let text = || prop::option::of("[ab]{0,3}");
    (any::<bool>(), text(), text(), any::<bool>()).prop_map(|(state, prefix, suffix, full)| {
        let prefix = prefix.map(|it| if full { format!("{PHOTOS}/{it}") } else { it });
        let rule = match (&prefix, &suffix) {
            (None, None) => MatchRule::bucket(PHOTOS.to_owned()),
            _ => MatchRule {
                prefix,
                suffix,
                ..MatchRule::key("", "")
            },
        };
        MatchRule {
            match_state: state,
            ..rule
        }
    })
}

proptest! {
    #[test]
    fn accepted_rules_never_both_match(
        first in prop::collection::vec(match_rule(), 1..4),
        second in prop::collection::vec(match_rule(), 1..4),
        key in "[ab]{0,8}",
    ) {
        let (journal, rules) = rules();
        rules.put(&journal, "first", rule_of(vec![first], &[PUT])).unwrap();
        let _ = rules.put(&journal, "second", rule_of(vec![second], &[PUT]));
        prop_assert!(rules.matching("photos", &key, PUT).len() <= 1);
    }
}
