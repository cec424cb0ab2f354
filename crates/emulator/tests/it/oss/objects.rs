//! What is kept with an object and shown again, and what is refused instead of dropped.

use crate::oss::caller::scene;

#[tokio::test]
async fn a_range_counts_as_the_client_chooses() {
    let (_running, oss) = scene().await;
    oss.call("PUT /photos/a", "0123456789").await;
    // What `bytes=...` gives by default, and with the standard's behaviour.
    let cases = [
        ("0-4", (206, "01234"), (206, "01234")),
        ("5-30", (200, "0123456789"), (206, "56789")),
        ("-3", (206, "789"), (206, "789")),
        ("-30", (200, "0123456789"), (206, "0123456789")),
        ("10-30", (200, "0123456789"), (416, "")),
        ("10-", (200, "0123456789"), (416, "")),
        ("-0", (200, "0123456789"), (416, "")),
        ("5-4", (200, "0123456789"), (200, "0123456789")),
    ];
    for (range, default, standard) in cases {
        let range = format!("bytes={range}");
        let mut headers = vec![("range", range.as_str())];
        for (expected, body) in [default, standard] {
            let answer = oss.call_with("GET /photos/a", &headers, "").await;
            assert_eq!(answer.status, expected, "{headers:?}");
            if expected != 416 {
                assert_eq!(answer.body, body, "{headers:?}");
            }
            let shown = answer.header("content-range").is_some();
            assert_eq!(shown, expected == 206, "{headers:?}");
            headers.push(("x-oss-range-behavior", "standard"));
        }
    }
    let headers = [
        ("range", "bytes=5-30"),
        ("x-oss-range-behavior", "standard"),
    ];
    let answer = oss.call_with("GET /photos/a", &headers, "").await;
    assert_eq!(answer.header("content-range"), Some("bytes 5-9/10"));
}

#[tokio::test]
async fn a_callback_is_refused_wherever_it_is_asked_for() {
    let (_running, oss) = scene().await;
    let id = oss.begin("big").await;
    let complete = format!("POST /photos/big?uploadId={id}");
    let header = [("x-oss-callback", "e30=")];
    let cases: [(&str, &[_]); 3] = [
        ("PUT /photos/a", &header),
        (&complete, &header),
        ("PUT /photos/a?callback=e30%3D", &[]),
    ];
    for (line, headers) in cases {
        let answer = oss.call_with(line, headers, "").await;
        assert_eq!(answer.outcome(), "400 NotImplemented", "{line}");
    }
    assert_eq!(oss.call("HEAD /photos/a", "").await.status, 404);

    let acl = [("x-oss-acl", "public-read-write")];
    oss.call_with("PUT /photos?acl", &acl, "").await;
    let form = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na\r\n\
                --b\r\nContent-Disposition: form-data; name=\"callback\"\r\n\r\ne30=\r\n\
                --b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n1\r\n--b--\r\n";
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    let answer = oss.send(oss.unsigned("POST /photos/", &kind, form)).await;
    assert_eq!(answer.unwrap().outcome(), "400 NotImplemented");
    assert_eq!(oss.call("HEAD /photos/a", "").await.status, 404);
}

#[tokio::test]
async fn encryption_is_shown_by_all_that_writes_and_reads() {
    let (_running, oss) = scene().await;
    let headers = [
        ("x-oss-server-side-encryption", "KMS"),
        ("x-oss-server-side-encryption-key-id", "key-1"),
        ("x-oss-server-side-data-encryption", "SM4"),
    ];
    let begun = oss
        .call_with("POST /photos/big?uploads", &headers, "")
        .await;
    let id = begun.text("UploadId");
    oss.call("PUT /photos/source", "1").await;
    let copied = [
        headers.as_slice(),
        &[("x-oss-copy-source", "/photos/source")],
    ]
    .concat();
    let part = format!("PUT /photos/big?partNumber=1&uploadId={id}");
    let complete = format!("POST /photos/big?uploadId={id}");
    let all = [("x-oss-complete-all", "yes")];
    let answers = [
        begun,
        oss.call_with("PUT /photos/put", &headers, "1").await,
        oss.call_with("POST /photos/log?append&position=0", &headers, "1")
            .await,
        oss.call_with("PUT /photos/copy", &copied, "").await,
        oss.call(&part, "1").await,
        oss.call_with(&complete, &all, "").await,
        oss.call("HEAD /photos/put", "").await,
        oss.call("GET /photos/log", "").await,
        oss.call("HEAD /photos/copy", "").await,
        oss.call("HEAD /photos/big", "").await,
    ];
    for (index, answer) in answers.iter().enumerate() {
        for (name, value) in headers {
            assert_eq!(answer.header(name), Some(value), "answer {index}");
        }
    }
    let kms = [("x-oss-server-side-encryption", "KMS")];
    let answer = oss.call_with("PUT /photos/a", &kms, "1").await;
    let key = answer.header("x-oss-server-side-encryption-key-id");
    assert!(key.is_some(), "the service has a key of its own");
    for algorithm in ["AES256", "SM4"] {
        let headers = [("x-oss-server-side-encryption", algorithm)];
        let answer = oss.call_with("PUT /photos/a", &headers, "1").await;
        assert_eq!(answer.outcome(), "200");
        let head = oss.call("HEAD /photos/a", "").await;
        assert_eq!(head.header("x-oss-server-side-encryption"), Some(algorithm));
    }
}

