//! Requests to be signed. The bytes are those of the text that is signed, and the limit is
//! the bare HMAC of that text: what is above it goes to headers and text.

use std::error::Error;
use std::hint::black_box;

use http::Request;
use http::request::Parts;
use jiff::Timestamp;
use signing::Credentials;
use signing::oss::Resource;

use crate::Case;

/// All of them; each has succeeded once.
pub(crate) fn cases() -> Result<Vec<Case>, Box<dyn Error>> {
    Ok(vec![receive()?, put()?])
}

/// The most frequent request of an adapter.
fn receive() -> Result<Case, Box<dyn Error>> {
    let parts = parts(
        Request::get("http://mns.example/queues/faces/messages?numOfMessages=16&waitseconds=20")
            .header("x-mns-version", "2015-06-06"),
    )?;
    let credentials = credentials();
    let now = Timestamp::from_second(1_714_979_289)?;
    let mut signed = parts.clone();
    signing::mns::v2::sign(&mut signed, &credentials, now)?;
    let text = signing::mns::v2::string_to_sign(&signed)?;
    let secret = credentials.clone();
    Ok(Case {
        name: "sign a receive for MNS",
        bytes: text.len(),
        run: Box::new(move || {
            let mut parts = parts.clone();
            let outcome = signing::mns::v2::sign(&mut parts, &credentials, now);
            black_box((parts, outcome.is_ok()));
        }),
        limit_name: "HMAC-SHA1 and base64",
        limit: Box::new(move || {
            let secret = secret.access_key_secret();
            black_box(signing::mns::v2::signature(black_box(&text), secret));
        }),
    })
}

/// The face service's request with most headers.
fn put() -> Result<Case, Box<dyn Error>> {
    let parts = parts(
        Request::put("http://oss.example/face-image/target/photos/rec-1.jpg")
            .header("content-type", "image/jpeg")
            .header("x-oss-meta-source-etag", "5D41402ABC4B2A76B9719D911017C592")
            .header("x-oss-meta-faces", "2"),
    )?;
    let resource = Resource {
        bucket: Some("face-image"),
        key: Some("target/photos/rec-1.jpg"),
    };
    let credentials = credentials();
    let now = Timestamp::from_second(1_714_979_289)?;
    let region = "cn-shanghai";
    let mut signed = parts.clone();
    signing::oss::v4::sign(&mut signed, resource, region, &credentials, now)?;
    let canonical =
        signing::oss::v4::canonical_request(&signed.method, &signed.headers, resource, &[], &[])?;
    let bytes = canonical.len();
    let secret = credentials.clone();
    Ok(Case {
        name: "sign a PutObject for OSS, V4",
        bytes,
        run: Box::new(move || {
            let mut parts = parts.clone();
            let outcome = signing::oss::v4::sign(&mut parts, resource, region, &credentials, now);
            black_box((parts, outcome.is_ok()));
        }),
        limit_name: "SHA-256 and five HMACs",
        limit: Box::new(move || {
            let text = signing::oss::v4::string_to_sign(black_box(&canonical), region, now);
            let secret = secret.access_key_secret();
            black_box(signing::oss::v4::signature(&text, secret, region, now));
        }),
    })
}

fn parts(builder: http::request::Builder) -> Result<Parts, http::Error> {
    Ok(builder.body(())?.into_parts().0)
}

fn credentials() -> Credentials {
    Credentials::new("LTAIbench", "a-secret-of-thirty-characters")
}
