//! What is signed, and what of it may change: nothing.

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use jiff::{SignedDuration, Timestamp};
use signing::Credentials;
use signing::oss::{Resource, SignatureVersion, v1, v4};
use signing::time::{http_date, iso_basic};

use crate::oss::caller::Caller;
use crate::running::{REGION, Running};

fn versions() -> [SignatureVersion; 2] {
    [
        SignatureVersion::V1,
        SignatureVersion::V4 {
            region: REGION.to_owned(),
        },
    ]
}

async fn scene(version: SignatureVersion) -> (Running, Caller) {
    let running = Running::start().await;
    let oss = Caller {
        version,
        ..Caller::of(&running)
    };
    oss.expect("PUT /photos", "", "200").await;
    oss.expect("PUT /photos/a", "12345", "200").await;
    (running, oss)
}

fn presigned(oss: &Caller, line: &str) -> Request<Bytes> {
    let (mut parts, body) = oss.unsigned(line, &[], "").into_parts();
    let resource = Resource {
        bucket: Some("photos"),
        key: Some("a"),
    };
    let expires = std::time::Duration::from_mins(1);
    let now = Timestamp::now();
    oss.version
        .presign(&mut parts, resource, expires, &oss.credentials, now)
        .unwrap();
    Request::from_parts(parts, body)
}

/// The text with one character replaced by another that may stand there.
fn flipped(text: &str, at: usize) -> String {
    let replace = |(index, character): (usize, char)| match (index == at, character) {
        (false, character) => character,
        (true, '0') => '1',
        (true, _) => '0',
    };
    text.chars().enumerate().map(replace).collect()
}

#[tokio::test]
async fn no_character_of_an_authorization_may_change() {
    for version in versions() {
        let (_running, oss) = scene(version).await;
        let request = oss.signed("GET /photos/a", &[], "");
        let text = request.headers()[header::AUTHORIZATION]
            .to_str()
            .unwrap()
            .to_owned();
        for at in 0..text.len() {
            let mut request = request.clone();
            let changed = HeaderValue::try_from(flipped(&text, at)).unwrap();
            request
                .headers_mut()
                .insert(header::AUTHORIZATION, changed.clone());
            let answer = oss.send(request).await.unwrap();
            assert!(
                matches!(answer.status, 400 | 403),
                "{changed:?}: {}",
                answer.outcome()
            );
        }
    }
}

#[tokio::test]
async fn no_character_of_a_presigned_url_may_change() {
    for version in versions() {
        let (_running, oss) = scene(version).await;
        let request = presigned(&oss, "GET /photos/a?response-content-type=text%2Fplain");
        assert_eq!(oss.send(request.clone()).await.unwrap().body, "12345");
        let text = request.uri().to_string();
        let start = text.find("/photos").unwrap() + 1;
        for at in start..text.len() {
            let Ok(uri) = flipped(&text, at).parse::<Uri>() else {
                continue;
            };
            let mut request = request.clone();
            *request.uri_mut() = uri.clone();
            let answer = oss.send(request).await.unwrap();
            assert!(
                matches!(answer.status, 400 | 403 | 404),
                "{uri}: {}",
                answer.outcome()
            );
            assert!(!answer.body.starts_with(b"12345"), "{uri}");
        }
    }
}

type Change = fn(&mut Request<Bytes>);

#[tokio::test]
async fn what_is_signed_may_not_change() {
    for version in versions() {
        let (_running, oss) = scene(version).await;
        let headers = [("content-type", "image/jpeg"), ("x-oss-meta-a", "b")];
        let request = oss.signed("PUT /photos/b?x-oss-traffic-limit=819200", &headers, "1");
        assert_eq!(oss.send(request.clone()).await.unwrap().outcome(), "200");
        let changes: [(&str, Change); 6] = [
            ("the method", |request| {
                *request.method_mut() = http::Method::GET;
            }),
            ("the key", |request| {
                retarget(request, "/photos/b?", "/photos/c?");
            }),
            ("a parameter", |request| {
                retarget(request, "819200", "819201");
            }),
            ("the type", |request| {
                set(request, "content-type", "image/png");
            }),
            ("metadata", |request| {
                set(request, "x-oss-meta-a", "c");
            }),
            ("more metadata", |request| {
                set(request, "x-oss-meta-z", "c");
            }),
        ];
        for (name, change) in changes {
            let mut request = request.clone();
            change(&mut request);
            let answer = oss.send(request).await.unwrap();
            assert_eq!(answer.outcome(), "403 SignatureDoesNotMatch", "{name}");
        }
    }
}

