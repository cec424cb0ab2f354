//! Where credentials are read from, and that they stay secret.

use signing::{Credentials, CredentialsError, LiveCredentials, SecretDocument, mns};

use crate::support::{Headers, now, request};

const OFFICIAL_ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
const OFFICIAL_SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
const OFFICIAL_TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";

type Vars<'a> = &'a [(&'a str, &'a str)];
type Found = Result<Option<Credentials>, CredentialsError>;

fn from_vars(vars: Vars<'_>) -> Found {
    Credentials::from_vars(|name| {
        let found = vars.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn variables_are_read_in_order_and_in_full() {
    let pair = || Credentials::new("id", "secret");
    let half = |missing, present| Err(CredentialsError::IncompleteKeyPair { missing, present });
    let old: Vars<'_> = &[("ACCESSKEY_ID", "id"), ("ACCESSKEY_SECRET", "secret")];
    let table: [(&str, Vars<'_>, Found); 11] = [
        ("nothing", &[], Ok(None)),
        (
            "empty values",
            &[(OFFICIAL_ID, ""), (OFFICIAL_SECRET, " ")],
            Ok(None),
        ),
        (
            "official",
            &[(OFFICIAL_ID, "id"), (OFFICIAL_SECRET, "secret")],
            Ok(Some(pair())),
        ),
        (
            "temporary",
            &[
                (OFFICIAL_ID, "id"),
                (OFFICIAL_SECRET, "secret"),
                (OFFICIAL_TOKEN, "token"),
            ],
            Ok(Some(pair().with_security_token("token"))),
        ),
        ("older names", old, Ok(Some(pair()))),
        (
            "official names win",
            &[
                ("ACCESSKEY_ID", "other"),
                ("ACCESSKEY_SECRET", "other"),
                (OFFICIAL_ID, "id"),
                (OFFICIAL_SECRET, "secret"),
            ],
            Ok(Some(pair())),
        ),
        (
            "trailing newline",
            &[(OFFICIAL_ID, "id\n"), (OFFICIAL_SECRET, "secret\n")],
            Ok(Some(pair())),
        ),
        (
            "no secret",
            &[(OFFICIAL_ID, "id")],
            half(OFFICIAL_SECRET, OFFICIAL_ID),
        ),
        (
            "no id",
            &[(OFFICIAL_SECRET, "secret")],
            half(OFFICIAL_ID, OFFICIAL_SECRET),
        ),
        (
            "only a token",
            &[(OFFICIAL_TOKEN, "token")],
            half(OFFICIAL_ID, OFFICIAL_TOKEN),
        ),
        (
            "older names, no secret",
            &[("ACCESSKEY_ID", "id")],
            half("ACCESSKEY_SECRET", "ACCESSKEY_ID"),
        ),
    ];
    for (name, vars, expected) in table {
        assert_eq!(from_vars(vars), expected, "{name}");
    }
}

#[test]
fn half_an_official_pair_is_not_made_up_for_by_older_names() {
    let vars = [
        (OFFICIAL_ID, "id"),
        ("ACCESSKEY_ID", "id"),
        ("ACCESSKEY_SECRET", "secret"),
    ];
    let error = from_vars(&vars).unwrap_err();
    assert_eq!(
        error.to_string(),
        "variable `ALIBABA_CLOUD_ACCESS_KEY_SECRET` is missing although \
         `ALIBABA_CLOUD_ACCESS_KEY_ID` is set"
    );
}

#[test]
fn secret_document_yields_endpoint_and_pair() {
    let document = SecretDocument::from_json(
        r#"{"url":"http://1.mns.cn-shanghai.aliyuncs.com","accessKeyId":"id",
            "accessKeySecret":"secret\n","other":[1]}"#,
    );
    let document = document.unwrap();
    assert_eq!(
        document.url.as_deref(),
        Some("http://1.mns.cn-shanghai.aliyuncs.com")
    );
    assert_eq!(document.credentials, Credentials::new("id", "secret"));

    let text = r#"{"accessKeyId":"id","accessKeySecret":"secret","securityToken":"token"}"#;
    let expected = Credentials::new("id", "secret").with_security_token("token");
    assert_eq!(Credentials::from_json(text), Ok(expected));
}

#[test]
fn bad_documents_are_refused_without_being_quoted() {
    let table = [
        ("not JSON", "hunter2"),
        ("not an object", r#""hunter2""#),
        (
            "number",
            r#"{"accessKeyId":"hunter2","accessKeySecret":22222}"#,
        ),
        (
            "cut short",
            r#"{"accessKeyId":"hunter2","accessKeySecret":"hunter2"#,
        ),
        ("no secret", r#"{"accessKeyId":"hunter2"}"#),
        (
            "empty id",
            r#"{"accessKeyId":" ","accessKeySecret":"hunter2"}"#,
        ),
    ];
    for (name, text) in table {
        let error = Credentials::from_json(text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("22222"),
            "{name}: {shown}"
        );
    }
}

#[test]
fn rotation_reaches_every_clone() {
    let live = LiveCredentials::fixed(Credentials::new("old", "secret"));
    let client = live.clone();
    let in_use = client.get();
    live.replace(Credentials::new("new", "secret"));
    assert_eq!(client.get().access_key_id().as_str(), "new");
    assert_eq!(in_use.access_key_id().as_str(), "old");
}

#[test]
fn debug_output_tells_keys_apart_but_shows_no_secret() {
    let credentials = Credentials::new("LTAI5tKEY", "hunter2").with_security_token("hunter3");
    let shown = format!("{:?}", LiveCredentials::fixed(credentials.clone()));
    assert_eq!(
        shown,
        "LiveCredentials(Credentials { access_key_id: AccessKeyId(LTAI***), \
         access_key_secret: AccessKeySecret(***), \
         security_token: Some(SecurityToken(***)) })"
    );

    let mut parts = request("GET", "/queues", &Headers::new());
    mns::v2::sign(&mut parts, &credentials, now()).unwrap();
    let signature = parts.headers["authorization"]
        .to_str()
        .unwrap()
        .split_once(':')
        .unwrap()
        .1;
    let shown = format!("{parts:?}");
    assert!(
        !shown.contains("hunter") && !shown.contains(signature),
        "{shown}"
    );
}

#[test]
fn credentials_that_no_header_can_carry_leave_the_request_alone() {
    let credentials = Credentials::new("id\nInjected: header", "secret");
    let mut parts = request("GET", "/queues", &Headers::new());
    let error = mns::v2::sign(&mut parts, &credentials, now()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the value for header `authorization` holds characters that a header cannot carry"
    );
    assert!(parts.headers.is_empty());
}
