use super::*;

const NOW: &str = "2024-05-06T07:08:09Z";

fn fields() -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        pair("key", "p/a.jpg"),
        pair("content-type", "image/jpeg"),
        pair("x-oss-meta-a", "1"),
    ]
}

fn check(conditions: &str) -> Result<()> {
    let json =
        format!(r#"{{"expiration":"2024-05-06T08:00:00.000Z","conditions":[{conditions}]}}"#);
    Policy::parse(&json)?.check("photos", "p/a.jpg", &fields(), NOW.parse().unwrap())
}

#[test]
fn conditions_hold_or_do_not() {
    let cases = [
        (r#"{"bucket":"photos"}"#, true),
        (r#"{"bucket":"other"}"#, false),
        (r#"["eq","$key","p/a.jpg"]"#, true),
        (r#"["eq","$Key","p/b.jpg"]"#, false),
        (r#"["starts-with","$key","p/"]"#, true),
        (r#"["starts-with","$key","q/"]"#, false),
        (r#"["starts-with","$x-oss-meta-b",""]"#, true),
        (r#"["in","$content-type",["image/png","image/jpeg"]]"#, true),
        (r#"["in","$content-type",["image/png"]]"#, false),
        (r#"["not-in","$content-type",["image/png"]]"#, true),
        (r#"["not-in","$content-type",["image/jpeg"]]"#, false),
        (r#"{"X-Oss-Meta-A":"1"},{"bucket":"photos"}"#, true),
        (r#"["content-length-range",0,10]"#, true),
    ];
    for (conditions, expected) in cases {
        assert_eq!(check(conditions).is_ok(), expected, "{conditions}");
    }
}

#[test]
fn a_malformed_policy_is_named_as_such() {
    for conditions in [
        r#"["eq","key","v"]"#,
        r#"["like","$key","v"]"#,
        "7",
        r#"["eq","$key"]"#,
        "{}",
        r#"{"a":"1","b":"2"}"#,
        r#"["content-length-range",-1,10]"#,
    ] {
        let refused = check(conditions).unwrap_err().to_string();
        assert!(
            refused.contains("InvalidPolicyDocument"),
            "{conditions}: {refused}"
        );
    }
    assert!(Policy::parse("{").is_err());
    assert!(Policy::parse(r#"{"conditions":[]}"#).is_err());
}

#[test]
fn an_expired_policy_allows_nothing() {
    let policy =
        Policy::parse(r#"{"expiration":"2024-05-06T07:00:00.000Z","conditions":[]}"#).unwrap();
    let refused = policy
        .check("photos", "p/a.jpg", &fields(), NOW.parse().unwrap())
        .unwrap_err();
    assert!(refused.to_string().contains("AccessDenied"), "{refused}");
}

#[test]
fn the_length_is_bounded_on_both_sides() {
    let json =
        r#"{"expiration":"2024-05-06T08:00:00Z","conditions":[["content-length-range",2,"4"]]}"#;
    let policy = Policy::parse(json).unwrap();
    let allowed: Vec<u64> = (0..7)
        .filter(|length| policy.check_length(*length).is_ok())
        .collect();
    assert_eq!(allowed, [2, 3, 4]);
}
