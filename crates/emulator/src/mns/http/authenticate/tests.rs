use base64::prelude::BASE64_STANDARD;
use http::{HeaderName, Request};
use signing::mns::{v2, v4};
use signing::{Credentials, LiveCredentials};

use super::*;
use crate::mns::fixture::{credentials, shared};

const BODY: &[u8] = b"<Message/>";

fn unsigned() -> Parts {
    let request = Request::post("/queues/q/messages?x=a+b%20c")
        .header("x-mns-version", "2015-06-06")
        .header("content-type", "text/xml");
    request.body(()).unwrap().into_parts().0
}

fn signed_at(now: Timestamp, credentials: &Credentials) -> Parts {
    let mut parts = unsigned();
    v2::sign(&mut parts, credentials, now).unwrap();
    parts
}

fn outcome(change: impl FnOnce(&mut Parts)) -> Result<(), Code> {
    let shared = shared();
    let now = shared.clock.now();
    let mut parts = signed_at(now, &credentials());
    change(&mut parts);
    check(&shared, &parts, BODY, now).map_err(|refusal| refusal.code)
}

#[tokio::test(start_paused = true)]
async fn each_defect_has_its_own_code() {
    assert_eq!(outcome(|_| {}), Ok(()));
    // A header, its value if it is not removed, and the code.
    let table = "
        authorization | | MissingAuthorizationHeader
        authorization | Basic a:b | InvalidAuthorizationHeader
        authorization | MNS id | InvalidAuthorizationHeader
        authorization | MNS other:c2ln | InvalidAccessKeyId
        authorization | MNS id:c2ln | SignatureDoesNotMatch
        date | | MissingDateHeader
        date | today | InvalidDateHeader
        x-mns-version | | MissingVersionHeader
        content-type | a/b | SignatureDoesNotMatch
        x-mns-prefix | a | SignatureDoesNotMatch
        security-token | t | AccessDenied
    ";
    for row in table.trim().lines() {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let changed = outcome(|parts| {
            parts.headers.remove(cells[0]);
            if !cells[1].is_empty() {
                let name: HeaderName = cells[0].parse().unwrap();
                parts.headers.insert(name, cells[1].parse().unwrap());
            }
        });
        assert_eq!(changed.unwrap_err().name(), cells[2], "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_is_good_for_fifteen_minutes_either_way() {
    let shared = shared();
    let now = shared.clock.now();
    for (seconds, accepted) in [
        (0, true),
        (900, true),
        (-900, true),
        (901, false),
        (-901, false),
    ] {
        let parts = signed_at(now + SignedDuration::from_secs(seconds), &credentials());
        let outcome = check(&shared, &parts, BODY, now).map_err(|refusal| refusal.code);
        let expected = if accepted {
            Ok(())
        } else {
            Err(Code::TimeExpired)
        };
        assert_eq!(outcome, expected, "{seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn either_form_of_the_checksum_is_accepted() {
    let shared = shared();
    let now = shared.clock.now();
    let digest = Md5::digest(BODY);
    let hex = format!("{:032x}", u128::from_be_bytes(digest.into()));
    for (name, value, expected) in [
        ("raw", BASE64_STANDARD.encode(digest), Ok(())),
        ("hexadecimal", BASE64_STANDARD.encode(&hex), Ok(())),
        ("bare", hex, Err(Code::InvalidDegist)),
        (
            "of another body",
            BASE64_STANDARD.encode(Md5::digest(b"")),
            Err(Code::InvalidDegist),
        ),
        ("empty", String::new(), Err(Code::InvalidDegist)),
    ] {
        let mut parts = unsigned();
        parts.headers.insert("content-md5", value.parse().unwrap());
        v2::sign(&mut parts, &credentials(), now).unwrap();
        let outcome = check(&shared, &parts, BODY, now).map_err(|refusal| refusal.code);
        assert_eq!(outcome, expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn temporary_keys_need_their_token_until_they_expire() {
    let shared = shared();
    let now = shared.clock.now();
    let temporary = Credentials::new("STS.id", "other").with_security_token("token");
    let expires = now + SignedDuration::from_mins(1);
    shared.keys.accept(temporary.clone(), Some(expires));
    let live = LiveCredentials::fixed(temporary);
    let parts = signed_at(now, &live.get());
    let code =
        |parts: &Parts, now| check(&shared, parts, BODY, now).map_err(|refusal| refusal.code);
    assert_eq!(code(&parts, now), Ok(()));
    assert_eq!(code(&parts, expires), Err(Code::AccessDenied));
    let mut without = parts.clone();
    without.headers.remove("security-token");
    assert_eq!(code(&without, now), Err(Code::AccessDenied));
}

#[tokio::test(start_paused = true)]
async fn the_newer_signature_is_accepted_for_our_region_only() {
    let shared = shared();
    let now = shared.clock.now();
    for (region, expected) in [
        ("cn-shanghai", Ok(())),
        ("cn-beijing", Err(Code::SignatureDoesNotMatch)),
    ] {
        let mut parts = unsigned();
        v4::sign(&mut parts, region, &credentials(), now).unwrap();
        let outcome = check(&shared, &parts, BODY, now).map_err(|refusal| refusal.code);
        assert_eq!(outcome, expected, "{region}");
    }
}