#[tokio::test]
async fn a_bucket_encrypts_what_does_not_say_how() {
    let (_running, oss) = scene().await;
    let kms = [
        ("x-oss-server-side-encryption", "KMS"),
        ("x-oss-server-side-encryption-key-id", "key-1"),
    ];
    assert_eq!(oss.call_with("PUT /safe", &kms, "").await.outcome(), "200");
    let info = oss.call("GET /safe?bucketInfo", "").await;
    assert_eq!(info.element("SSEAlgorithm"), Some("KMS"));
    assert_eq!(info.element("KMSMasterKeyID"), Some("key-1"));
    let put = oss.call("PUT /safe/a", "1").await;
    assert_eq!(put.header(kms[1].0), Some("key-1"));
    let own = [("x-oss-server-side-encryption", "AES256")];
    let put = oss.call_with("PUT /safe/a", &own, "1").await;
    assert_eq!(put.header(own[0].0), Some("AES256"));
    assert_eq!(put.header(kms[1].0), None);
    let nonsense = [("x-oss-server-side-encryption", "ROT13")];
    let refused = oss.call_with("PUT /other", &nonsense, "").await;
    assert_eq!(refused.outcome(), "400 InvalidEncryptionAlgorithmError");
    assert_eq!(oss.call("GET /other", "").await.status, 404);
}

#[tokio::test]
async fn encryption_that_is_none_is_refused() {
    let (_running, oss) = scene().await;
    let algorithm = "x-oss-server-side-encryption";
    let key = ("x-oss-server-side-encryption-key-id", "key-1");
    let nonsense = "400 InvalidEncryptionAlgorithmError";
    let cases: [(&[_], _); 5] = [
        (&[(algorithm, "ROT13")], nonsense),
        (&[(algorithm, "")], nonsense),
        (&[(algorithm, "AES256"), key], "400 InvalidArgument"),
        (&[key], "400 InvalidArgument"),
        (
            &[
                (algorithm, "KMS"),
                ("x-oss-server-side-data-encryption", "AES"),
            ],
            nonsense,
        ),
    ];
    for (headers, expected) in cases {
        for line in ["PUT /photos/a", "POST /photos/a?uploads"] {
            let answer = oss.call_with(line, headers, "").await;
            assert_eq!(answer.outcome(), expected, "{line} {headers:?}");
        }
    }
    assert_eq!(oss.call("HEAD /photos/a", "").await.status, 404);
}

#[tokio::test]
async fn an_appendable_object_says_where_to_go_on_and_is_not_copied() {
    let (_running, oss) = scene().await;
    oss.call("POST /photos/log?append&position=0", "12345")
        .await;
    for line in ["HEAD /photos/log", "GET /photos/log"] {
        let answer = oss.call(line, "").await;
        assert_eq!(
            answer.header("x-oss-next-append-position"),
            Some("5"),
            "{line}"
        );
    }
    let wrong = oss.call("POST /photos/log?append&position=0", "1").await;
    assert_eq!(wrong.outcome(), "409 PositionNotEqualToLength");
    assert_eq!(wrong.header("x-oss-ec"), Some("0026-00000016"));
    let source = [("x-oss-copy-source", "/photos/log")];
    let copied = oss.call_with("PUT /photos/copy", &source, "").await;
    assert_eq!(copied.outcome(), "400 OperationNotSupported");
}

