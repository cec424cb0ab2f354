//! What is signed is what is sent, for keys of every kind in every form of address.

use oss::{Addressing, SignatureVersion};
use signing::{Credentials, LiveCredentials};

use crate::raw::RawServer;
use crate::support::{BUCKET, bucket_with, credentials, is_signed, key};

const FOUND: &str = "HTTP/1.1 200 OK\r\nETag: \"A\"\r\nContent-Length: 0\r\n\r\n";

/// Keys and their paths on the wire, written by hand.
const KEYS: [(&str, &str); 14] = [
    ("photos/a.jpg", "photos/a.jpg"),
    ("a b.jpg", "a%20b.jpg"),
    ("a+b.jpg", "a%2Bb.jpg"),
    ("100%.jpg", "100%25.jpg"),
    ("already%20encoded", "already%2520encoded"),
    ("a#b", "a%23b"),
    ("a?b=c&d", "a%3Fb%3Dc%26d"),
    ("dir//😀.png", "dir//%F0%9F%98%80.png"),
    (
        "人脸/照片 一.jpg",
        "%E4%BA%BA%E8%84%B8/%E7%85%A7%E7%89%87%20%E4%B8%80.jpg",
    ),
    ("it's \"quoted\"", "it%27s%20%22quoted%22"),
    ("a\\b", "a%5Cb"),
    ("%2e%2e/x", "%252e%252e/x"),
    (
        "!$()*,:;@[]^`{|}~",
        "%21%24%28%29%2A%2C%3A%3B%40%5B%5D%5E%60%7B%7C%7D~",
    ),
    ("dir/", "dir/"),
];

async fn check(
    name: &str,
    encoded: &str,
    addressing: Addressing,
    signature: SignatureVersion,
    credentials: &Credentials,
) {
    let server = RawServer::start(FOUND).await;
    let bucket = bucket_with(
        server.address,
        addressing,
        signature,
        LiveCredentials::fixed(credentials.clone()),
        1,
    );
    bucket.head(&key(name)).await.unwrap();
    let request = server.request().await;
    let (target, host) = match addressing {
        Addressing::VirtualHosted => (format!("/{encoded}"), "face-image.oss.test"),
        Addressing::Path => (format!("/{BUCKET}/{encoded}"), "oss.test"),
        Addressing::Cname => (format!("/{encoded}"), "oss.test"),
    };
    assert_eq!(request.uri, *target, "{name}");
    assert_eq!(request.headers["host"], host, "{name}");
    assert!(
        is_signed(&request, Some(name), credentials),
        "{name} {addressing:?} {signature:?}"
    );
    assert!(!is_signed(&request, Some("another"), credentials), "{name}");
}

#[tokio::test]
async fn nasty_keys_are_sent_as_they_are_signed() {
    let long = "长".repeat(341);
    let long_encoded = "%E9%95%BF".repeat(341);
    assert_eq!(long.len(), 1023);
    let keys = KEYS
        .into_iter()
        .chain([(long.as_str(), long_encoded.as_str())]);
    for (name, encoded) in keys {
        for addressing in [
            Addressing::VirtualHosted,
            Addressing::Path,
            Addressing::Cname,
        ] {
            for signature in [SignatureVersion::V4, SignatureVersion::V1] {
                check(name, encoded, addressing, signature, &credentials()).await;
            }
        }
    }
}

#[tokio::test]
async fn temporary_credentials_send_their_token() {
    let credentials = credentials().with_security_token("token+with/special=signs");
    for signature in [SignatureVersion::V4, SignatureVersion::V1] {
        check("a b", "a%20b", Addressing::Path, signature, &credentials).await;
    }
}

#[tokio::test]
async fn replaced_credentials_sign_the_next_request() {
    let live = LiveCredentials::fixed(credentials());
    let rotated = Credentials::new("LTAIrotated", "another-secret");
    let server = RawServer::start(FOUND).await;
    let (addressing, signature) = (Addressing::Path, SignatureVersion::V4);
    let bucket = bucket_with(server.address, addressing, signature, live.clone(), 1);
    live.replace(rotated.clone());
    bucket.head(&key("a")).await.unwrap();
    assert!(is_signed(&server.request().await, Some("a"), &rotated));
}
