//! The client of this workspace against the emulator, in both signature versions and both
//! addressing styles.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use oss::{
    Addressing, Bucket, ByteRange, Client, CopyOptions, CorsRule, Endpoint, GetOptions,
    ListRequest, Metadata, ObjectKey, PresignPostOptions, PresignedPost, PutOptions,
    SignatureVersion,
};
use tokio_rustls::rustls::crypto::ring;
use transport::{RetryPolicy, Transport};
use url::Url;

use crate::running::{REGION, Running, credentials};

const HOST: &str = "oss.test";

/// A new bucket for each way to reach it.
async fn buckets(running: &Running) -> Vec<(String, Bucket)> {
    let mut buckets = Vec::new();
    for version in [SignatureVersion::V1, SignatureVersion::V4] {
        for addressing in [Addressing::Path, Addressing::VirtualHosted] {
            let bucket = bucket(running.addresses.oss, version, addressing, buckets.len());
            bucket.create().await.unwrap();
            buckets.push((format!("{version:?} {addressing:?}"), bucket));
        }
    }
    buckets
}

fn bucket(
    address: SocketAddr,
    version: SignatureVersion,
    addressing: Addressing,
    number: usize,
) -> Bucket {
    let name = format!("client-{number}");
    // Plays the name server for the bucket's host name.
    let http = http()
        .resolve(&format!("{name}.{HOST}"), address)
        .build()
        .unwrap();
    let url: Url = match addressing {
        Addressing::VirtualHosted => format!("http://{HOST}:{}", address.port()),
        _ => format!("http://{address}"),
    }
    .parse()
    .unwrap();
    let endpoint = Endpoint::new(&url, addressing, REGION.parse().unwrap()).unwrap();
    let client = Client::builder(endpoint.with_signature(version), credentials());
    let client = client
        .retry(RetryPolicy::none())
        .build_on(Transport::new(http));
    client.bucket(name.parse().unwrap())
}

/// No test here speaks TLS, but a client wants to know how.
fn http() -> reqwest::ClientBuilder {
    let _already_chosen = ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}

fn key(text: &str) -> ObjectKey {
    text.parse().unwrap()
}