#[tokio::test]
async fn a_copy_keeps_its_type_unless_given_another() {
    let (_running, oss) = scene().await;
    let described = [
        ("content-type", "image/jpeg"),
        ("x-oss-meta-a", "1"),
        ("x-oss-meta-client-side-encryption-key", "key"),
    ];
    oss.call_with("PUT /photos/a", &described, "1").await;
    let replace = [
        ("x-oss-copy-source", "/photos/a"),
        ("x-oss-metadata-directive", "REPLACE"),
        ("x-oss-meta-b", "2"),
    ];
    let png = [replace.as_slice(), &[("content-type", "image/png")]].concat();
    for (headers, expected) in [(replace.as_slice(), "image/jpeg"), (&png, "image/png")] {
        oss.call_with("PUT /photos/copy", headers, "").await;
        let copy = oss.call("HEAD /photos/copy", "").await;
        assert_eq!(copy.header("content-type"), Some(expected));
        assert_eq!(copy.header("x-oss-meta-a"), None);
        assert_eq!(copy.header("x-oss-meta-b"), Some("2"));
        let key = copy.header("x-oss-meta-client-side-encryption-key");
        assert_eq!(key, Some("key"));
    }
}

#[tokio::test]
async fn a_link_shows_the_bytes_of_its_target_and_its_own_metadata() {
    let (_running, oss) = scene().await;
    let target = [("content-type", "image/jpeg"), ("x-oss-meta-a", "target")];
    oss.call_with("PUT /photos/a", &target, "12345").await;
    let link = [
        ("x-oss-symlink-target", "a"),
        ("content-type", "text/plain"),
        ("x-oss-meta-b", "link"),
    ];
    oss.call_with("PUT /photos/link?symlink", &link, "").await;
    let copy = [("x-oss-copy-source", "/photos/link")];
    oss.call_with("PUT /photos/copy", &copy, "").await;
    let etag = oss.call("HEAD /photos/a", "").await;
    let etag = etag.header("etag");
    for line in ["HEAD /photos/link", "GET /photos/link", "HEAD /photos/copy"] {
        let answer = oss.call(line, "").await;
        assert_eq!(answer.header("content-length"), Some("5"), "{line}");
        assert_eq!(answer.header("etag"), etag, "{line}");
        assert_eq!(answer.header("content-type"), Some("text/plain"), "{line}");
        assert_eq!(answer.header("x-oss-meta-a"), None, "{line}");
        assert_eq!(answer.header("x-oss-meta-b"), Some("link"), "{line}");
        assert_eq!(
            answer.header("x-oss-object-type"),
            Some("Symlink"),
            "{line}"
        );
    }
    let shown = oss.call("GET /photos/link?symlink", "").await;
    assert_eq!(shown.header("x-oss-symlink-target"), Some("a"));
    assert_eq!(shown.header("content-type"), Some("text/plain"));
    assert_eq!(shown.header("x-oss-meta-b"), Some("link"));
}

#[tokio::test]
async fn a_link_leads_to_an_object_and_nowhere_else() {
    let (_running, oss) = scene().await;
    for (key, target) in [("one", "missing"), ("two", "one"), ("self", "self")] {
        let headers = [("x-oss-symlink-target", target)];
        let line = format!("PUT /photos/{key}?symlink");
        assert_eq!(oss.call_with(&line, &headers, "").await.outcome(), "200");
    }
    for (line, expected) in [
        ("GET /photos/one", "404 SymlinkTargetNotExist"),
        ("GET /photos/two", "400 InvalidTargetType"),
        ("GET /photos/self", "400 InvalidTargetType"),
    ] {
        assert_eq!(oss.call(line, "").await.outcome(), expected, "{line}");
    }
    let head = oss.call("HEAD /photos/two", "").await;
    assert_eq!(head.status, 400);
    assert_eq!(head.header("x-oss-ec"), Some("0026-00000011"));
}

#[tokio::test]
async fn tags_are_of_letters_digits_and_a_few_signs() {
    let (_running, oss) = scene().await;
    oss.call("PUT /photos/a", "1").await;
    let tagging = |key: &str, value: &str| {
        let tag = format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
        format!("<Tagging><TagSet>{tag}</TagSet></Tagging>")
    };
    for (key, value, expected) in [
        ("a&amp;b", "1", "400 InvalidTag"),
        ("a", "1&amp;2", "400 InvalidTag"),
        ("a?", "1", "400 InvalidTag"),
        ("A1 +-=._:/", "A1 +-=._:/", "200"),
        ("城市", "上海", "200"),
    ] {
        let answer = oss.call("PUT /photos/a?tagging", tagging(key, value)).await;
        assert_eq!(answer.outcome(), expected, "{key}={value}");
    }
    let headers = [("x-oss-tagging", "a%26b=1")];
    let answer = oss.call_with("PUT /photos/a", &headers, "1").await;
    assert_eq!(answer.outcome(), "400 InvalidArgument");
}
