//! Events that lie about where they come from and what they are about. Whatever they say, no
//! request goes anywhere but to the configured endpoints.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::pictures::fixture;
use crate::running::{Running, created};

/// Somebody whom nobody should call.
struct Canary {
    address: String,
    calls: Arc<AtomicUsize>,
}

impl Canary {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address, calls }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn with(region: &str, bucket: &str, key: &str) -> Value {
    let mut event = created(key);
    event["region"] = region.into();
    event["oss"]["bucket"]["name"] = bucket.into();
    event
}

#[tokio::test]
async fn no_event_sends_a_request_to_another_host() {
    let running = Running::with(
        crate::faces_api::FacesApi::new(),
        &["--allowed-regions=cn-shanghai"],
    )
    .await;
    let canary = Canary::start().await;
    let host = canary.address.as_str();
    let names = [
        host.to_owned(),
        format!("{host}/"),
        format!("{host}#"),
        format!("{host}?"),
        format!("{host}\\"),
        format!("@{host}"),
        format!("x@{host}/"),
        format!("photos@{host}"),
        format!("cn-shanghai@{host}"),
        format!("cn-shanghai.{host}/"),
        format!("http://{host}"),
        format!("//{host}/"),
        format!("\\\\{host}\\"),
        format!("%40{host}"),
        "evil.example/".to_owned(),
        "cn-hangzhou.evil.example".to_owned(),
        "cn-shanghai.aliyuncs.com@evil.example".to_owned(),
        "cn-shanghai\u{3002}evil".to_owned(),
        "cn-shanghai\u{ff0e}evil".to_owned(),
        "cn-shanghai\u{2024}evil".to_owned(),
        "CN-SHANGHAI".to_owned(),
        "cn-shanghai ".to_owned(),
        "cn-shanghai\0".to_owned(),
        "cn-shanghai\r\nhost: evil.example".to_owned(),
        "..".to_owned(),
        "../photos".to_owned(),
        "photos/../../x".to_owned(),
        "photos.evil".to_owned(),
        "localhost".to_owned(),
        "169.254.169.254".to_owned(),
        "a".repeat(100_000),
        String::new(),
    ];
    for name in &names {
        for (what, event) in [
            ("region", with(name, "photos", "a.jpg")),
            ("bucket", with("cn-shanghai", name, "a.jpg")),
            ("both", with(name, name, "a.jpg")),
        ] {
            let answer = running.send(&event).await;
            let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
            assert!(
                matches!(status, 400 | 403),
                "{what} {name:?}: {status} {text}"
            );
            assert!(text.len() < 1000, "{what} {name:?}: {text}");
        }
    }
    assert_eq!(
        running.objects.calls(),
        [""; 0],
        "nothing was even looked for"
    );
    assert_eq!(canary.calls(), 0);
}

