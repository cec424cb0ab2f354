//! The Advance path: authorization, upload, and then the action.

use std::sync::Arc;

use face::facebody::{Facebody, FacebodyOptions};
use face::{Analysis, Backend, FaceError};
use serde_json::{Value, json};
use transport::Disposition;
use url::Url;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::received::{header, is_signed_acs3, parameter};
use crate::support::{BrokenPhoto, TestPhoto, live, permits, told, transport};

const AUTHORIZATION: &str = include_str!("../json/authorize-file-upload-response.json");
const SAMPLE: &str = include_str!("../json/facebody-recognize-face-response.json");

/// Everything that the path needs, on one server.
struct Cloud {
    server: MockServer,
}

impl Cloud {
    async fn start(authorization: &str, uploaded: ResponseTemplate) -> Self {
        let server = MockServer::start().await;
        let authorized = ResponseTemplate::new(200).set_body_raw(authorization, "application/json");
        let recognized = ResponseTemplate::new(200).set_body_raw(SAMPLE, "application/json");
        let get = Mock::given(method("GET")).and(path("/"));
        get.respond_with(authorized).mount(&server).await;
        let upload = Mock::given(method("POST")).and(path("/oss/viapi-upload/"));
        upload.respond_with(uploaded).mount(&server).await;
        let post = Mock::given(method("POST")).and(path("/"));
        post.respond_with(recognized).mount(&server).await;
        Self { server }
    }

    fn backend(&self, upload_endpoint: Option<&str>) -> Backend {
        let url = |path: &str| Url::parse(&format!("{}{path}", self.server.uri())).unwrap();
        let options = FacebodyOptions {
            endpoint: url("/"),
            open_platform_endpoint: url("/"),
            upload_endpoint: upload_endpoint.map(url),
            ..FacebodyOptions::default()
        };
        Facebody::new(options, live(), transport(), permits()).into()
    }

    async fn analyse(&self, photo: TestPhoto) -> Result<Analysis, FaceError> {
        self.backend(Some("/oss/")).analyse(Arc::new(photo)).await
    }

    async fn received(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }
}

/// The form's parts as name and value; the value of the file is its bytes as they are.
fn fields(upload: &Request) -> Vec<(String, Vec<u8>)> {
    let boundary = header(upload, "content-type")
        .split_once("boundary=")
        .unwrap()
        .1
        .to_owned();
    let body = upload.body.as_slice();
    let mark = format!("--{boundary}");
    let starts: Vec<usize> = (0..body.len())
        .filter(|&at| body[at..].starts_with(mark.as_bytes()))
        .collect();
    let parts = starts
        .windows(2)
        .map(|pair| &body[pair[0] + mark.len() + 2..pair[1] - 2]);
    let split = |part: &[u8]| {
        let end = part
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(part[..end].to_vec()).unwrap();
        let name = head
            .split("name=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned();
        (name, part[end + 4..].to_vec())
    };
    parts.map(split).collect()
}

fn created() -> ResponseTemplate {
    ResponseTemplate::new(201)
}

#[tokio::test]
async fn photo_of_another_region_is_uploaded_first() {
    let cloud = Cloud::start(AUTHORIZATION, created()).await;
    let photo = TestPhoto::blank(640, 480).stored("cn-hangzhou", "image/jpeg");
    assert_eq!(cloud.analyse(photo).await.unwrap().faces.len(), 2);

    let received = cloud.received().await;
    let [authorize, upload, recognize] = received.as_slice() else {
        panic!("{} requests", received.len());
    };
    assert!(is_signed_acs3(authorize));
    assert_eq!(header(authorize, "x-acs-action"), "AuthorizeFileUpload");
    assert_eq!(header(authorize, "x-acs-version"), "2019-12-19");
    assert_eq!(
        authorize.url.query(),
        Some("Product=facebody&RegionId=cn-shanghai")
    );

    let fields = fields(upload);
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "OSSAccessKeyId",
        "policy",
        "Signature",
        "key",
        "success_action_status",
        "file",
    ];
    assert_eq!(names, expected);
    assert_eq!(fields[3].1, b"1234567890123456/2024/5/6/a.jpg");
    assert_eq!(fields[4].1, b"201");
    assert_eq!(image::load_from_memory(&fields[5].1).unwrap().width(), 640);
    assert!(!upload.headers.contains_key("authorization"));

    assert!(is_signed_acs3(recognize));
    let expected = format!(
        "{}/oss/viapi-upload/1234567890123456/2024/5/6/a.jpg",
        cloud.server.uri()
    );
    assert_eq!(parameter(recognize, "ImageURL"), Some(expected));
}

