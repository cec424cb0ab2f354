//! Presigned URLs.

use std::time::Duration;

use jiff::Timestamp;
use oss::{Addressing, Bucket, Client, Endpoint, Error, SignatureVersion};
use serde_json::Value;
use signing::Credentials;
use transport::Disposition;
use url::{Position, Url};

use crate::support::{bucket_at, credentials, is_signed, key};

const HOUR: Duration = Duration::from_hours(1);

fn bucket(addressing: Addressing, signature: SignatureVersion) -> Bucket {
    bucket_at(([127, 0, 0, 1], 9).into(), addressing, signature)
}

fn now() -> Timestamp {
    "2024-05-06T07:08:09Z".parse().unwrap()
}

#[test]
fn a_presigned_url_opens_the_object_it_names() {
    for signature in [SignatureVersion::V4, SignatureVersion::V1] {
        for (addressing, start) in [
            (
                Addressing::VirtualHosted,
                "http://face-image.oss.test/%E4%BA%BA/a%20b%2Bc%27.jpg?",
            ),
            (
                Addressing::Path,
                "http://oss.test/face-image/%E4%BA%BA/a%20b%2Bc%27.jpg?",
            ),
            (
                Addressing::Cname,
                "http://oss.test/%E4%BA%BA/a%20b%2Bc%27.jpg?",
            ),
        ] {
            let key = key("人/a b+c'.jpg");
            let url = bucket(addressing, signature)
                .presign_get(&key, HOUR, now())
                .unwrap();
            let text = url.expose().as_str();
            assert!(text.starts_with(start), "{text}");
            let parts = http::Request::get(text).body(()).unwrap().into_parts().0;
            assert!(
                is_signed(&parts, Some(key.as_str()), &credentials()),
                "{text}"
            );
        }
    }
}

#[test]
fn a_presigned_url_does_not_print_its_signature() {
    for signature in [SignatureVersion::V4, SignatureVersion::V1] {
        let url = bucket(Addressing::VirtualHosted, signature)
            .presign_get(&key("a"), HOUR, now())
            .unwrap();
        let query: Vec<_> = url.expose().query_pairs().collect();
        let secrets = query.iter().filter(|(name, _)| {
            [
                "Signature",
                "x-oss-signature",
                "x-oss-credential",
                "OSSAccessKeyId",
            ]
            .contains(&name.as_ref())
        });
        let printed = format!("{url} {url:?}");
        let mut count = 0;
        for (name, value) in secrets {
            assert!(!printed.contains(value.as_ref()), "{name} in {printed}");
            count += 1;
        }
        assert_eq!(count, 2, "{signature:?}");
    }
}

#[test]
fn lifetimes_beyond_the_limit_are_refused() {
    let bucket = bucket(Addressing::Path, SignatureVersion::V4);
    for expires in [Duration::ZERO, 169 * HOUR] {
        let error = bucket.presign_get(&key("a"), expires, now()).unwrap_err();
        assert!(matches!(error, Error::Unsigned { .. }), "{error:?}");
        assert_eq!(error.disposition(), Disposition::Permanent);
    }
}

/// Cases of the signing vectors that presign a plain GET.
const VENDOR_CASES: [&str; 7] = [
    "presign_get",
    "presign_get_chinese_key",
    "presign_get_special_characters",
    "presign_get_sts",
    "presign_get_path_style",
    "v2sdk_presign_get",
    "v2sdk_presign_get_sts",
];

/// Address and sorted parameters: official SDKs differ in the order of the latter.
fn in_order(url: &str) -> (String, Vec<(String, String)>) {
    let url: Url = url.parse().unwrap();
    let mut query: Vec<_> = url.query_pairs().into_owned().collect();
    query.sort();
    (url[..Position::AfterPath].to_owned(), query)
}

fn check_vendor_case(file: &Value, case: &Value, signature: SignatureVersion) {
    let pair = &file["credentials"][case["credentials"].as_str().unwrap()];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut credentials = Credentials::new(
        text(&pair["access_key_id"]),
        text(&pair["access_key_secret"]),
    );
    if let Some(token) = pair["security_token"].as_str() {
        credentials = credentials.with_security_token(token);
    }
    let host = text(&case["host"]);
    let (addressing, host) = match host.strip_prefix("face-image.") {
        Some(host) => (Addressing::VirtualHosted, host),
        None => (Addressing::Path, host.as_str()),
    };
    let url = format!("https://{host}").parse().unwrap();
    let region = text(&file["region"]).parse().unwrap();
    let endpoint = Endpoint::new(&url, addressing, region).unwrap();
    let expires = case["expires"].as_u64().unwrap();
    let expires = match signature {
        SignatureVersion::V4 => expires,
        SignatureVersion::V1 => expires - file["unix_time"].as_u64().unwrap(),
    };
    let url = Client::builder(endpoint.with_signature(signature), credentials)
        .build()
        .unwrap()
        .bucket(text(&case["bucket"]).parse().unwrap())
        .presign_get(
            &key(&text(&case["key"])),
            Duration::from_secs(expires),
            now(),
        )
        .unwrap();
    let name = &case["name"];
    assert_eq!(
        in_order(url.expose().as_str()),
        in_order(&text(&case["signed_url"])),
        "{name} {signature:?}"
    );
}

#[test]
fn official_sdks_sign_the_same_urls() {
    for (file, signature, expected) in [
        ("oss-v4.json", SignatureVersion::V4, 7),
        ("oss-v1.json", SignatureVersion::V1, 5),
    ] {
        let path = format!(
            "{}/../signing/tests/vectors/{file}",
            env!("CARGO_MANIFEST_DIR")
        );
        let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let cases: Vec<_> = file["cases"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|case| VENDOR_CASES.iter().any(|name| case["name"] == *name))
            .collect();
        assert_eq!(cases.len(), expected);
        for case in cases {
            check_vendor_case(&file, case, signature);
        }
    }
}
