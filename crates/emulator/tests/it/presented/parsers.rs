//! What is read as credentials, and what is refused and why.

use emulator::presented::{PresentedError, acs3, mns, oss, post_policy};
use http::request::Parts;
use signing::oss::Resource;
use signing::{Credentials, time};

const DATE: (&str, &str) = ("date", "Mon, 06 May 2024 07:08:09 GMT");
const OSS_DATE: (&str, &str) = ("x-oss-date", "20240506T070809Z");
const V4_HEADER: &str =
    "OSS4-HMAC-SHA256 Credential=id/20240506/r/oss/aliyun_v4_request,Signature=s";

fn get(target: &str, headers: &[(&str, &str)]) -> Parts {
    let request = headers
        .iter()
        .fold(http::Request::get(target), |request, (name, value)| {
            request.header(*name, *value)
        });
    request.body(()).unwrap().into_parts().0
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
        (&format!("{v4}&x-oss-expires=604800"), Ok(true)),
        (&format!("{v4}&x-oss-expires=604801"), bad_expiry("604801")),
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
        let resource = Resource {
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
            assert_eq!(
                presented.signed_at,
                time::parse_iso_basic(OSS_DATE.1),
                "{name}"
            );
            let text = presented.string_to_sign(&parts, Resource::default());
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

#[test]
fn forms_that_present_too_little_or_too_much_are_refused() {
    let missing = |part| Err(PresentedError::Missing { part });
    let table: [(&str, &[(&str, &str)], _); 5] = [
        ("anonymous", &[("key", "a.jpg")], Ok(false)),
        (
            "unsigned policy",
            &[("policy", "e30=")],
            missing("Signature"),
        ),
        (
            "no key id",
            &[("policy", "e30="), ("Signature", "s")],
            missing("OSSAccessKeyId"),
        ),
        (
            "no policy",
            &[("OSSAccessKeyId", "i"), ("Signature", "s")],
            missing("policy"),
        ),
        (
            "both",
            &[("Signature", "s"), ("x-oss-signature", "s")],
            Err(PresentedError::Mixed),
        ),
    ];
    for (name, fields, expected) in table {
        let found =
            post_policy::Presented::from_fields(fields).map(|presented| presented.is_some());
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn x_mns_date_stands_in_for_a_missing_date() {
    let headers = [
        ("authorization", "MNS id:c2lnbmF0dXJl"),
        ("x-mns-date", "Mon, 06 May 2024 07:08:09 GMT"),
    ];
    let parts = get("/queues", &headers);
    let presented = mns::Presented::from_request(&parts).unwrap().unwrap();
    assert_eq!(Some(presented.signed_at), time::parse_http_date(DATE.1));
    assert_eq!(
        presented.string_to_sign(&parts).unwrap(),
        "GET\n\n\nMon, 06 May 2024 07:08:09 GMT\nx-mns-date:Mon, 06 May 2024 07:08:09 GMT\n/queues"
    );
}

#[test]
fn list_that_leaves_out_a_decisive_header_is_refused() {
    let credentials = Credentials::new("id", "secret");
    let now = time::parse_iso_basic(OSS_DATE.1).unwrap();
    let mut parts = get("/", &[("host", "h"), ("x-acs-action", "A")]);
    signing::acs3::sign(&mut parts, b"", "nonce", &credentials, now).unwrap();
    assert!(acs3::Presented::from_request(&parts).is_ok());
    let signed = parts.headers["authorization"].clone();
    for name in ["host", "x-acs-action", "x-acs-content-sha256", "x-acs-date"] {
        let list = signed.to_str().unwrap().replace(&format!("{name};"), "");
        assert_ne!(list, signed, "{name}");
        parts.headers.insert("authorization", list.parse().unwrap());
        let part = "SignedHeaders";
        let found = acs3::Presented::from_request(&parts).map(|presented| presented.is_some());
        assert_eq!(found, malformed(part), "{name}");
    }
}

#[test]
fn key_of_another_day_or_product_is_refused() {
    let edits = [
        ("/20240506/", "/20240507/"),
        ("/oss/", "/mns/"),
        ("aliyun_v4", "aws4"),
    ];
    for (from, to) in edits {
        let edited = V4_HEADER.replace(from, to);
        let found = presents_to_oss("/k", &[("authorization", &edited), OSS_DATE]);
        assert_eq!(found, malformed("Credential"), "{to}");
    }
}

#[test]
fn presented_signatures_and_tokens_are_not_printed() {
    let credentials = Credentials::new("id", "hunter2").with_security_token("hunter3");
    let now = time::parse_iso_basic(OSS_DATE.1).unwrap();
    let mut parts = get("/queues", &[]);
    signing::mns::v2::sign(&mut parts, &credentials, now).unwrap();
    let signature = parts.headers["authorization"].to_str().unwrap();
    let signature = signature.split_once(':').unwrap().1;
    let shown = format!("{:?}", mns::Presented::from_request(&parts));
    assert!(
        !shown.contains("hunter") && !shown.contains(signature),
        "{shown}"
    );
    let mut parts = get("/k", &[]);
    signing::oss::v4::sign(&mut parts, Resource::default(), "r", &credentials, now).unwrap();
    let shown = format!("{:?}", oss::Presented::from_request(&parts));
    assert!(!shown.contains("hunter"), "{shown}");
}
