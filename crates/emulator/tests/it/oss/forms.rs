//! Upload forms, well-formed and not.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use signing::oss::post_policy;

use crate::answer::Answer;
use crate::oss::caller::{Caller, scene};
use crate::running::REGION;

const BOUNDARY: &str = "boundary";

fn policy(conditions: &str) -> String {
    let expiration = signing::time::iso_extended(Timestamp::now() + SignedDuration::from_mins(5));
    format!(r#"{{"expiration":"{expiration}","conditions":[{conditions}]}}"#)
}

/// A signed form, V1 or V4.
fn fields(oss: &Caller, v4: bool, key: &str) -> Vec<(&'static str, String)> {
    let now = Timestamp::now();
    let mut fields = if v4 {
        let fixed = post_policy::conditions_v4(REGION, &oss.credentials, now);
        let conditions: Vec<_> = fixed
            .iter()
            .map(|(name, value)| format!(r#"{{"{name}":"{value}"}}"#))
            .collect();
        post_policy::fields_v4(
            &policy(&conditions.join(",")),
            REGION,
            &oss.credentials,
            now,
        )
    } else {
        post_policy::fields_v1(&policy(r#"{"bucket":"photos"}"#), &oss.credentials)
    };
    fields.push(("key", key.to_owned()));
    fields
}

fn form(fields: &[(&str, String)], file: Option<&str>) -> String {
    let part = |head: &str, content: &str| format!("--{BOUNDARY}\r\n{head}\r\n\r\n{content}\r\n");
    let named = |name: &str| format!("Content-Disposition: form-data; name=\"{name}\"");
    let mut parts: Vec<String> = fields
        .iter()
        .map(|(name, value)| part(&named(name), value))
        .collect();
    let head = format!(
        "{}; filename=\"a.jpg\"\r\nContent-Type: image/jpeg",
        named("file")
    );
    parts.extend(file.map(|content| part(&head, content)));
    parts.push(format!("--{BOUNDARY}--\r\n"));
    parts.concat()
}

async fn post(oss: &Caller, body: impl Into<bytes::Bytes>) -> Answer {
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [("content-type", content_type.as_str())];
    oss.send(oss.unsigned("POST /photos", &headers, body))
        .await
        .unwrap()
}

#[tokio::test]
async fn each_signature_is_accepted_and_each_status_answered() {
    let (_running, oss) = scene().await;
    for v4 in [false, true] {
        for (asked, expected) in [("200", 200), ("201", 201), ("204", 204), ("999", 204)] {
            let mut fields = fields(&oss, v4, "photos/${filename}");
            fields.push(("success_action_status", asked.to_owned()));
            let answer = post(&oss, form(&fields, Some("12345"))).await;
            assert_eq!(
                answer.status,
                expected,
                "V4: {v4}, {asked}: {}",
                answer.outcome()
            );
            assert!(answer.header("etag").is_some());
            if expected == 201 {
                assert_eq!(answer.element("Key"), Some("photos/a.jpg"));
            }
        }
    }
    let head = oss.call("HEAD /photos/photos/a.jpg", "").await;
    assert_eq!(head.header("content-type"), Some("image/jpeg"));
}

#[tokio::test]
async fn a_redirect_is_given_where_asked_for() {
    let (_running, oss) = scene().await;
    let mut fields = fields(&oss, false, "a");
    fields.push((
        "success_action_redirect",
        "http://example.com/done".to_owned(),
    ));
    let answer = post(&oss, form(&fields, Some("1"))).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("http://example.com/done"))
    );
}

#[tokio::test]
async fn what_stands_behind_the_file_is_ignored() {
    let (_running, oss) = scene().await;
    let whole = form(&fields(&oss, false, "a"), Some("12345"));
    let extra = "Content-Disposition: form-data; name=\"x-oss-meta-late\"\r\n\r\nlate";
    let whole = whole.replace(
        &format!("--{BOUNDARY}--"),
        &format!("--{BOUNDARY}\r\n{extra}\r\n--{BOUNDARY}--"),
    );
    assert_eq!(post(&oss, whole).await.status, 204);
    let head = oss.call("HEAD /photos/a", "").await;
    assert_eq!((head.status, head.header("x-oss-meta-late")), (200, None));
}

#[tokio::test]
async fn malformed_forms_are_refused() {
    let (_running, oss) = scene().await;
    let good = fields(&oss, false, "a");
    let without = |name: &str| {
        let left = good.iter().filter(|(found, _)| *found != name);
        left.cloned().collect::<Vec<_>>()
    };
    let whole = form(&good, Some("12345"));
    let mut long = good.clone();
    long.push(("x-oss-meta-a", "v".repeat(2 * 1024 * 1024 + 1)));
    let one = |fields: &[_]| form(fields, Some("1"));
    let cut = |length| whole[..length].to_owned();
    let cases = [
        (
            "no file",
            form(&good, None),
            "IncorrectNumberOfFilesInPOSTRequest",
        ),
        ("no key", one(&without("key")), "InvalidArgument"),
        ("no policy", one(&without("policy")), "InvalidArgument"),
        (
            "no signature",
            one(&without("Signature")),
            "InvalidArgument",
        ),
        (
            "no key id",
            one(&without("OSSAccessKeyId")),
            "InvalidArgument",
        ),
        ("cut short", cut(whole.len() - 20), "MalformedPOSTRequest"),
        ("cut in a field", cut(100), "MalformedPOSTRequest"),
        (
            "no form at all",
            "nothing".to_owned(),
            "MalformedPOSTRequest",
        ),
        ("a long field", one(&long), "FieldItemTooLong"),
    ];
    for (name, body, expected) in cases {
        let outcome = post(&oss, body).await.outcome();
        assert_eq!(outcome, format!("400 {expected}"), "{name}");
    }
    let nobody = post(&oss, one(&[("key", "a".to_owned())])).await;
    assert_eq!(nobody.outcome(), "403 AccessDenied");
    assert_eq!(oss.call("HEAD /photos/a", "").await.status, 404);
}

#[test]
fn whatever_is_posted_is_answered() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_running, oss) = runtime.block_on(scene());
    let good = form(&fields(&oss, true, "a"), Some("12345"));
    let changed = (0..good.len(), any::<u8>(), any::<bool>());
    proptest!(ProptestConfig::with_cases(200), |((at, byte, cut) in changed)| {
        let mut body = good.clone().into_bytes();
        if cut { body.truncate(at) } else { body[at] = byte }
        let answer = runtime.block_on(post(&oss, body));
        prop_assert!((200..500).contains(&answer.status), "{}", answer.outcome());
    });
}
