use super::*;

const TOKEN: &str = "a token that is long enough";

fn sessions(auth_method: AuthMethod) -> Sessions {
    let access = Access {
        auth_method,
        insecure_cookie: false,
        events_host: None,
    };
    Sessions::new(access)
}

fn with_token() -> Sessions {
    sessions(AuthMethod::Token(TOKEN.to_owned()))
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        let name = http::HeaderName::from_static(name);
        (name, HeaderValue::from_str(value).unwrap())
    });
    pairs.collect()
}

fn now() -> Timestamp {
    "2026-11-29T00:00:00Z".parse().unwrap()
}

#[test]
fn the_token_opens_a_session_that_ends() {
    let sessions = with_token();
    for wrong in ["", "a token", "a token that is long enougH"] {
        assert_eq!(sessions.open(wrong, now()), None, "{wrong}");
    }
    let cookie = sessions.open(TOKEN, now()).unwrap();
    let cookie = cookie.to_str().unwrap();
    assert!(
        cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"),
        "{cookie}"
    );
    let (pair, _) = cookie.split_once(';').unwrap();
    assert!(!pair.contains(TOKEN));
    let both = format!("other=1; {pair}");
    let sent = headers(&[("cookie", &both)]);
    assert!(sessions.session(&sent, now()).is_some());
    let end = now() + LIFETIME;
    assert!(sessions.session(&sent, end).is_none(), "after its end");
    let restarted = with_token();
    assert!(restarted.session(&sent, now()).is_some(), "a restart");
    let other =
        super::tests::sessions(AuthMethod::Token("another token of some length".to_owned()));
    assert!(other.session(&sent, now()).is_none(), "another token");
}

#[test]
fn a_forged_cookie_opens_nothing() {
    let sessions = with_token();
    let cookie = sessions.open(TOKEN, now()).unwrap();
    let (value, _) = cookie.to_str().unwrap().split_once(';').unwrap();
    let (_, auth_method) = value.split_once('.').unwrap();
    for forged in [
        "console=".to_owned(),
        "console=1".to_owned(),
        format!("console=99999999999.{auth_method}"),
        format!("{value}A"),
        value.replace("console", "session"),
    ] {
        let sent = headers(&[("cookie", &forged)]);
        assert_eq!(sessions.session(&sent, now()), None, "{forged}");
    }
}

#[test]
fn a_proxy_names_the_user_and_no_token_is_taken() {
    let name = http::HeaderName::from_static("x-forwarded-user");
    let sessions = sessions(AuthMethod::Header(name));
    assert!(!sessions.takes_tokens());
    assert_eq!(sessions.open("", now()), None);
    assert_eq!(sessions.session(&HeaderMap::new(), now()), None);
    let empty = headers(&[("x-forwarded-user", "")]);
    assert_eq!(sessions.session(&empty, now()), None);
    let sent = headers(&[("x-forwarded-user", "ada")]);
    assert!(sessions.session(&sent, now()).is_some());
}

#[test]
fn only_the_page_of_the_same_session_can_show_the_proof() {
    let sessions = with_token();
    let session = |id: &str| Session { id: id.to_owned() };
    let auth_method = sessions.csrf(&session("one"));
    let shown = headers(&[(CSRF, &auth_method)]);
    assert!(sessions.shows_csrf(&session("one"), &shown));
    assert!(!sessions.shows_csrf(&session("two"), &shown));
    assert!(!sessions.shows_csrf(&session("one"), &HeaderMap::new()));
}

#[test]
fn requests_of_other_sites_are_known() {
    for (name, pairs, expected) in [
        ("no browser", &[][..], false),
        ("the page", &[("sec-fetch-site", "same-origin")], false),
        ("typed", &[("sec-fetch-site", "none")], false),
        ("a sibling", &[("sec-fetch-site", "same-site")], true),
        ("another", &[("sec-fetch-site", "cross-site")], true),
        (
            "old, the page",
            &[("origin", "http://a:1"), ("host", "a:1")],
            false,
        ),
        (
            "old, another",
            &[("origin", "http://a:2"), ("host", "a:1")],
            true,
        ),
        ("old, nowhere", &[("origin", "null"), ("host", "a:1")], true),
    ] {
        assert_eq!(is_of_another_site(&headers(pairs)), expected, "{name}");
    }
}
