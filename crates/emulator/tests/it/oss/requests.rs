//! Requests that no careful client sends.

use http::{HeaderValue, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::answer::Answer;
use crate::oss::caller::scene;

#[tokio::test]
async fn refused_requests_have_their_documented_answers() {
    let (_running, oss) = scene().await;
    oss.call("PUT /photos/a", "12345").await;
    let table = "
        a key with a slash in front | PUT /photos//a | 1 | 400 InvalidObjectName
        a bucket that is none | PUT /p | | 400 InvalidBucketName
        an unknown method | PATCH /photos/a | | 405 MethodNotAllowed
        a configuration not played | GET /photos?lifecycle | | 400 NotImplemented
        a delete without a digest | POST /photos?delete | <Delete><Object><Key>a</Key></Object></Delete> | 400 MissingArgument
        a grant that is none | PUT /photos?acl | | 400 MissingArgument
        tags that are none | PUT /photos/a?tagging | <Tag | 400 MalformedXML
        a bucket configuration that is none | PUT /photos | nothing | 400 MalformedXML
        too many keys asked for | GET /photos?max-keys=1001 | | 400 InvalidArgument
        another encoding | GET /photos?encoding-type=rot13 | | 400 InvalidArgument
        a made-up token | GET /photos?list-type=2&continuation-token=%25 | | 400 InvalidArgument
        no position | POST /photos/a?append | 1 | 400 InvalidArgument
        no link | GET /photos/a?symlink | | 400 NotSymlink
        a part without its number | PUT /photos/a?uploadId=u | 1 | 400 InvalidArgument
        a part of nothing | PUT /photos/a?partNumber=1&uploadId=u | 1 | 404 NoSuchUpload
    ";
    for row in table.trim().lines() {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let answer = oss.call(cells[1], cells[2].to_owned()).await;
        assert_eq!(answer.outcome(), cells[3], "{row}");
        assert_eq!(
            answer.element("RequestId"),
            answer.header("x-oss-request-id"),
            "{row}"
        );
    }
}

#[tokio::test]
async fn every_answer_says_who_gave_it() {
    let (_running, oss) = scene().await;
    for line in [
        "GET /",
        "PUT /photos/a",
        "GET /photos/missing",
        "HEAD /photos/missing",
        "OPTIONS /photos",
    ] {
        let answer = oss.call(line, "").await;
        assert_eq!(answer.header("server"), Some("AliyunOSS"), "{line}");
        assert_eq!(
            answer.header("x-oss-request-id").map(str::len),
            Some(24),
            "{line}"
        );
        assert!(answer.header("x-oss-server-time").is_some(), "{line}");
        assert!(answer.header("date").is_some(), "{line}");
    }
}

#[tokio::test]
async fn the_error_of_a_head_request_stands_in_a_header() {
    use base64::Engine as _;
    let (_running, oss) = scene().await;
    let answer = oss.call("HEAD /photos/missing", "").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("x-oss-ec"), Some("0026-00000001"));
    let encoded = answer.header("x-oss-err").unwrap();
    let body = base64::prelude::BASE64_STANDARD
        .decode(encoded)
        .unwrap()
        .into();
    let document = Answer { body, ..answer };
    assert_eq!(document.outcome(), "404 NoSuchKey");
}

