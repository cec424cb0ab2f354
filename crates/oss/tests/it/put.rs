//! Writing objects.

use bytes::Bytes;
use oss::{Error, Metadata, PutOptions};
use transport::Disposition;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{answering, bucket_on, key, only_request, received, xml};
use crate::vector;

const CONTENT: Bytes = Bytes::from_static(b"hello face");
const CRC64: &str = "14022404213781224682";

fn stored() -> ResponseTemplate {
    ResponseTemplate::new(200)
        .insert_header("etag", "\"B42B0DD4D13F0F424D7BE56CF7E03884\"")
        .insert_header("x-oss-hash-crc64ecma", CRC64)
}

#[tokio::test]
async fn put_sends_content_checksum_and_options() {
    let (server, bucket) = answering(stored()).await;
    let options = PutOptions {
        content_type: Some("image/jpeg".to_owned()),
        metadata: Metadata::default()
            .try_with("Source-ETag", "ABC")
            .unwrap()
            .try_with("title", "照片")
            .unwrap(),
        forbid_overwrite: true,
    };
    let stored = bucket
        .put(&key("target/rec-a.jpg"), CONTENT, &options)
        .await
        .unwrap();
    assert_eq!(stored.etag.as_str(), "B42B0DD4D13F0F424D7BE56CF7E03884");
    insta::assert_snapshot!(only_request(&server).await, @"
    PUT /target/rec-a.jpg
    content-type: image/jpeg
    x-oss-forbid-overwrite: true
    x-oss-hash-crc64ecma: 14022404213781224682
    x-oss-meta-source-etag: ABC
    x-oss-meta-title: 照片
    hello face
    ");
}

#[tokio::test]
async fn put_notices_that_something_else_was_stored() {
    let (_server, bucket) = answering(stored()).await;
    let error = bucket
        .put(&key("a"), "hello fade".into(), &PutOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    assert_eq!(error.disposition(), Disposition::Retry);
    insta::assert_snapshot!(error, @"PutObject of `a` in bucket `face-image` was damaged on the way: CRC-64 is 18365491824730182988 here and 14022404213781224682 at OSS");
}

#[tokio::test]
async fn put_is_repeated_unless_it_would_meet_itself() {
    for (forbid_overwrite, expected_attempts) in [(false, 3), (true, 1)] {
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(ResponseTemplate::new(500))
            .up_to_n_times(2)
            .mount(&server)
            .await;
        Mock::given(any())
            .respond_with(stored())
            .mount(&server)
            .await;
        let options = PutOptions {
            forbid_overwrite,
            ..PutOptions::default()
        };
        let result = bucket_on(&server, 3)
            .put(&key("a"), CONTENT, &options)
            .await;
        assert_eq!(result.is_ok(), !forbid_overwrite);
        assert_eq!(
            received(&server).await.len(),
            expected_attempts,
            "{forbid_overwrite}"
        );
    }
}

#[tokio::test]
async fn an_upload_damaged_on_the_way_is_repeated() {
    let server = MockServer::start().await;
    let damaged = vector("oss-error.xml").replace("NoSuchKey", "InvalidCRC64");
    Mock::given(any())
        .respond_with(xml(400, &damaged))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(stored())
        .mount(&server)
        .await;
    let bucket = bucket_on(&server, 2);
    bucket
        .put(&key("a"), CONTENT, &PutOptions::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_object_in_the_way_is_recognised() {
    let taken = vector("oss-error.xml").replace("NoSuchKey", "FileAlreadyExists");
    let (_server, bucket) = answering(xml(409, &taken)).await;
    let options = PutOptions {
        forbid_overwrite: true,
        ..PutOptions::default()
    };
    let error = bucket.put(&key("a"), CONTENT, &options).await.unwrap_err();
    assert!(error.is_already_there(), "{error}");
    assert_eq!(error.disposition(), Disposition::Permanent);
}

#[tokio::test]
async fn what_no_header_can_carry_is_not_sent() {
    let (server, bucket) = answering(stored()).await;
    let options = PutOptions {
        content_type: Some("image/jpeg\r\nx: y".to_owned()),
        ..PutOptions::default()
    };
    let error = bucket.put(&key("a"), CONTENT, &options).await.unwrap_err();
    assert!(matches!(error, Error::OutsideLimits { .. }), "{error:?}");
    assert!(received(&server).await.is_empty());
}

#[test]
fn metadata_is_checked_when_it_is_given() {
    let long = "x".repeat(8192);
    for (name, value) in [
        ("", "v"),
        ("a_b", "v"),
        ("a b", "v"),
        ("ä", "v"),
        ("a", "x\r\ny"),
        ("a", " v"),
        ("a", &long),
    ] {
        assert!(
            Metadata::default().try_with(name, value).is_err(),
            "{name:?}: {value:?}"
        );
    }
    let metadata = Metadata::default().try_with("A-b", "v").unwrap();
    assert_eq!(metadata.get("a-B"), Some("v"));
    assert_eq!(metadata.iter().collect::<Vec<_>>(), [("a-b", "v")]);
}
