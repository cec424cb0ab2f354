//! Buckets: what is said about them, and that one that is missing is said to be missing.

use signing::Credentials;

use crate::oss::caller::Caller;
use crate::running::Running;

#[tokio::test]
async fn a_missing_bucket_is_missing_for_everybody() {
    let running = Running::start().await;
    let unknown = Caller {
        credentials: Credentials::new("LTAI5tUnknown", "s"),
        ..Caller::of(&running)
    };
    for line in [
        "GET /nowhere",
        "GET /nowhere/a",
        "PUT /nowhere/a",
        "DELETE /nowhere",
        "GET /nowhere?bucketInfo",
        "GET /nowhere?lifecycle",
        "POST /nowhere?delete",
    ] {
        let answer = unknown.call(line, "").await;
        assert_eq!(answer.outcome(), "404 NoSuchBucket", "{line}");
        assert_eq!(answer.header("x-oss-ec"), Some("0015-00000101"), "{line}");
        let answer = unknown.anonymous(line, "").await;
        assert_eq!(answer.outcome(), "404 NoSuchBucket", "anonymous {line}");
    }
    for line in ["PUT /nowhere", "PUT /nowhere?acl", "GET /"] {
        let answer = unknown.call(line, "").await;
        assert_eq!(answer.outcome(), "403 InvalidAccessKeyId", "{line}");
        assert_eq!(answer.header("x-oss-ec"), Some("0002-00000902"), "{line}");
    }
}

#[tokio::test]
async fn a_bucket_says_where_it_is_and_what_is_in_it() {
    let running = Running::start().await;
    let oss = Caller::of(&running);
    let made = oss.call("PUT /photos", "").await;
    assert_eq!(made.header("location"), Some("/photos"));
    let stat = oss.call("GET /photos?stat", "").await;
    assert_eq!(stat.element("LastModifiedTime"), Some("0"));

    oss.call("PUT /photos/a", "12345").await;
    let cold = [("x-oss-storage-class", "ColdArchive")];
    oss.call_with("PUT /photos/b", &cold, "123").await;
    oss.call("POST /photos/c?uploads", "").await;
    let stat = oss.call("GET /photos?stat", "").await;
    for (name, expected) in [
        ("Storage", "8"),
        ("ObjectCount", "2"),
        ("MultipartUploadCount", "1"),
        ("MultipartPartCount", "0"),
        ("LiveChannelCount", "0"),
        ("StandardStorage", "5"),
        ("StandardObjectCount", "1"),
        ("InfrequentAccessStorage", "0"),
        ("ArchiveObjectCount", "0"),
        ("ColdArchiveStorage", "3"),
        ("ColdArchiveRealStorage", "3"),
        ("ColdArchiveObjectCount", "1"),
        ("DeepColdArchiveStorage", "0"),
    ] {
        assert_eq!(stat.element(name), Some(expected), "{name}");
    }
    let modified = stat.text("LastModifiedTime");
    assert!(modified.parse::<u64>().unwrap() > 0, "{modified}");

    let live = oss.call("GET /photos?live", "").await;
    assert_eq!(live.element("IsTruncated"), Some("false"));
    let full = oss.call("DELETE /photos", "").await;
    assert_eq!(full.outcome(), "409 BucketNotEmpty");
    assert_eq!(full.header("x-oss-ec"), Some("0015-00000301"));
    let meta = oss.call("HEAD /photos/a?objectMeta", "").await;
    assert_eq!(
        meta.header("x-oss-hash-crc64ecma"),
        oss.call("HEAD /photos/a", "")
            .await
            .header("x-oss-hash-crc64ecma")
    );
    assert!(meta.header("x-oss-hash-crc64ecma").is_some());
}

#[tokio::test]
async fn a_configuration_that_is_not_played_is_no_new_bucket() {
    let running = Running::start().await;
    let oss = Caller::of(&running);
    oss.call("PUT /photos", "").await;
    for name in ["overwriteConfig", "lifecycle", "live", "versioning"] {
        let answer = oss.call(&format!("PUT /photos?{name}"), "").await;
        assert_eq!(answer.outcome(), "400 NotImplemented", "{name}");
    }
}