#[tokio::test]
async fn no_header_and_no_key_sends_a_request_to_another_host() {
    let running = Running::start().await;
    let canary = Canary::start().await;
    let host = &canary.address;
    let url = format!("http://{host}/");
    running.upload("a.jpg");
    let answer = running
        .request()
        .header("host", host)
        .header("forwarded", format!("host={host}"))
        .header("x-forwarded-host", host)
        .header("x-original-url", &url)
        .header("ce-subject", &url)
        .header("ce-dataschema", &url)
        .header("ce-dataref", &url)
        .header("referer", &url)
        .body(created("a.jpg").to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    // Web hooks may ask to be called back; this one never does.
    let options = running
        .http
        .request(http::Method::OPTIONS, &running.url)
        .header("webhook-request-origin", host)
        .header("webhook-request-callback", &url);
    assert_eq!(options.send().await.unwrap().status(), 200);
    let keys = [
        format!("http://{host}/a.jpg"),
        format!("@{host}/a.jpg"),
        format!("?x=@{host}/a.jpg"),
        format!("%2F%2F{host}/a.jpg"),
        format!("a.jpg#@{host}"),
    ];
    for key in keys {
        let answer = running.created(&key).await;
        assert_eq!(answer.status(), 410, "{key}");
    }
    for key in [format!("//{host}/a.jpg"), format!("\\\\{host}\\a.jpg")] {
        assert_eq!(running.created(&key).await.status(), 400, "{key}");
    }
    let only_ours = |call: &String| !call.contains("://") || call.contains("http://127");
    assert!(running.objects.calls().iter().all(only_ours));
    assert_eq!(canary.calls(), 0);
}

#[tokio::test]
async fn keys_lead_nowhere_but_to_objects() {
    let running = Running::start().await;
    let (long, longest) = ("a".repeat(1024), "a".repeat(1023));
    let cases = [
        ("upwards", "../a.jpg", 400, "bad_address"),
        ("upwards in the middle", "a/../../b.jpg", 400, "bad_address"),
        ("upwards at the end", "a/..", 400, "bad_address"),
        ("in place", "./a.jpg", 400, "bad_address"),
        ("from the root", "/a.jpg", 400, "bad_address"),
        ("from the other root", "\\a.jpg", 400, "bad_address"),
        ("NUL", "a\0.jpg", 400, "bad_address"),
        ("a line break", "a\r\nx-oss-acl: public.jpg", 410, "gone"),
        ("an escape", "a\u{1b}[2J.jpg", 400, "bad_address"),
        (
            "a control character of 1991",
            "a\u{85}.jpg",
            400,
            "bad_address",
        ),
        ("1,024 bytes", &long, 400, "bad_address"),
        ("1,023 bytes", &longest, 410, "gone"),
        ("no bytes", "", 400, "bad_address"),
        ("upwards in percents", "a%2F..%2F..%2Fb.jpg", 410, "gone"),
        ("NUL in percents", "a%00.jpg", 410, "gone"),
        ("a percent alone", "100%.jpg", 410, "gone"),
    ];
    for (name, key, status, reason) in cases {
        let answer = running.created(key).await;
        assert_eq!(answer.status(), status, "{name}");
        let text = answer.text().await.unwrap();
        assert!(text.starts_with(&format!("{reason}: ")), "{name}: {text}");
        assert!(
            !text.contains(['\0', '\u{1b}', '\r', '\u{85}']),
            "{name}: {text:?}"
        );
    }
}

#[tokio::test]
async fn results_are_known_by_every_spelling_of_their_folder() {
    let running = Running::start().await;
    for key in ["target/a.jpg", "target//a.jpg", "target"] {
        running.upload(key);
    }
    let inside = [
        "target",
        "target/",
        "target/a.jpg",
        "target//a.jpg",
        "target///b.jpg",
        "target/\\a.jpg",
        "target%2Fa.jpg",
        "%74arget/a.jpg",
        "targe%74%2Fa.jpg",
        "target/%2e%2e/a.jpg",
    ];
    for key in inside {
        let answer = running.created(key).await;
        assert_eq!(answer.status(), 202, "{key}");
    }
    let skipped = r#"face_events_total{outcome="Skipped",reason="in_target"}"#;
    assert_eq!(running.metric(skipped).await, inside.len() as u64);
    // Other folders by the rules of OSS, which knows neither case nor backslashes.
    for (key, result) in [
        ("Target/a.jpg", "target/Target/rec-a.jpg"),
        ("target\\a.jpg", "target/rec-target\\a.jpg"),
        ("target /a.jpg", "target/target /rec-a.jpg"),
        ("targets/a.jpg", "target/targets/rec-a.jpg"),
        ("ｔarget/a.jpg", "target/ｔarget/rec-a.jpg"),
    ] {
        running.upload(key);
        assert_eq!(running.created(key).await.status(), 200, "{key}");
        assert!(running.objects.get(result).is_some(), "{key}");
        assert_eq!(running.created(result).await.status(), 202, "{result}");
    }
}

#[tokio::test]
async fn what_the_event_says_of_the_object_is_not_believed() {
    let running = Running::start().await;
    let photo = fixture("420.jpg");
    running.objects.put("a.jpg", photo.clone());
    running.objects.put("large.jpg", vec![0xff; 101 << 20]);
    let lie = |key: &str, more: Value| {
        let mut event = created(key);
        for (name, value) in more.as_object().unwrap() {
            event["oss"]["object"][name] = value.clone();
        }
        event
    };
    let cases = [
        (
            "small, it says",
            lie("large.jpg", json!({ "size": 10 })),
            413,
        ),
        ("no size", lie("large.jpg", json!({ "size": null })), 413),
        (
            "a size below zero",
            lie("large.jpg", json!({ "size": -1 })),
            413,
        ),
        (
            "a size beyond all numbers",
            lie("a.jpg", json!({ "size": 1e300 })),
            200,
        ),
        (
            "another version",
            lie("a.jpg", json!({ "eTag": "0123456789ABCDEF" })),
            200,
        ),
        (
            "a version that is none",
            lie("a.jpg", json!({ "eTag": "\r\nx: y" })),
            200,
        ),
        (
            "a page",
            lie(
                "a.jpg",
                json!({ "objectMeta": { "mimeType": "text/html" } }),
            ),
            200,
        ),
        ("an empty object", lie("a.jpg", json!({ "size": 0 })), 200),
        (
            "much smaller than before",
            lie("a.jpg", json!({ "deltaSize": -9_000_000 })),
            200,
        ),
    ];
    for (name, event, status) in cases {
        let answer = running.send(&event).await;
        assert_eq!(
            answer.status(),
            status,
            "{name}: {}",
            answer.text().await.unwrap()
        );
    }
    let result = running.objects.get("target/rec-a.jpg").unwrap();
    let etag = running.objects.get("a.jpg").unwrap().etag;
    assert_eq!(result.headers["x-oss-meta-source-etag"], etag);
    let fetched = running.objects.calls();
    assert!(
        !fetched.contains(&"GET large.jpg".to_owned()),
        "{fetched:?}"
    );
}
