//! The decision for each kind of event.

use clap::Parser as _;

use super::*;
use crate::Config;

fn config() -> Config {
    Config::parse_from([
        "face-recognition",
        "--upload-path=face-image/target",
        "--allowed-buckets=photos,holidays",
        "--allowed-regions=cn-shanghai",
        "--max-object-bytes=1024",
    ])
}

/// An event as OSS writes it; `more` goes into its object.
fn event(name: &str, region: &str, bucket: &str, key: &str, more: &str) -> Event {
    let key = serde_json::to_string(key).unwrap();
    let document = format!(
        r#"{{"eventName":"{name}","region":"{region}","oss":{{"bucket":{{"name":"{bucket}","ownerIdentity":"42"}},"object":{{"key":{key}{more}}}}}}}"#
    );
    oss::event::parse(document.as_bytes()).unwrap().remove(0)
}

fn said(event: &Event) -> String {
    let config = config();
    match decide(event, &config.storage, &config.limits) {
        Ok(Decision::Take(job)) => format!("take {}, {:?}", job.address.key, job.hint),
        Ok(Decision::Skip(reason)) => format!("skip {}", reason.word()),
        Err(failure) => format!("{} {}", failure.status().as_u16(), failure.reason()),
    }
}

#[test]
fn keys_decide() {
    let cases = [
        ("a.jpg", "take a.jpg, Picture"),
        ("人/脸 😀.PNG", "take 人/脸 😀.PNG, Picture"),
        ("face-image/target/rec-a.jpg", "skip in_target"),
        (
            "face-image/target-x/a.jpg",
            "take face-image/target-x/a.jpg, Picture",
        ),
        ("face-image/target", "skip in_target"),
        ("face-image/", "skip folder"),
        ("notes.txt", "skip not_an_image"),
        ("film.mp4", "skip not_an_image"),
        ("upload", "take upload, Unknown"),
        ("a/../b.jpg", "400 bad_address"),
        ("/a.jpg", "400 bad_address"),
        ("a\u{0}.jpg", "400 bad_address"),
        ("", "400 bad_address"),
    ];
    for (key, expected) in cases {
        let event = event("ObjectCreated:PutObject", "cn-shanghai", "photos", key, "");
        assert_eq!(said(&event), expected, "`{key}`");
    }
    let long = "a".repeat(1024);
    let event = event(
        "ObjectCreated:PutObject",
        "cn-shanghai",
        "photos",
        &long,
        "",
    );
    assert_eq!(said(&event), "400 bad_address", "1,024 bytes");
}

#[test]
fn only_finished_objects_count() {
    let cases = [
        ("ObjectCreated:PutObject", "take a.jpg, Picture"),
        ("ObjectCreated:PostObject", "take a.jpg, Picture"),
        ("ObjectCreated:CopyObject", "take a.jpg, Picture"),
        ("ObjectCreated:AppendObject", "take a.jpg, Picture"),
        (
            "ObjectCreated:CompleteMultipartUpload",
            "take a.jpg, Picture",
        ),
        ("ObjectCreated:InitiateMultipartUpload", "skip not_created"),
        ("ObjectCreated:UploadPart", "skip not_created"),
        ("ObjectCreated:PutSymlink", "skip not_created"),
        ("ObjectRemoved:DeleteObject", "skip not_created"),
        ("ObjectDownloaded:GetObject", "skip not_created"),
        ("ObjectReplication:ObjectCreated", "skip not_created"),
        ("Whatever", "skip not_created"),
    ];
    for (name, expected) in cases {
        let event = event(name, "cn-shanghai", "photos", "a.jpg", "");
        assert_eq!(said(&event), expected, "{name}");
    }
}

#[test]
fn places_outside_the_configuration_are_forbidden() {
    let cases = [
        ("cn-shanghai", "holidays", "take a.jpg, Picture"),
        ("cn-beijing", "photos", "403 forbidden"),
        ("cn-shanghai", "strangers", "403 forbidden"),
        ("evil.example/", "photos", "400 bad_address"),
        ("cn-shanghai", "evil.example", "400 bad_address"),
    ];
    for (region, bucket, expected) in cases {
        let event = event("ObjectCreated:PutObject", region, bucket, "a.jpg", "");
        assert_eq!(said(&event), expected, "{bucket} in {region}");
    }
}

#[test]
fn what_is_said_of_the_content_is_heeded() {
    let cases = [
        (
            "photo of 1,024 bytes",
            "a.jpg",
            r#","size":1024"#,
            "take a.jpg, Picture",
        ),
        (
            "photo of 1,025 bytes",
            "a.jpg",
            r#","size":1025"#,
            "413 too_large",
        ),
        (
            "something of 1,025 bytes",
            "a",
            r#","size":1025"#,
            "take a, Unknown",
        ),
        (
            "text",
            "a",
            r#","objectMeta":{"mimeType":"text/html"}"#,
            "skip not_an_image",
        ),
        (
            "picture",
            "a",
            r#","objectMeta":{"mimeType":"image/png"}"#,
            "take a, Picture",
        ),
    ];
    for (name, key, more, expected) in cases {
        let event = event(
            "ObjectCreated:PutObject",
            "cn-shanghai",
            "photos",
            key,
            more,
        );
        assert_eq!(said(&event), expected, "{name}");
    }
}
