//! Uploads in parts.

use bytes::Bytes;
use oss::crc64::Crc64;
use oss::{Error, PutOptions};
use wiremock::matchers::{method, query_param, query_param_contains};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::support::{bucket_on, key, received, shown, xml};
use crate::vector;

const PART_BYTES: usize = 100 * 1024;

/// Answers a part as the service does.
struct PartStored;

impl Respond for PartStored {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        ResponseTemplate::new(200)
            .insert_header("etag", format!("\"PART{}\"", request.body.len()).as_str())
            .insert_header(
                "x-oss-hash-crc64ecma",
                Crc64::of(&request.body).to_string().as_str(),
            )
    }
}

/// A server that starts uploads, takes parts, and answers completion as told.
async fn server(completion: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let started = xml(200, &vector("oss-initiate-multipart-result.xml"));
    let part = || Mock::given(method("PUT")).and(query_param_contains("uploadId", "0004B98"));
    Mock::given(method("POST"))
        .and(query_param("uploads", ""))
        .respond_with(started)
        .mount(&server)
        .await;
    part().respond_with(PartStored).mount(&server).await;
    Mock::given(method("POST"))
        .respond_with(completion)
        .with_priority(6)
        .mount(&server)
        .await;
    Mock::given(method("DELETE"))
        .respond_with(ResponseTemplate::new(204))
        .mount(&server)
        .await;
    server
}

fn completed(crc64: Crc64) -> ResponseTemplate {
    xml(200, &vector("oss-complete-multipart-result.xml"))
        .insert_header("x-oss-hash-crc64ecma", crc64.to_string().as_str())
}

fn content() -> Bytes {
    (0..=250)
        .cycle()
        .take(PART_BYTES * 2 + 5)
        .collect::<Vec<u8>>()
        .into()
}

async fn upload(server: &MockServer) -> Result<oss::PutResult, Error> {
    let options = PutOptions {
        content_type: Some("image/png".to_owned()),
        ..PutOptions::default()
    };
    bucket_on(server, 1)
        .upload_multipart(&key("big.bin"), content(), 1, &options)
        .await
}

async fn methods(server: &MockServer) -> Vec<String> {
    received(server)
        .await
        .iter()
        .map(|request| request.method.to_string())
        .collect()
}

#[tokio::test]
async fn parts_are_sent_and_put_together() {
    let server = server(completed(Crc64::of(&content()))).await;
    let stored = upload(&server).await.unwrap();
    assert_eq!(stored.etag.as_str(), "B864DB6A936D376F9F8D3ED3BBE540DD-2");

    let requests = received(&server).await;
    assert_eq!(requests.len(), 5);
    let mut parts: Vec<_> = requests[1..4].iter().collect();
    parts.sort_by_key(|part| part.url.query().unwrap().to_owned());
    assert_eq!(
        parts
            .iter()
            .flat_map(|part| part.body.clone())
            .collect::<Vec<u8>>(),
        content()
    );
    insta::assert_snapshot!(shown(&requests[0]), @"
    POST /big.bin?uploads=
    content-type: image/png
    ");
    insta::assert_snapshot!(parts[2].url.path().to_owned() + "?" + parts[2].url.query().unwrap(), @"/big.bin?partNumber=3&uploadId=0004B9895DBBB6EC98E36");
    insta::assert_snapshot!(shown(&requests[4]), @r#"
    POST /big.bin?uploadId=0004B9895DBBB6EC98E36
    content-type: application/xml
    <?xml version="1.0" encoding="UTF-8"?><CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"PART102400"</ETag></Part><Part><PartNumber>2</PartNumber><ETag>"PART102400"</ETag></Part><Part><PartNumber>3</PartNumber><ETag>"PART5"</ETag></Part></CompleteMultipartUpload>
    "#);
}

#[tokio::test]
async fn content_of_one_part_is_put_at_once() {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .respond_with(PartStored)
        .mount(&server)
        .await;
    let small = content().slice(..PART_BYTES);
    let stored = bucket_on(&server, 1)
        .upload_multipart(&key("a"), small, 1, &PutOptions::default())
        .await;
    assert_eq!(stored.unwrap().etag.as_str(), "PART102400");
    assert_eq!(methods(&server).await, ["PUT"]);
}

#[tokio::test]
async fn an_object_that_is_not_the_sum_of_its_parts_is_an_error() {
    let server = server(completed(Crc64(1))).await;
    let error = upload(&server).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Damaged {
                theirs: Crc64(1),
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_failed_part_aborts_the_upload() {
    let server = server(completed(Crc64(0))).await;
    Mock::given(query_param("partNumber", "2"))
        .respond_with(ResponseTemplate::new(503))
        .with_priority(1)
        .mount(&server)
        .await;
    let error = upload(&server).await.unwrap_err();
    assert_eq!(error.context().operation, oss::error::Operation::UploadPart);
    let requests = received(&server).await;
    insta::assert_snapshot!(shown(requests.last().unwrap()), @"DELETE /big.bin?uploadId=0004B9895DBBB6EC98E36");
    assert!(
        !requests
            .iter()
            .any(|request| request.method == "POST" && request.body.len() > 1)
    );
}

#[tokio::test]
async fn a_completion_whose_answer_was_lost_is_recognised() {
    let gone = vector("oss-error.xml").replace("NoSuchKey", "NoSuchUpload");
    for (there, expected) in [(Crc64::of(&content()), true), (Crc64(7), false)] {
        let server = server(xml(404, &gone)).await;
        let head = ResponseTemplate::new(200)
            .insert_header("etag", "\"DONE\"")
            .insert_header("content-length", "204805")
            .insert_header("x-oss-hash-crc64ecma", there.to_string().as_str());
        Mock::given(method("HEAD"))
            .respond_with(head)
            .mount(&server)
            .await;
        let result = upload(&server).await;
        assert_eq!(
            result.is_ok_and(|stored| stored.etag.as_str() == "DONE"),
            expected
        );
    }
}
