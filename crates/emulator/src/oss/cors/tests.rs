use super::*;

fn read(rules: &str) -> Result<Cors> {
    Cors::read(format!("<CORSConfiguration>{rules}</CORSConfiguration>").as_bytes())
}

fn rule(elements: &str) -> Result<Cors> {
    read(&format!("<CORSRule>{elements}</CORSRule>"))
}

const ORIGIN_AND_METHOD: &str =
    "<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>";

#[test]
fn a_rule_keeps_its_elements_in_whatever_order_they_stand() {
    let cors = rule(
        "<AllowedOrigin>https://a</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>\
         <AllowedOrigin>https://b</AllowedOrigin><MaxAgeSeconds>5</MaxAgeSeconds>\
         <AllowedMethod>GET</AllowedMethod>",
    );
    let rule = &cors.unwrap().rules[0];
    assert_eq!(rule.origins, ["https://a", "https://b"]);
    assert_eq!(rule.methods, ["PUT", "GET"]);
    assert_eq!(rule.max_age_seconds, Some(5));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let many = format!("<CORSRule>{ORIGIN_AND_METHOD}</CORSRule>").repeat(MAX_RULES + 1);
    for rules in ["", "<CORSRule/>", &many] {
        assert!(read(rules).is_err(), "{rules}");
    }
    for more in [
        "<AllowedOrigin>https://*.*</AllowedOrigin>",
        "<AllowedOrigin></AllowedOrigin>",
        "<AllowedMethod>PATCH</AllowedMethod>",
        "<ExposeHeader>x-oss-*</ExposeHeader>",
        "<ExposeHeader>a b</ExposeHeader>",
        "<MaxAgeSeconds>-1</MaxAgeSeconds>",
        "<MaxAgeSeconds>1000000000</MaxAgeSeconds>",
    ] {
        assert!(
            rule(&format!("{ORIGIN_AND_METHOD}{more}")).is_err(),
            "{more}"
        );
    }
    rule(ORIGIN_AND_METHOD).unwrap();
}

#[test]
fn an_asterisk_stands_for_any_text_within_a_name() {
    for (pattern, text, expected) in [
        ("*", "https://a", true),
        ("https://*.a.org", "https://x.a.org", true),
        ("https://*.a.org", "https://a.org", false),
        ("https://*.a.org", "https://x.a.org.evil", false),
        ("ab*ba", "aba", false),
        ("https://a", "https://a:1", false),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}
