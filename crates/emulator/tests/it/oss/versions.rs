//! Versions in a bucket without versioning: each object has one, `null`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest as _, Md5};

use crate::oss::caller::{self, Caller};
use crate::running::Running;

async fn scene() -> (Running, Caller) {
    let (running, oss) = caller::scene().await;
    for key in ["a/1", "a/2", "b", "c%20d"] {
        oss.call(&format!("PUT /photos/{key}"), "12345").await;
    }
    (running, oss)
}

#[tokio::test]
async fn versions_are_listed_page_by_page() {
    let (_running, oss) = scene().await;
    let first = "GET /photos?versions&delimiter=%2F&max-keys=2&encoding-type=url";
    let first = oss.call(first, "").await;
    let element = |name| first.element(name);
    assert_eq!(element("Prefix"), Some(""), "of the bucket");
    assert_eq!(element("Delimiter"), Some("%2F"));
    assert_eq!(element("MaxKeys"), Some("2"));
    assert_eq!(element("Key"), Some("b"));
    assert_eq!(element("VersionId"), Some("null"));
    assert_eq!(element("IsLatest"), Some("true"));
    assert_eq!(element("Size"), Some("5"));
    assert_eq!(element("IsTruncated"), Some("true"));
    assert_eq!(element("NextKeyMarker"), Some("b"));
    assert_eq!(element("NextVersionIdMarker"), Some("null"));
    assert!(first.document().contains("<Prefix>a%2F</Prefix>"));

    let second = "GET /photos?versions&delimiter=%2F&encoding-type=url\
                  &key-marker=b&version-id-marker=null";
    let second = oss.call(second, "").await;
    assert_eq!(second.element("Key"), Some("c%20d"));
    assert_eq!(second.element("KeyMarker"), Some("b"));
    assert_eq!(second.element("VersionIdMarker"), Some("null"));
    assert_eq!(second.element("IsTruncated"), Some("false"));
    assert_eq!(second.element("NextKeyMarker"), None);

    let within = oss.call("GET /photos?versions&prefix=a%2F", "").await;
    assert_eq!(within.texts("Version").len(), 2, "{within:?}");
    let alone = oss.call("GET /photos?versions&version-id-marker=null", "");
    assert_eq!(alone.await.outcome(), "400 InvalidArgument");
}

#[tokio::test]
async fn the_only_version_is_the_object() {
    let (_running, oss) = scene().await;
    let got = oss.call("GET /photos/b?versionId=null", "").await;
    assert_eq!(got.body, "12345");
    assert_eq!(got.header("x-oss-version-id"), Some("null"));
    let copied = [("x-oss-copy-source", "/photos/b?versionId=null")];
    let copied = oss.call_with("PUT /photos/copy", &copied, "").await;
    assert_eq!(copied.outcome(), "200");
    for line in [
        "GET /photos/b",
        "GET /photos/b?acl",
        "GET /photos/b?tagging",
        "PUT /photos/b?tagging",
        "POST /photos/b?restore",
    ] {
        let join = if line.contains('?') { '&' } else { '?' };
        let answer = oss.call(&format!("{line}{join}versionId=other"), "").await;
        assert_eq!(answer.outcome(), "404 NoSuchVersion", "{line}");
    }
    let other = [("x-oss-copy-source", "/photos/b?versionId=other")];
    let other = oss.call_with("PUT /photos/copy", &other, "").await;
    assert_eq!(other.outcome(), "404 NoSuchVersion");
    let versioning = oss.call("GET /photos?versioning", "").await;
    assert_eq!(versioning.element("VersioningConfiguration"), Some(""));
    let enabled = oss.call("PUT /photos?versioning", "").await;
    assert_eq!(enabled.outcome(), "400 NotImplemented");
}

#[tokio::test]
async fn versions_are_deleted_one_by_one_and_many_at_once() {
    let (_running, oss) = scene().await;
    let deleted = oss.call("DELETE /photos/b?versionId=other", "").await;
    assert_eq!(deleted.outcome(), "204");
    assert_eq!(oss.call("HEAD /photos/b", "").await.status, 200);
    let deleted = oss.call("DELETE /photos/b?versionId=null", "").await;
    assert_eq!(deleted.outcome(), "204");
    assert_eq!(oss.call("HEAD /photos/b", "").await.status, 404);

    let object =
        |key, version| format!("<Object><Key>{key}</Key><VersionId>{version}</VersionId></Object>");
    let objects = object("a/1", "null") + &object("a/2", "other");
    let document = format!("<Delete><Quiet>false</Quiet>{objects}</Delete>");
    let md5 = BASE64_STANDARD.encode(Md5::digest(&document));
    let headers = [("content-md5", md5.as_str())];
    let deleted = oss.call_with("POST /photos?delete", &headers, document);
    let deleted = deleted.await;
    let expected = "<Key>a/1</Key><VersionId>null</VersionId>";
    assert_eq!(deleted.texts("Deleted")[0], expected, "{deleted:?}");
    assert_eq!(oss.call("HEAD /photos/a/1", "").await.status, 404);
    assert_eq!(oss.call("HEAD /photos/a/2", "").await.status, 200);
}