fn retarget(request: &mut Request<Bytes>, from: &str, to: &str) {
    *request.uri_mut() = request.uri().to_string().replace(from, to).parse().unwrap();
}

fn set(request: &mut Request<Bytes>, name: &'static str, value: &'static str) {
    request
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
}

#[tokio::test]
async fn a_mismatch_is_explained() {
    let (_running, mut oss) = scene(SignatureVersion::V1).await;
    oss.credentials = Credentials::new("LTAI5tTest", "wrong");
    let request = oss.signed("GET /photos/a?acl", &[], "");
    let text = request.headers()[header::AUTHORIZATION]
        .to_str()
        .unwrap()
        .to_owned();
    let date = request.headers()[header::DATE].to_str().unwrap().to_owned();
    let answer = oss.send(request).await.unwrap();
    assert_eq!(answer.text("OSSAccessKeyId"), "LTAI5tTest");
    assert_eq!(
        Some(answer.text("SignatureProvided")),
        text.rsplit(':').next()
    );
    assert_eq!(
        answer.text("StringToSign"),
        format!("GET\n\n\n{date}\n/photos/a?acl")
    );
    assert!(answer.text("StringToSignBytes").starts_with("47 45 54 0A "));
    oss.version = SignatureVersion::V4 {
        region: REGION.to_owned(),
    };
    let answer = oss.call("GET /photos/a?acl", "").await;
    assert!(
        answer
            .text("CanonicalRequest")
            .starts_with("GET\n/photos/a\nacl\n")
    );
}

#[tokio::test]
async fn a_request_is_good_for_fifteen_minutes_on_either_side() {
    let (_running, oss) = scene(SignatureVersion::V1).await;
    for (minutes, expected) in [(-16, 403), (-14, 200), (14, 200), (16, 403)] {
        for version in versions() {
            let (mut parts, body) = oss.unsigned("GET /photos/a", &[], "").into_parts();
            let resource = Resource {
                bucket: Some("photos"),
                key: Some("a"),
            };
            let then = Timestamp::now() + SignedDuration::from_mins(minutes);
            version
                .sign(&mut parts, resource, &oss.credentials, then)
                .unwrap();
            let answer = oss.send(Request::from_parts(parts, body)).await.unwrap();
            assert_eq!(answer.status, expected, "{version:?} {minutes} minutes");
            if expected == 403 {
                assert_eq!(answer.outcome(), "403 RequestTimeTooSkewed");
            }
        }
    }
}

#[tokio::test]
async fn two_ways_to_sign_at_once_are_refused() {
    for version in versions() {
        let (_running, oss) = scene(version).await;
        let mut request = presigned(&oss, "GET /photos/a");
        let signed = oss.signed("GET /photos/a", &[], "");
        request.headers_mut().extend(signed.headers().clone());
        assert_eq!(
            oss.send(request).await.unwrap().outcome(),
            "400 InvalidArgument"
        );
    }
}

#[tokio::test]
async fn a_rotated_key_is_refused_at_once() {
    let (running, oss) = scene(SignatureVersion::V1).await;
    running
        .shared
        .keys
        .accept(Credentials::new("LTAI5tNew", "new"), None);
    assert!(running.shared.keys.revoke("LTAI5tTest"));
    oss.expect("GET /photos/a", "", "403 InvalidAccessKeyId")
        .await;
    let oss = Caller {
        credentials: Credentials::new("LTAI5tNew", "new"),
        ..oss
    };
    oss.expect("GET /photos/a", "", "200").await;
}