#[tokio::test]
async fn documents_look_like_the_published_ones() {
    let (running, oss) = scene().await;
    let info = oss.call("GET /photos?bucketInfo", "").await;
    let text = info.document().replace(info.text("CreationDate"), "DATE");
    let text = text
        .replace(&running.addresses.oss.to_string(), "ENDPOINT")
        .replace("><", ">\n<");
    insta::assert_snapshot!(text, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <BucketInfo>
    <Bucket>
    <CreationDate>DATE</CreationDate>
    <ExtranetEndpoint>ENDPOINT</ExtranetEndpoint>
    <IntranetEndpoint>ENDPOINT</IntranetEndpoint>
    <Location>oss-cn-shanghai</Location>
    <StorageClass>Standard</StorageClass>
    <DataRedundancyType>LRS</DataRedundancyType>
    <Name>photos</Name>
    <ResourceGroupId>rg-emulator</ResourceGroupId>
    <AccessMonitor>Disabled</AccessMonitor>
    <CrossRegionReplication>Disabled</CrossRegionReplication>
    <TransferAcceleration>Disabled</TransferAcceleration>
    <BlockPublicAccess>false</BlockPublicAccess>
    <Comment>
    </Comment>
    <BucketPolicy>
    <LogBucket>
    </LogBucket>
    <LogPrefix>
    </LogPrefix>
    </BucketPolicy>
    <ServerSideEncryptionRule>
    <SSEAlgorithm>None</SSEAlgorithm>
    </ServerSideEncryptionRule>
    <Owner>
    <DisplayName>1234567890123456</DisplayName>
    <ID>1234567890123456</ID>
    </Owner>
    <AccessControlList>
    <Grant>private</Grant>
    </AccessControlList>
    </Bucket>
    </BucketInfo>
    "#);
    oss.call("PUT /photos/a%20b", "hello").await;
    let listed = oss
        .call("GET /photos?list-type=2&encoding-type=url", "")
        .await;
    let text = listed
        .document()
        .replace(listed.text("LastModified"), "DATE")
        .replace("><", ">\n<");
    insta::assert_snapshot!(text, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <ListBucketResult>
    <Name>photos</Name>
    <Prefix>
    </Prefix>
    <StartAfter>
    </StartAfter>
    <MaxKeys>100</MaxKeys>
    <Delimiter>
    </Delimiter>
    <EncodingType>url</EncodingType>
    <IsTruncated>false</IsTruncated>
    <KeyCount>1</KeyCount>
    <Contents>
    <Key>a%20b</Key>
    <LastModified>DATE</LastModified>
    <ETag>&quot;5D41402ABC4B2A76B9719D911017C592&quot;</ETag>
    <Type>Normal</Type>
    <Size>5</Size>
    <StorageClass>Standard</StorageClass>
    </Contents>
    </ListBucketResult>
    "#);
}

#[tokio::test]
async fn dots_in_keys_are_characters_like_others() {
    let (running, oss) = scene().await;
    // HTTP clients resolve dots before they send, so these requests go over a bare socket.
    let signed = oss.signed("PUT /photos/DOTS", &[], "");
    oss.call("PUT /photos?acl", "").await;
    oss.call_with("PUT /photos?acl", &[("x-oss-acl", "public-read-write")], "")
        .await;
    let host = signed.uri().authority().unwrap().to_string();
    let mut stream = TcpStream::connect(running.addresses.oss).await.unwrap();
    let request = format!(
        "PUT /photos/../photos/x HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n\
         Connection: close\r\n\r\n1"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let listed = oss.call("GET /photos", "").await;
    assert_eq!(listed.element("Key"), Some("../photos/x"));
}

#[tokio::test]
async fn a_put_without_a_length_is_refused() {
    let (running, oss) = scene().await;
    oss.call_with("PUT /photos?acl", &[("x-oss-acl", "public-read-write")], "")
        .await;
    let mut stream = TcpStream::connect(running.addresses.oss).await.unwrap();
    let request = "PUT /photos/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 411"), "{answer}");
    assert!(
        answer.contains("<Code>MissingContentLength</Code>"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_ends_early_stores_nothing() {
    let (running, oss) = scene().await;
    oss.call_with("PUT /photos?acl", &[("x-oss-acl", "public-read-write")], "")
        .await;
    let mut stream = TcpStream::connect(running.addresses.oss).await.unwrap();
    let request = "PUT /photos/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345";
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    oss.expect("GET /photos/a", "", "404 NoSuchKey").await;
}

#[tokio::test]
async fn nobody_gets_what_is_private() {
    let (_running, oss) = scene().await;
    oss.call("PUT /photos/a", "12345").await;
    for line in [
        "GET /",
        "GET /photos",
        "GET /photos/a",
        "HEAD /photos/a",
        "GET /photos/missing",
        "PUT /photos/b",
        "DELETE /photos/a",
        "PUT /photos",
        "DELETE /photos",
        "GET /photos?bucketInfo",
        "POST /photos/a?append&position=0",
        "POST /photos/a?uploads",
        "POST /photos?delete",
    ] {
        assert_eq!(oss.anonymous(line, "").await.status, 403, "{line}");
    }
    assert_eq!(
        oss.anonymous("GET /nowhere/a", "").await.outcome(),
        "404 NoSuchBucket"
    );
    oss.call_with("PUT /photos?acl", &[("x-oss-acl", "public-read")], "")
        .await;
    assert_eq!(oss.anonymous("GET /photos/a", "").await.body, "12345");
    assert_eq!(
        oss.anonymous("GET /photos/missing", "").await.outcome(),
        "404 NoSuchKey"
    );
    assert_eq!(
        oss.anonymous("GET /photos", "").await.outcome(),
        "403 AccessDenied"
    );
    assert_eq!(
        oss.anonymous("PUT /photos/b", "1").await.outcome(),
        "403 AccessDenied"
    );
    let choosing = "GET /photos/a?response-content-type=text%2Fplain";
    assert_eq!(
        oss.anonymous(choosing, "").await.outcome(),
        "400 InvalidRequest"
    );
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused_in_metadata() {
    let (_running, oss) = scene().await;
    oss.call_with("PUT /photos?acl", &[("x-oss-acl", "public-read-write")], "")
        .await;
    let mut request: Request<_> = oss.unsigned("PUT /photos/a", &[], "1");
    let latin = HeaderValue::from_bytes(b"caf\xe9").unwrap();
    request.headers_mut().insert("x-oss-meta-name", latin);
    let answer = oss.send(request).await.unwrap();
    assert_eq!(answer.outcome(), "400 InvalidArgument");
}
