//! What servers accept and refuse as a presented signature.

use http::request::Parts;
use jiff::Timestamp;
use proptest::prelude::*;
use signing::{PresentedError, acs3, dataplus, mns, oss, rpc, time};

use crate::support::{now, request};

const DATE: (&str, &str) = ("date", "Mon, 06 May 2024 07:08:09 GMT");
const OSS_DATE: (&str, &str) = ("x-oss-date", "20240506T070809Z");
const V4_HEADER: &str =
    "OSS4-HMAC-SHA256 Credential=id/20240506/r/oss/aliyun_v4_request,Signature=s";

fn get(target: &str, headers: &[(&str, &str)]) -> Parts {
    let owned = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    request("GET", target, &owned.collect())
}

type Found = Result<bool, PresentedError>;

fn missing(part: &'static str) -> Found {
    Err(PresentedError::Missing { part })
}

fn malformed(part: &'static str) -> Found {
    Err(PresentedError::Malformed { part })
}

fn missing_header(name: &str) -> Found {
    let name = name.parse().unwrap();
    Err(PresentedError::MissingHeader { name })
}

fn bad_date(value: &str) -> Found {
    let value = value.to_owned();
    Err(PresentedError::MalformedDate { value })
}

fn bad_expiry(value: &str) -> Found {
    let value = value.to_owned();
    Err(PresentedError::MalformedExpiry { value })
}

/// Whether the request presents anything to OSS.
fn presents_to_oss(target: &str, headers: &[(&str, &str)]) -> Found {
    oss::Presented::from_request(&get(target, headers)).map(|presented| presented.is_some())
}

