//! Cross-origin rules, as a browser meets them.

use crate::answer::Answer;
use crate::oss::caller::{Caller, scene};

const PAGE: &str = "https://console.example.com";
const RULES: &str = "<CORSConfiguration>\
    <CORSRule><AllowedOrigin>https://*.example.com</AllowedOrigin>\
    <AllowedMethod>POST</AllowedMethod><AllowedMethod>GET</AllowedMethod>\
    <AllowedHeader>X-OSS-*</AllowedHeader><AllowedHeader>content-type</AllowedHeader>\
    <ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-oss-request-id</ExposeHeader>\
    <MaxAgeSeconds>600</MaxAgeSeconds></CORSRule>\
    <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>HEAD</AllowedMethod></CORSRule>\
    </CORSConfiguration>";

async fn from_page(oss: &Caller, line: &str, headers: &[(&str, &str)]) -> Answer {
    oss.send(oss.unsigned(line, headers, "")).await.unwrap()
}

async fn asked(oss: &Caller, origin: &str, method: &str, headers: &str) -> Answer {
    let asked = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", headers),
    ];
    from_page(oss, "OPTIONS /photos/a.jpg", &asked).await
}

#[tokio::test]
async fn rules_are_kept_shown_and_removed() {
    let (_running, oss) = scene().await;
    let none = oss.call("GET /photos?cors", "").await;
    assert_eq!(none.outcome(), "404 NoSuchCORSConfiguration");
    oss.expect("PUT /photos?cors", RULES, "200").await;
    let shown = oss.call("GET /photos?cors", "").await;
    let text = std::str::from_utf8(&shown.body).unwrap();
    let (start, end) = RULES.split_at(RULES.len() - "</CORSConfiguration>".len());
    assert!(
        text.ends_with(&format!("{start}<ResponseVary>false</ResponseVary>{end}")),
        "{text}"
    );
    oss.expect("DELETE /photos?cors", "", "204").await;
    let gone = oss.call("GET /photos?cors", "").await;
    assert_eq!(gone.outcome(), "404 NoSuchCORSConfiguration");
}

#[tokio::test]
async fn only_the_owner_sets_rules_and_none_that_make_no_sense() {
    let (_running, oss) = scene().await;
    for line in [
        "PUT /photos?cors",
        "GET /photos?cors",
        "DELETE /photos?cors",
    ] {
        let refused = oss.anonymous(line, RULES).await;
        assert_eq!(refused.outcome(), "403 AccessDenied", "{line}");
    }
    let empty = oss.call("PUT /photos?cors", "<CORSConfiguration/>").await;
    assert_eq!(empty.outcome(), "400 MalformedXML");
    let patch = RULES.replace("HEAD", "PATCH");
    let patch = oss.call("PUT /photos?cors", patch).await;
    assert_eq!(patch.outcome(), "400 InvalidArgument");
    oss.expect("PUT /nowhere?cors", RULES, "404 NoSuchBucket")
        .await;
}

#[tokio::test]
async fn a_preflight_is_answered_by_the_first_rule_that_matches() {
    let (_running, oss) = scene().await;
    let off = asked(&oss, PAGE, "POST", "").await;
    assert_eq!(off.outcome(), "403 AccessForbidden");
    oss.call("PUT /photos?cors", RULES).await;

    let allowed = asked(&oss, PAGE, "POST", "x-oss-meta-a, Content-Type").await;
    assert_eq!(allowed.status, 200);
    for (name, expected) in [
        ("access-control-allow-origin", Some(PAGE)),
        ("access-control-allow-methods", Some("POST, GET")),
        (
            "access-control-allow-headers",
            Some("x-oss-meta-a, Content-Type"),
        ),
        (
            "access-control-expose-headers",
            Some("ETag, x-oss-request-id"),
        ),
        ("access-control-max-age", Some("600")),
        ("vary", None),
    ] {
        assert_eq!(allowed.header(name), expected, "{name}");
    }
    assert_eq!(
        allowed
            .headers
            .get_all("access-control-allow-origin")
            .iter()
            .count(),
        1
    );

    let anybody = asked(&oss, "null", "HEAD", "").await;
    assert_eq!(anybody.header("access-control-allow-origin"), Some("*"));
    for (origin, method, headers) in [
        ("https://example.org", "POST", ""),
        (PAGE, "DELETE", ""),
        (PAGE, "POST", "authorization"),
        ("null", "HEAD", "x-oss-meta-a"),
    ] {
        let refused = asked(&oss, origin, method, headers).await;
        let case = format!("{origin} {method} {headers}");
        assert_eq!(refused.outcome(), "403 AccessForbidden", "{case}");
        assert_eq!(
            refused.header("access-control-allow-origin"),
            None,
            "{case}"
        );
    }
    let aimless = from_page(&oss, "OPTIONS /photos", &[("origin", PAGE)]).await;
    assert_eq!(aimless.outcome(), "400 BadRequest");
    let nowhere = from_page(&oss, "OPTIONS /nowhere", &[("origin", PAGE)]).await;
    assert_eq!(nowhere.outcome(), "404 NoSuchBucket");
}

#[tokio::test]
async fn answers_say_which_page_may_read_them_refusals_too() {
    let (_running, oss) = scene().await;
    let vary = RULES.replace(
        "</CORSConfiguration>",
        "<ResponseVary>true</ResponseVary></CORSConfiguration>",
    );
    oss.call("PUT /photos?cors", vary).await;
    oss.call("PUT /photos/a.jpg", "photo").await;
    let page = [("origin", PAGE)];
    let read = oss.call_with("GET /photos/a.jpg", &page, "").await;
    assert_eq!(read.header("access-control-allow-origin"), Some(PAGE));
    let exposed = read.header("access-control-expose-headers");
    assert_eq!(exposed, Some("ETag, x-oss-request-id"));
    assert_eq!(read.header("vary"), Some("Origin"));
    let refused = from_page(&oss, "GET /photos/a.jpg", &page).await;
    assert_eq!(refused.outcome(), "403 AccessDenied");
    assert_eq!(refused.header("access-control-allow-origin"), Some(PAGE));
    let stranger = [("origin", "https://example.org")];
    let stranger = oss.call_with("GET /photos/a.jpg", &stranger, "").await;
    assert_eq!(stranger.status, 200, "the browser refuses, not the service");
    assert_eq!(stranger.header("access-control-allow-origin"), None);
    let nobody = oss.call("GET /photos/a.jpg", "").await;
    assert_eq!(nobody.header("access-control-allow-origin"), None);
    assert_eq!(nobody.header("vary"), Some("Origin"));
}
