//! Presigned URLs.

use std::time::Duration;

use jiff::Timestamp;
use oss::{Addressing, Bucket, Error, SignatureVersion};
use transport::Disposition;

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