#[tokio::test]
async fn whatever_facebody_cannot_read_in_place_is_uploaded() {
    let stored = |photo: TestPhoto| photo.stored("cn-shanghai", "image/jpeg");
    let cases = [
        ("not upright in its file", TestPhoto::blank(640, 480)),
        (
            "webp",
            TestPhoto::blank(640, 480).stored("cn-shanghai", "image/webp"),
        ),
        ("too large", stored(TestPhoto::blank(4096, 40))),
    ];
    for (name, photo) in cases {
        let cloud = Cloud::start(AUTHORIZATION, created()).await;
        cloud.analyse(photo).await.unwrap();
        assert_eq!(cloud.received().await.len(), 3, "{name}");
    }
}

#[tokio::test]
async fn tiny_photo_is_not_uploaded() {
    let cloud = Cloud::start(AUTHORIZATION, created()).await;
    assert_eq!(
        cloud.analyse(TestPhoto::blank(20, 20)).await.unwrap(),
        Analysis::default()
    );
    assert_eq!(cloud.received().await.len(), 0);
}

#[tokio::test]
async fn photo_is_sent_to_the_vendor_only() {
    let with = |bucket: &str, endpoint: &str| {
        let mut document: Value = serde_json::from_str(AUTHORIZATION).unwrap();
        document["Bucket"] = json!(bucket);
        document["Endpoint"] = json!(endpoint);
        document.to_string()
    };
    let cases = [
        ("another domain", with("b", "oss.evil.example")),
        ("a longer domain", with("b", "aliyuncs.com.evil.example")),
        ("a similar domain", with("b", "evilaliyuncs.com")),
        (
            "a path",
            with("evil.example/b", "oss-cn-shanghai.aliyuncs.com"),
        ),
        ("a user", with("u:p@evil", "oss-cn-shanghai.aliyuncs.com")),
        (
            "a user of another host",
            with("b", "x.aliyuncs.com@evil.example"),
        ),
        ("a port", with("b", "oss-cn-shanghai.aliyuncs.com:8443")),
        (
            "a fragment",
            with("evil.example#", "oss-cn-shanghai.aliyuncs.com"),
        ),
        (
            "a query",
            with("evil.example?", "oss-cn-shanghai.aliyuncs.com"),
        ),
        (
            "a backslash",
            with("evil.example\\", "oss-cn-shanghai.aliyuncs.com"),
        ),
        ("a line break", with("b", "oss-cn-shanghai\n.aliyuncs.com")),
        ("this machine", with("", "127.0.0.1")),
    ];
    for (name, authorization) in cases {
        let cloud = Cloud::start(&authorization, created()).await;
        let photo = Arc::new(TestPhoto::blank(640, 480));
        let error = cloud.backend(None).analyse(photo).await.unwrap_err();
        assert_eq!(error.reason(), "invalid_answer", "{name}");
        assert!(
            told(&error).contains("none of Alibaba Cloud's"),
            "{name}: {}",
            told(&error)
        );
        assert_eq!(
            cloud.received().await.len(),
            1,
            "{name}: nothing but the authorization"
        );
    }
}

#[tokio::test]
async fn failed_uploads_are_told_apart() {
    let refusal = |status, code: &str| {
        ResponseTemplate::new(status).set_body_string(format!("<Error><Code>{code}</Code></Error>"))
    };
    let cases = [
        (
            "stale authorization",
            refusal(403, "AccessDenied"),
            "unavailable",
            Disposition::Retry,
        ),
        (
            "no such bucket",
            refusal(404, "NoSuchBucket"),
            "misconfigured",
            Disposition::Permanent,
        ),
        (
            "storage is down",
            refusal(503, "ServiceUnavailable"),
            "unavailable",
            Disposition::Retry,
        ),
    ];
    for (name, answer, reason, disposition) in cases {
        let cloud = Cloud::start(AUTHORIZATION, answer).await;
        let error = cloud.analyse(TestPhoto::blank(640, 480)).await.unwrap_err();
        assert_eq!(
            (error.reason(), error.disposition()),
            (reason, disposition),
            "{name}"
        );
        let signature = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert!(
            !format!("{} {error:?}", told(&error)).contains(signature),
            "{name}"
        );
    }
}

#[tokio::test]
async fn refused_authorization_is_told_as_such() {
    let server = MockServer::start().await;
    let refusal = ResponseTemplate::new(403).set_body_json(json!({ "Code": "NoPermission" }));
    Mock::given(method("GET"))
        .respond_with(refusal)
        .mount(&server)
        .await;
    let cloud = Cloud { server };
    let error = cloud.analyse(TestPhoto::blank(640, 480)).await.unwrap_err();
    assert_eq!(error.reason(), "misconfigured");
    assert!(told(&error).starts_with("`openplatform` cannot be used as configured"));
}

#[tokio::test]
async fn broken_photo_is_never_uploaded() {
    let cloud = Cloud::start(AUTHORIZATION, created()).await;
    let error = cloud
        .backend(Some("/oss"))
        .analyse(Arc::new(BrokenPhoto))
        .await
        .unwrap_err();
    assert_eq!(error.reason(), "picture_unreadable");
    assert_eq!(cloud.received().await.len(), 0);
}
