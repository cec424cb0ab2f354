//! Reading objects.

use futures_util::TryStreamExt as _;
use oss::{Addressing, Bucket, ByteRange, Error, GetOptions, SignatureVersion};
use transport::Disposition;
use wiremock::ResponseTemplate;

use crate::raw::RawServer;
use crate::support::{answering, bucket_at, key, only_request};

const CRC64: &str = "14022404213781224682";

fn object() -> ResponseTemplate {
    ResponseTemplate::new(200)
        .insert_header("etag", "\"b42b0dd4d13f0f424d7be56cf7e03884\"")
        .insert_header("last-modified", "Mon, 06 May 2024 07:08:09 GMT")
        .insert_header("x-oss-hash-crc64ecma", CRC64)
        .insert_header("x-oss-meta-title", "照片".as_bytes())
        .set_body_raw("hello face", "image/jpeg")
}

fn part(content_range: &str, content: &str) -> ResponseTemplate {
    ResponseTemplate::new(206)
        .insert_header("etag", "\"A\"")
        .insert_header("x-oss-hash-crc64ecma", CRC64)
        .insert_header("content-range", content_range)
        .set_body_string(content)
}

/// A bucket whose every answer is this text, line ends made right.
async fn raw(answer: &str) -> Bucket {
    let server = RawServer::start(answer.replace('\n', "\r\n")).await;
    bucket_at(
        server.address,
        Addressing::VirtualHosted,
        SignatureVersion::V4,
    )
}

#[tokio::test]
async fn get_reads_content_and_head() {
    let (server, bucket) = answering(object()).await;
    let object = bucket.get(&key("photos/a.jpg")).await.unwrap();
    insta::assert_debug_snapshot!(object.meta(), @r#"
    ObjectMeta {
        etag: "B42B0DD4D13F0F424D7BE56CF7E03884",
        size_bytes: 10,
        content_type: Some(
            "image/jpeg",
        ),
        last_modified: Some(
            2024-05-06T07:08:09Z,
        ),
        metadata: Metadata(
            {
                "title": "照片",
            },
        ),
        crc64: Some(
            Crc64(
                14022404213781224682,
            ),
        ),
    }
    "#);
    assert_eq!(object.read_to_end(10).await.unwrap(), "hello face");
    insta::assert_snapshot!(only_request(&server).await, @"GET /photos/a.jpg");
}

#[tokio::test]
async fn content_can_be_streamed() {
    let (_server, bucket) = answering(object()).await;
    let object = bucket.get(&key("a")).await.unwrap();
    let chunks: Vec<_> = object.into_stream().try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"hello face");
}

#[tokio::test]
async fn conditions_are_sent_and_their_outcome_recognised() {
    let (server, bucket) = answering(ResponseTemplate::new(304)).await;
    let options = GetOptions {
        if_match: Some("A".parse().unwrap()),
        if_none_match: Some("B".parse().unwrap()),
        ..GetOptions::default()
    };
    let error = bucket.get_with(&key("a"), &options).await.unwrap_err();
    assert!(error.is_not_modified(), "{error}");
    insta::assert_snapshot!(only_request(&server).await, @r#"
    GET /a
    if-match: "A"
    if-none-match: "B"
    "#);

    let (_server, bucket) = answering(ResponseTemplate::new(412)).await;
    let error = bucket.get_with(&key("a"), &options).await.unwrap_err();
    assert!(error.is_precondition_failed(), "{error}");
}

#[tokio::test]
async fn damaged_content_is_an_error() {
    let (_server, bucket) = answering(object().set_body_string("hello fade")).await;
    let error = bucket
        .get(&key("a"))
        .await
        .unwrap()
        .read_to_end(100)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    assert_eq!(error.disposition(), Disposition::Retry);
}

#[tokio::test]
async fn content_beyond_the_limit_is_not_read() {
    let (_server, bucket) = answering(object()).await;
    let error = bucket
        .get(&key("a"))
        .await
        .unwrap()
        .read_to_end(9)
        .await
        .unwrap_err();
    assert_eq!(error.disposition(), Disposition::Permanent);
    insta::assert_snapshot!(error, @"GetObject of `a` in bucket `face-image` would read more than 9 bytes");
}

#[tokio::test]
async fn content_that_ends_early_is_an_error() {
    let bucket = raw("HTTP/1.1 200 OK\nETag: \"A\"\nContent-Length: 10\n\nhello").await;
    let error = bucket
        .get(&key("a"))
        .await
        .unwrap()
        .read_to_end(100)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unanswered { .. }), "{error:?}");
    assert_eq!(error.disposition(), Disposition::Retry);
}

#[tokio::test]
async fn content_of_unknown_length_is_not_trusted() {
    let bucket = raw("HTTP/1.1 200 OK\nETag: \"A\"\nConnection: close\n\nhello").await;
    let error = bucket.get(&key("a")).await.unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_range_reads_its_part() {
    let (server, bucket) = answering(part("bytes 2-5/10", "llo ")).await;
    let object = bucket
        .get_range(&key("a"), ByteRange::Between(2, 5))
        .await
        .unwrap();
    assert_eq!(object.range(), Some(2..=5));
    assert_eq!(object.meta().size_bytes, 10);
    assert_eq!(object.read_to_end(4).await.unwrap(), "llo ");
    insta::assert_snapshot!(only_request(&server).await, @"
    GET /a
    range: bytes=2-5
    x-oss-range-behavior: standard
    ");
}

#[tokio::test]
async fn the_whole_object_is_no_answer_to_a_range() {
    let (_server, bucket) = answering(object()).await;
    let error = bucket
        .get_range(&key("a"), ByteRange::From(100))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::RangeIgnored { .. }), "{error:?}");
    insta::assert_snapshot!(error, @"GetObject of `a` in bucket `face-image` got the whole object: the range is not one of this object's");
}

#[tokio::test]
async fn a_part_must_be_as_long_as_it_says() {
    let (_server, bucket) = answering(part("bytes 2-5/10", "llo f")).await;
    let object = bucket
        .get_range(&key("a"), ByteRange::Between(2, 5))
        .await
        .unwrap();
    let error = object.read_to_end(100).await.unwrap_err();
    insta::assert_snapshot!(error, @"GetObject of `a` in bucket `face-image` transferred 5 bytes of 4");

    let (_server, bucket) = answering(part("bytes 5-2/10", "llo ")).await;
    let error = bucket
        .get_range(&key("a"), ByteRange::Between(2, 5))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
}

#[tokio::test]
async fn head_tells_size_and_version() {
    let bucket = raw("HTTP/1.1 200 OK\nETag: \"A\"\nContent-Length: 12345678901\n\n").await;
    let meta = bucket.head(&key("a")).await.unwrap();
    assert_eq!(
        (meta.size_bytes, meta.etag.as_str(), meta.crc64),
        (12_345_678_901, "A", None)
    );
}

#[test]
fn futures_can_run_in_spawned_tasks() {
    fn spawnable<T: Send>(_: T) {}
    let address = ([127, 0, 0, 1], 9).into();
    let bucket = bucket_at(address, Addressing::Path, SignatureVersion::V4);
    let name = key("a");
    let options = oss::PutOptions::default();
    spawnable(async { bucket.get(&name).await?.read_to_end(1).await });
    spawnable(bucket.upload_multipart(&name, bytes::Bytes::new(), 1, &options));
    spawnable(bucket.pages(oss::ListRequest::default()));
    spawnable(async { Ok::<_, Error>(bucket.get(&name).await?.into_stream()) });
    spawnable(bucket.delete_many(&[]));
}
