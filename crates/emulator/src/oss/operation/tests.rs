use http::Uri;

use super::*;

fn name(method: &str, level: Level, query: &str, copies: bool) -> &'static str {
    let target: Uri = format!("/x?{query}").parse().unwrap();
    let mut headers = HeaderMap::new();
    if copies {
        headers.insert("x-oss-copy-source", "/b/k".parse().unwrap());
    }
    let method = method.parse().unwrap();
    Operation::of(&method, level, &Query::of(&target), &headers).name()
}

#[test]
fn requests_have_their_documented_names() {
    let (service, bucket, object) = (Level::Service, Level::Bucket, Level::Object);
    let cases = [
        ("GET", service, "", "ListBuckets"),
        ("POST", service, "", "PostObject"),
        ("PUT", bucket, "", "PutBucket"),
        ("PUT", bucket, "acl", "PutBucketAcl"),
        ("DELETE", bucket, "", "DeleteBucket"),
        ("GET", bucket, "cors", "GetBucketCors"),
        ("PUT", bucket, "cors", "PutBucketCors"),
        ("DELETE", bucket, "cors", "DeleteBucketCors"),
        ("POST", bucket, "cors", "Unknown"),
        ("OPTIONS", bucket, "", "OptionObject"),
        (
            "OPTIONS",
            object,
            "x-oss-process=image%2Fresize",
            "OptionObject",
        ),
        ("OPTIONS", service, "", "Unknown"),
        ("GET", bucket, "", "ListObjects"),
        ("GET", bucket, "prefix=a&delimiter=%2F", "ListObjects"),
        ("GET", bucket, "list-type=2", "ListObjectsV2"),
        ("GET", bucket, "bucketInfo", "GetBucketInfo"),
        ("GET", bucket, "location", "GetBucketLocation"),
        ("GET", bucket, "stat", "GetBucketStat"),
        ("GET", bucket, "acl", "GetBucketAcl"),
        ("GET", bucket, "uploads", "ListMultipartUploads"),
        ("POST", bucket, "delete", "DeleteMultipleObjects"),
        ("POST", bucket, "", "PostObject"),
        ("PUT", object, "", "PutObject"),
        ("PUT", object, "acl", "PutObjectAcl"),
        ("PUT", object, "tagging", "PutObjectTagging"),
        ("PUT", object, "symlink", "PutSymlink"),
        ("PUT", object, "partNumber=1&uploadId=u", "UploadPart"),
        ("POST", object, "append&position=0", "AppendObject"),
        ("POST", object, "uploads", "InitiateMultipartUpload"),
        ("POST", object, "uploadId=u", "CompleteMultipartUpload"),
        ("GET", object, "", "GetObject"),
        (
            "GET",
            object,
            "response-content-type=text%2Fplain",
            "GetObject",
        ),
        ("GET", object, "acl", "GetObjectAcl"),
        ("GET", object, "tagging", "GetObjectTagging"),
        ("GET", object, "symlink", "GetSymlink"),
        ("GET", object, "uploadId=u", "ListParts"),
        ("HEAD", object, "", "HeadObject"),
        ("HEAD", object, "objectMeta", "GetObjectMeta"),
        ("GET", object, "objectMeta", "GetObjectMeta"),
        ("DELETE", object, "", "DeleteObject"),
        ("DELETE", object, "tagging", "DeleteObjectTagging"),
        ("DELETE", object, "uploadId=u", "AbortMultipartUpload"),
        ("PUT", bucket, "lifecycle", "NotPlayed"),
        ("GET", bucket, "tagging", "NotPlayed"),
        ("GET", object, "x-oss-process=image%2Fresize", "NotPlayed"),
        (
            "GET",
            object,
            "x-oss-process=image%2Fresize%2Cw_9",
            "GetObject",
        ),
        (
            "HEAD",
            object,
            "x-oss-process=image%2Fresize%2Cw_9",
            "NotPlayed",
        ),
        ("GET", object, "versionId=v", "GetObject"),
        ("POST", object, "restore", "RestoreObject"),
        ("POST", object, "cleanRestoredObject", "CleanRestoredObject"),
        ("GET", bucket, "versions", "ListObjectVersions"),
        ("GET", bucket, "versioning", "GetBucketVersioning"),
        ("PUT", bucket, "versioning", "NotPlayed"),
        ("GET", bucket, "live", "ListLiveChannel"),
        ("PUT", object, "live", "NotPlayed"),
        ("PUT", object, "callback=e30%3D", "NotPlayed"),
        ("PUT", service, "", "Unknown"),
        ("HEAD", bucket, "", "Unknown"),
        ("PATCH", object, "", "Unknown"),
        ("POST", object, "", "Unknown"),
    ];
    for (method, level, query, expected) in cases {
        assert_eq!(
            name(method, level, query, false),
            expected,
            "{method} {level:?} ?{query}"
        );
    }
}

#[test]
fn a_copy_is_told_by_its_source() {
    assert_eq!(name("PUT", Level::Object, "", true), "CopyObject");
    let part = "partNumber=1&uploadId=u";
    assert_eq!(name("PUT", Level::Object, part, true), "UploadPartCopy");
}

#[test]
fn what_is_no_operation_is_counted_as_everywhere() {
    assert_eq!(Operation::Unknown.name(), crate::call::Call::UNKNOWN);
}