#[test]
fn oss_tells_anonymous_from_broken_headers() {
    let v1 = ("OSS id:c2ln", DATE);
    let additional = format!("{V4_HEADER},AdditionalHeaders=a b");
    let absent = format!("{V4_HEADER},AdditionalHeaders=range");
    let table = [
        ("v1", v1, Ok(true)),
        ("v4", (V4_HEADER, OSS_DATE), Ok(true)),
        (
            "no date",
            (v1.0, ("x", "")),
            Err(PresentedError::MissingDate),
        ),
        ("v4 dated by `Date`", (V4_HEADER, DATE), Ok(true)),
        ("v1 dated by `x-oss-date`", (v1.0, OSS_DATE), Ok(true)),
        (
            "v4 without a date",
            (V4_HEADER, ("x", "")),
            Err(PresentedError::MissingDate),
        ),
        ("odd date", (v1.0, ("date", "today")), bad_date("today")),
        (
            "other scheme",
            ("Basic eDp5", DATE),
            Err(PresentedError::UnknownScheme),
        ),
        ("no colon", ("OSS id", DATE), malformed("Authorization")),
        (
            "no equals sign",
            ("OSS4-HMAC-SHA256 s", OSS_DATE),
            malformed("Authorization"),
        ),
        (
            "no credential",
            ("OSS4-HMAC-SHA256 Signature=s", OSS_DATE),
            missing("Credential"),
        ),
        (
            "odd additional",
            (&*additional, OSS_DATE),
            malformed("AdditionalHeaders"),
        ),
        (
            "absent additional",
            (&*absent, OSS_DATE),
            missing_header("range"),
        ),
    ];
    assert_eq!(presents_to_oss("/k?acl", &[DATE]), Ok(false));
    for (name, (authorization, date), expected) in table {
        let found = presents_to_oss("/k", &[("authorization", authorization), date]);
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn oss_tells_anonymous_from_broken_urls() {
    let v4 = "x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-signature=s\
        &x-oss-credential=id/20240506/r/oss/aliyun_v4_request&x-oss-date=20240506T070809Z";
    let table = [
        ("prefix=Signature", Ok(false)),
        ("OSSAccessKeyId=i&Expires=9&Signature=s", Ok(true)),
        ("OSSAccessKeyId=i&Signature=s", missing("Expires")),
        ("Expires=9&Signature=s", missing("OSSAccessKeyId")),
        ("OSSAccessKeyId=i&Expires=9", missing("Signature")),
        ("OSSAccessKeyId=i&Expires=x&Signature=s", bad_expiry("x")),
        (&format!("{v4}&x-oss-expires=1"), Ok(true)),
        (&format!("{v4}&x-oss-expires=0"), bad_expiry("0")),
        (
            &format!("{v4}&x-oss-expires=1&x-oss-additional-headers=range"),
            missing_header("range"),
        ),
        (v4, missing("x-oss-expires")),
        ("x-oss-signature=s", missing("x-oss-signature-version")),
        (
            "x-oss-signature-version=V5",
            Err(PresentedError::UnknownScheme),
        ),
        ("Signature=s&x-oss-signature=s", Err(PresentedError::Mixed)),
        ("a=%FF", malformed("query")),
    ];
    for (query, expected) in table {
        assert_eq!(
            presents_to_oss(&format!("/k?{query}"), &[]),
            expected,
            "{query}"
        );
    }
    let header = [("authorization", "OSS id:c2ln"), DATE];
    for query in ["Signature=s", v4] {
        let found = presents_to_oss(&format!("/k?{query}"), &header);
        assert_eq!(found, Err(PresentedError::Mixed), "{query}");
    }
}

#[test]
fn v4_parts_may_come_in_any_order_and_with_blanks() {
    let credential = "Credential=id/20240506/r/oss/aliyun_v4_request";
    let table = [
        format!("OSS4-HMAC-SHA256 {credential},AdditionalHeaders=host;range,Signature=s"),
        format!("OSS4-HMAC-SHA256 {credential}, Signature=s, AdditionalHeaders=range;host"),
        format!("OSS4-HMAC-SHA256 Signature=s,{credential},AdditionalHeaders=Range;Host"),
    ];
    let canonical = table.map(|authorization| {
        let headers = [
            ("authorization", &*authorization),
            OSS_DATE,
            ("host", "h"),
            ("range", "bytes=0-1"),
        ];
        let parts = get("/k", &headers);
        let presented = oss::Presented::from_request(&parts).unwrap().unwrap();
        let resource = oss::Resource {
            bucket: Some("b"),
            key: Some("k"),
        };
        presented
            .canonical_request(&parts, resource)
            .unwrap()
            .unwrap()
    });
    for text in canonical {
        assert_eq!(
            text,
            "GET\n/b/k\n\nhost:h\nrange:bytes=0-1\nx-oss-date:20240506T070809Z\n\n\
             host;range\nUNSIGNED-PAYLOAD"
        );
    }
}

#[test]
fn either_date_is_signed_as_it_was_sent() {
    let table: [(&str, &[_], &str); 4] = [
        ("`Date` alone", &[DATE], DATE.1),
        ("`x-oss-date` alone", &[OSS_DATE], OSS_DATE.1),
        ("both", &[OSS_DATE, DATE], OSS_DATE.1),
        (
            "each in the other's form",
            &[("x-oss-date", DATE.1)],
            DATE.1,
        ),
    ];
    // The date is the second line of V4's text and the fourth of V1's.
    for (authorization, line) in [(V4_HEADER, 1), ("OSS id:c2ln", 3)] {
        for (name, dates, expected) in table {
            let headers = [&[("authorization", authorization)], dates].concat();
            let parts = get("/k", &headers);
            let presented = oss::Presented::from_request(&parts).unwrap().unwrap();
            assert_eq!(presented.signed_at(), Some(now()), "{name}");
            let text = presented.string_to_sign(&parts, oss::Resource::default());
            let text = text.unwrap();
            assert_eq!(text.lines().nth(line), Some(expected), "{name}: {text}");
        }
    }
}

#[test]
fn mns_tells_apart_what_its_error_codes_tell_apart() {
    let v2 = ("authorization", "MNS id:c2ln");
    let table: [(&str, &[(&str, &str)], _); 5] = [
        ("anonymous", &[DATE], Ok(false)),
        ("signed", &[v2, DATE], Ok(true)),
        ("no date", &[v2], Err(PresentedError::MissingDate)),
        (
            "other scheme",
            &[("authorization", "OSS id:x"), DATE],
            Err(PresentedError::UnknownScheme),
        ),
        (
            "no signature",
            &[("authorization", "MNS id:"), DATE],
            Err(PresentedError::Malformed {
                part: "Authorization",
            }),
        ),
    ];
    for (name, headers, expected) in table {
        let found = mns::Presented::from_request(&get("/queues", headers));
        assert_eq!(
            found.map(|presented| presented.is_some()),
            expected,
            "{name}"
        );
    }
}

type Parse = fn(&str) -> Option<Timestamp>;

#[test]
fn times_are_read_in_the_forms_that_clients_send() {
    let half = Timestamp::from_millisecond(1_714_979_289_500).unwrap();
    let table: [(&str, Parse, Option<Timestamp>); 10] = [
        (
            "Mon, 06 May 2024 07:08:09 GMT",
            time::parse_http_date,
            Some(now()),
        ),
        ("2024-05-06T07:08:09Z", time::parse_http_date, None),
        ("20240506T070809Z", time::parse_iso_basic, Some(now())),
        ("20240506T070809", time::parse_iso_basic, None),
        (
            "2024-05-06T07:08:09Z",
            time::parse_iso_extended,
            Some(now()),
        ),
        ("2024-13-06T07:08:09Z", time::parse_iso_extended, None),
        (
            "2024-05-06 07:08:09 +0000 UTC",
            time::parse_go_time,
            Some(now()),
        ),
        (
            "2024-05-06 07:08:09.5 +0000 UTC",
            time::parse_go_time,
            Some(half),
        ),
        (
            "2024-05-06 15:08:09.5 +0800 CST m=+0.1",
            time::parse_go_time,
            Some(half),
        ),
        ("2024-05-06 07:08:09", time::parse_go_time, None),
    ];
    for (text, parse, expected) in table {
        assert_eq!(parse(text), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn parsers_survive_any_header_and_query(
        authorization in "(OSS|MNS|Dataplus|OSS4-HMAC-SHA256|MNS4-HMAC-SHA256|ACS3-HMAC-SHA256)? ?[ -~]{0,60}",
        date in "[ -~]{0,30}",
        query in "((Signature|x-oss-signature|x-oss-expires|x-oss-date)=[a-zA-Z0-9%+/]{0,9}&?){0,4}",
    ) {
        let headers = [
            ("authorization", &*authorization),
            ("date", &*date),
            ("x-oss-date", &*date),
            ("x-acs-date", &*date),
        ];
        let parts = get(&format!("/k?{query}"), &headers);
        let _ = oss::Presented::from_request(&parts);
        let _ = mns::Presented::from_request(&parts);
        let _ = dataplus::Presented::from_request(&parts);
        let _ = acs3::Presented::from_request(&parts);
        if let Ok(pairs) = signing::encode::decode_query(&query) {
            let _ = rpc::Presented::from_parameters(&pairs);
        }
    }

    #[test]
    fn written_times_read_back(seconds in 0_i64..4_102_444_800) {
        let time = Timestamp::from_second(seconds).unwrap();
        prop_assert_eq!(time::parse_http_date(&time::http_date(time)), Some(time));
        prop_assert_eq!(time::parse_iso_basic(&time::iso_basic(time)), Some(time));
        prop_assert_eq!(time::parse_iso_extended(&time::iso_extended(time)), Some(time));
    }
}