#[tokio::test]
async fn temporary_credentials_are_checked_with_their_token() {
    let (running, oss) = scene(SignatureVersion::V1).await;
    let temporary = Credentials::new("STS.1", "s").with_security_token("token");
    let soon = Timestamp::now() + SignedDuration::from_mins(5);
    running.shared.keys.accept(temporary.clone(), Some(soon));
    for version in versions() {
        let caller = |credentials| Caller {
            credentials,
            version: version.clone(),
            http: oss.http.clone(),
            base: oss.base.clone(),
        };
        let cases = [
            ("the token", temporary.clone(), "200"),
            (
                "no token",
                Credentials::new("STS.1", "s"),
                "403 InvalidAccessKeyId",
            ),
            (
                "another token",
                Credentials::new("STS.1", "s").with_security_token("t"),
                "403 InvalidSecurityToken",
            ),
            (
                "a token too many",
                oss.credentials.clone().with_security_token("t"),
                "403 InvalidSecurityToken",
            ),
        ];
        for (name, credentials, expected) in cases {
            let answer = caller(credentials).call("GET /photos/a", "").await;
            assert_eq!(answer.outcome(), expected, "{version:?}, {name}");
        }
    }
}

/// Signs a `GET` of the object at `then`, which the header `name` says as `value`.
fn dated(oss: &Caller, name: &'static str, value: &str, then: Timestamp) -> Request<Bytes> {
    let (mut parts, body) = oss.unsigned("GET /photos/a", &[], "").into_parts();
    let resource = Resource {
        bucket: Some("photos"),
        key: Some("a"),
    };
    parts
        .headers
        .insert(name, HeaderValue::try_from(value).unwrap());
    let (method, headers) = (&parts.method, &parts.headers);
    let (id, secret) = ("LTAI5tTest", oss.credentials.access_key_secret());
    let authorization = if let SignatureVersion::V4 { region } = &oss.version {
        let canonical = v4::canonical_request(method, headers, resource, &[], &[]).unwrap();
        let text = v4::string_to_sign(&canonical, region, then);
        // The second line is the date as it was sent.
        let text = text.replace(&iso_basic(then), value);
        let signature = v4::signature(&text, secret, region, then);
        let day = &iso_basic(then)[..8];
        format!(
            "OSS4-HMAC-SHA256 Credential={id}/{day}/{region}/oss/aliyun_v4_request,\
                 Signature={signature}"
        )
    } else {
        let text = v1::string_to_sign(method, headers, resource, &[], value).unwrap();
        format!("OSS {id}:{}", v1::signature(&text, secret))
    };
    let authorization = HeaderValue::try_from(authorization).unwrap();
    parts.headers.insert(header::AUTHORIZATION, authorization);
    Request::from_parts(parts, body)
}

#[tokio::test]
async fn either_signature_may_be_dated_by_either_header_in_either_form() {
    for version in versions() {
        let (_running, oss) = scene(version).await;
        for name in ["date", "x-oss-date"] {
            let now = Timestamp::now();
            for value in [http_date(now), iso_basic(now)] {
                let answer = oss.send(dated(&oss, name, &value, now)).await.unwrap();
                assert_eq!(answer.outcome(), "200", "{:?} {name} {value}", oss.version);
            }
            let late = now - SignedDuration::from_mins(16);
            let request = dated(&oss, name, &http_date(late), late);
            let answer = oss.send(request).await.unwrap();
            assert_eq!(answer.outcome(), "403 RequestTimeTooSkewed", "{name}");
            assert_eq!(answer.header("x-oss-ec"), Some("0002-00000504"), "{name}");
        }
    }
}

#[tokio::test]
async fn a_header_that_is_said_to_be_signed_must_be_there() {
    let version = SignatureVersion::V4 {
        region: REGION.to_owned(),
    };
    let (_running, oss) = scene(version).await;
    let headers = [("x-custom", "1")];
    let (mut parts, body) = oss.unsigned("GET /photos/a", &headers, "").into_parts();
    let resource = Resource {
        bucket: Some("photos"),
        key: Some("a"),
    };
    let additional = [http::HeaderName::from_static("x-custom")];
    let (minute, now) = (std::time::Duration::from_mins(1), Timestamp::now());
    v4::presign_including(
        &mut parts,
        resource,
        REGION,
        &additional,
        minute,
        &oss.credentials,
        now,
    )
    .unwrap();
    let mut request = Request::from_parts(parts, body);
    assert_eq!(oss.send(request.clone()).await.unwrap().outcome(), "200");
    request.headers_mut().remove("x-custom");
    let answer = oss.send(request).await.unwrap();
    assert_eq!(answer.outcome(), "400 InvalidArgument");
    assert!(answer.text("Message").contains("x-custom"));
}