#[tokio::test]
async fn objects_of_every_kind_of_key_go_there_and_back() {
    let running = Running::start().await;
    let long = "k".repeat(1023);
    let keys = [
        "a.jpg",
        "a/b/c.jpg",
        "a b",
        "a+b",
        "100%",
        "%41",
        "a#b?c&d=e",
        "\"<>'",
        "上海/人",
        "😀",
        "a//b",
        "a/",
        &long,
    ];
    for (name, bucket) in buckets(&running).await {
        for text in keys {
            let content = Bytes::from(text.repeat(100));
            let options = PutOptions {
                content_type: Some("image/jpeg".to_owned()),
                metadata: Metadata::default().try_with("city", "上海").unwrap(),
                ..PutOptions::default()
            };
            let stored = bucket
                .put(&key(text), content.clone(), &options)
                .await
                .unwrap();
            let object = bucket.get(&key(text)).await.unwrap();
            assert_eq!(object.meta().etag, stored.etag, "{name}: {text}");
            assert_eq!(
                object.meta().metadata.get("city"),
                Some("上海"),
                "{name}: {text}"
            );
            assert_eq!(
                object.read_to_end(1 << 20).await.unwrap(),
                content,
                "{name}: {text}"
            );
            let meta = bucket.head(&key(text)).await.unwrap();
            assert_eq!(meta.size_bytes, content.len() as u64, "{name}: {text}");
            let url = bucket.presign_get(&key(text), Duration::from_mins(1), Timestamp::now());
            assert!(url.is_ok(), "{name}: {text}");
        }
        let page = bucket.list(&ListRequest::default(), None).await.unwrap();
        let listed: Vec<&str> = page
            .objects
            .iter()
            .map(|object| object.key.as_str())
            .collect();
        let mut sorted = keys;
        sorted.sort_unstable();
        assert_eq!(listed, sorted, "{name}");
        let keys: Vec<ObjectKey> = keys.iter().map(|text| key(text)).collect();
        assert!(
            bucket.delete_many(&keys).await.unwrap().is_empty(),
            "{name}"
        );
        assert!(
            bucket.get(&keys[0]).await.unwrap_err().is_no_such_key(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_presigned_url_opens_its_object_to_anybody() {
    let running = Running::start().await;
    let http = http().build().unwrap();
    for (name, bucket) in buckets(&running).await.into_iter().step_by(2) {
        let photo = key("photos/a b+c.jpg");
        bucket
            .put(&photo, Bytes::from_static(b"photo"), &PutOptions::default())
            .await
            .unwrap();
        let url = bucket
            .presign_get(&photo, Duration::from_mins(1), Timestamp::now())
            .unwrap();
        let answer = http.get(url.expose().clone()).send().await.unwrap();
        assert_eq!(answer.bytes().await.unwrap(), "photo", "{name}");
        let yesterday = Timestamp::now() - jiff::SignedDuration::from_hours(24);
        let old = bucket
            .presign_get(&photo, Duration::from_mins(1), yesterday)
            .unwrap();
        assert_eq!(
            http.get(old.expose().clone())
                .send()
                .await
                .unwrap()
                .status(),
            403,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_presigned_url_shows_a_picture_made_smaller() {
    let running = Running::start().await;
    let http = http().build().unwrap();
    for (name, bucket) in buckets(&running).await.into_iter().step_by(2) {
        let (photo, text) = (key("a b+c 人.jpg"), key("a.txt"));
        let file = include_bytes!("../../../../../assets/astronaut.jpg");
        let options = PutOptions::default();
        for (key, bytes) in [(&photo, &file[..]), (&text, &b"no picture"[..])] {
            bucket
                .put(key, Bytes::copy_from_slice(bytes), &options)
                .await
                .unwrap();
        }
        let read = async |key: &ObjectKey, process: &str| {
            let minute = Duration::from_mins(1);
            let url = bucket.presign_processed(key, process, minute, Timestamp::now());
            let answer = http.get(url.unwrap().expose().clone()).send().await;
            let answer = answer.unwrap();
            (answer.status().as_u16(), answer.bytes().await.unwrap())
        };
        let (status, smaller) = read(&photo, "image/resize,m_lfit,w_120,h_480").await;
        assert_eq!(status, 200, "{name}");
        let picture = image::load_from_memory(&smaller).unwrap();
        assert_eq!((picture.width(), picture.height()), (120, 120), "{name}");
        let (_, whole) = read(&photo, "image/resize,w_4000").await;
        assert_eq!(whole, file[..], "{name}: never made larger");
        assert_eq!(read(&text, "image/resize,w_120").await.0, 400, "{name}");
        let (status, refusal) = read(&photo, "image/rotate,90").await;
        let refusal = String::from_utf8(refusal.to_vec()).unwrap();
        assert_eq!(status, 400, "{name}");
        assert!(refusal.contains("NotImplemented"), "{name}: {refusal}");
    }
}

#[tokio::test]
async fn a_signed_form_uploads_one_object_of_its_size_and_type() {
    let running = Running::start().await;
    for (name, bucket) in buckets(&running).await.into_iter().step_by(2) {
        let options = PresignPostOptions {
            key: key("photos/a b+c 人.jpg"),
            content_type: "image/jpeg".to_owned(),
            size_bytes: 2..=5,
        };
        let minute = Duration::from_mins(1);
        let sign = |now| bucket.presign_post(&options, minute, now).unwrap();
        let fresh = || sign(Timestamp::now());
        let old = sign(Timestamp::now() - jiff::SignedDuration::from_hours(24));
        let other_key = [("key", "photos/b.jpg")];
        let other_type = [("Content-Type", "text/html")];
        for (case, form, changed, file, expected) in [
            ("too small", fresh(), &[][..], "1", 400),
            ("too large", fresh(), &[], "123456", 400),
            ("another key", fresh(), &other_key, "12345", 403),
            ("another type", fresh(), &other_type, "12345", 403),
            ("too late", old, &[], "12345", 403),
            ("as agreed", fresh(), &[], "12345", 200),
            ("a second time", fresh(), &[], "54321", 409),
        ] {
            let status = post(&form, changed, file).await;
            assert_eq!(status, expected, "{name}: {case}");
        }
        let object = bucket.get(&options.key).await.unwrap();
        assert_eq!(object.meta().content_type.as_deref(), Some("image/jpeg"));
        assert_eq!(object.read_to_end(10).await.unwrap(), "12345", "{name}");
        assert!(!format!("{:?}", fresh()).contains("policy"), "{name}");
        let week = Duration::from_hours(7 * 24 + 1);
        assert!(
            bucket
                .presign_post(&options, week, Timestamp::now())
                .is_err()
        );
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_let_in_by_a_rule() {
    let running = Running::start().await;
    let page = "https://a.example.com";
    for (name, bucket) in buckets(&running).await.into_iter().step_by(2) {
        let url = format!("http://{}/{}", running.addresses.oss, bucket.name());
        let preflight = || {
            let asked = http().build().unwrap().request(Method::OPTIONS, &url);
            let asked = asked.header("origin", page);
            asked.header("access-control-request-method", "POST").send()
        };
        assert_eq!(preflight().await.unwrap().status(), 403, "{name}");
        let rule = CorsRule {
            origins: vec![page.to_owned()],
            methods: vec![Method::POST],
            headers: vec!["*".to_owned()],
            exposed: vec!["ETag".to_owned()],
        };
        assert!(bucket.add_cors_rule(&rule).await.unwrap(), "{name}");
        let other = CorsRule {
            origins: vec!["https://b.example.com".to_owned()],
            ..rule.clone()
        };
        assert!(bucket.add_cors_rule(&other).await.unwrap(), "{name}");
        assert!(!bucket.add_cors_rule(&rule).await.unwrap(), "{name}");
        let answer = preflight().await.unwrap();
        assert_eq!(answer.headers()["access-control-allow-origin"], page);
    }
}

async fn post(form: &PresignedPost, changed: &[(&str, &str)], file: &'static str) -> u16 {
    let mut body = reqwest::multipart::Form::new();
    for (name, value) in form.expose_fields() {
        let change = changed.iter().find(|(changed, _)| changed == name);
        let value = change.map_or(value.clone(), |(_, value)| (*value).to_owned());
        body = body.text(*name, value);
    }
    body = body.part("file", reqwest::multipart::Part::text(file));
    let sent = http().build().unwrap().post(form.url.clone());
    sent.multipart(body).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn parts_of_objects_are_read_and_written() {
    let running = Running::start().await;
    for (name, bucket) in buckets(&running).await {
        let content = Bytes::from((0..=255).cycle().take(300 * 1024).collect::<Vec<u8>>());
        let large = key("large");
        let options = PutOptions::default();
        bucket
            .upload_multipart(&large, content.clone(), 100 * 1024, &options)
            .await
            .unwrap();
        let object = bucket.get(&large).await.unwrap();
        assert_eq!(
            object.read_to_end(1 << 20).await.unwrap(),
            content,
            "{name}"
        );

        let range = ByteRange::Between(102_300, 102_500);
        let part = bucket.get_range(&large, range).await.unwrap();
        let part = part.read_to_end(1 << 20).await.unwrap();
        assert_eq!(part, content.slice(102_300..=102_500), "{name}");

        let copy = key("copy");
        let source = (bucket.name(), &large);
        bucket
            .copy(source, &copy, &CopyOptions::default())
            .await
            .unwrap();
        let object = bucket.get(&copy).await.unwrap();
        assert_eq!(
            object.read_to_end(1 << 20).await.unwrap(),
            content,
            "{name}"
        );
    }
}

#[tokio::test]
async fn conditions_and_locks_are_understood() {
    let running = Running::start().await;
    for (name, bucket) in buckets(&running).await {
        let photo = key("a");
        let once = PutOptions {
            forbid_overwrite: true,
            ..PutOptions::default()
        };
        let stored = bucket
            .put(&photo, Bytes::from_static(b"1"), &once)
            .await
            .unwrap();
        let again = bucket
            .put(&photo, Bytes::from_static(b"2"), &once)
            .await
            .unwrap_err();
        assert!(again.is_already_there(), "{name}: {again}");
        let unless = GetOptions {
            if_none_match: Some(stored.etag.clone()),
            ..GetOptions::default()
        };
        let same = bucket.get_with(&photo, &unless).await.unwrap_err();
        assert!(same.is_not_modified(), "{name}: {same}");
        let other = GetOptions {
            if_match: Some("0".parse().unwrap()),
            ..GetOptions::default()
        };
        let gone = bucket.get_with(&photo, &other).await.unwrap_err();
        assert!(gone.is_precondition_failed(), "{name}: {gone}");
        let missing = bucket.head(&key("missing")).await.unwrap_err();
        assert!(missing.is_no_such_key(), "{name}: {missing}");
    }
}

#[tokio::test]
async fn a_listing_is_read_page_by_page() {
    let running = Running::start().await;
    for (name, bucket) in buckets(&running).await {
        for text in ["a", "b/1", "b/2", "c d/1", "e"] {
            bucket
                .put(&key(text), Bytes::new(), &PutOptions::default())
                .await
                .unwrap();
        }
        let list = ListRequest {
            delimiter: Some("/".to_owned()),
            page_size: Some(1),
            ..ListRequest::default()
        };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = bucket.list(&list, after.as_deref()).await.unwrap();
            found.extend(page.objects.iter().map(|object| object.key.to_string()));
            found.extend(page.prefixes);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, ["a", "b/", "c d/", "e"], "{name}");
    }
}
