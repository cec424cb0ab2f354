//! Uploads in parts: what their listings show and what their end makes of them.

use crate::oss::caller::scene;

#[tokio::test]
async fn uploads_are_listed_by_key_and_the_delimiter_looks_at_keys_only() {
    let (_running, oss) = scene().await;
    for key in ["a/1", "a/2", "b", "b", "c"] {
        oss.begin(key).await;
    }
    // Ids consist of hex digits, so that these delimiters would be found in most of them.
    for delimiter in ["0", "A", "F", "1"] {
        let line = format!("GET /photos?uploads&prefix=b&delimiter={delimiter}");
        let answer = oss.call(&line, "").await;
        let text = answer.document();
        assert_eq!(answer.texts("Key"), ["b", "b"], "{delimiter}");
        assert!(!text.contains("CommonPrefixes"), "{text}");
    }
    let whole = oss.call("GET /photos?uploads", "").await;
    assert_eq!(whole.element("NextKeyMarker"), Some("c"));
    let mut listed = Vec::new();
    let mut markers = String::new();
    loop {
        let line = format!("GET /photos?uploads&delimiter=%2F&max-uploads=1{markers}");
        let answer = oss.call(&line, "").await;
        assert!(!answer.document().contains('\0'), "{answer:?}");
        let prefixes = answer.texts("CommonPrefixes").into_iter();
        let prefixes = prefixes.map(|it| &it["<Prefix>".len()..it.len() - "</Prefix>".len()]);
        let keys = answer.texts("Key").into_iter();
        listed.extend(keys.chain(prefixes).map(str::to_owned));
        if answer.element("IsTruncated") == Some("false") {
            break;
        }
        let key = answer.text("NextKeyMarker");
        let id = answer.text("NextUploadIdMarker");
        markers = format!("&key-marker={key}&upload-id-marker={id}");
    }
    assert_eq!(listed, ["a/", "b", "b", "c"]);
}

#[tokio::test]
async fn listings_show_the_class_that_the_object_will_have() {
    let (_running, oss) = scene().await;
    let class = [("x-oss-storage-class", "IA")];
    let begun = oss.call_with("POST /photos/a?uploads", &class, "").await;
    let id = begun.text("UploadId");
    for line in [
        "GET /photos?uploads".to_owned(),
        format!("GET /photos/a?uploadId={id}"),
    ] {
        let listed = oss.call(&line, "").await;
        assert_eq!(listed.element("StorageClass"), Some("IA"), "{line}");
    }
}

#[tokio::test]
async fn no_parts_make_an_empty_object() {
    let (_running, oss) = scene().await;
    let listed = "<CompleteMultipartUpload></CompleteMultipartUpload>";
    let yes = [("x-oss-complete-all", "yes")];
    for (key, headers, document) in [("a", &[] as &[_], listed), ("b", &yes, "")] {
        let id = oss.begin(key).await;
        let line = format!("POST /photos/{key}?uploadId={id}");
        let answer = oss.call_with(&line, headers, document).await;
        assert_eq!(answer.outcome(), "200", "{key}");
        let made = oss.call(&format!("GET /photos/{key}"), "").await;
        assert_eq!(made.header("content-length"), Some("0"), "{key}");
    }
    let id = oss.begin("c").await;
    let line = format!("POST /photos/c?uploadId={id}");
    oss.expect(&line, "", "400 MalformedXML").await;
    let both = oss.call_with(&line, &yes, listed).await;
    assert_eq!(both.outcome(), "400 InvalidArgument");
    assert_eq!(both.header("x-oss-ec"), Some("0042-00000216"));
}

#[tokio::test]
async fn the_end_of_an_upload_may_set_who_reads_the_object() {
    let (_running, oss) = scene().await;
    let private = [("x-oss-object-acl", "private")];
    let begun = oss.call_with("POST /photos/a?uploads", &private, "").await;
    let id = begun.text("UploadId");
    oss.call(&format!("PUT /photos/a?partNumber=1&uploadId={id}"), "1")
        .await;
    let headers = [
        ("x-oss-complete-all", "yes"),
        ("x-oss-object-acl", "public-read"),
    ];
    let line = format!("POST /photos/a?uploadId={id}");
    let nonsense = [("x-oss-complete-all", "yes"), ("x-oss-object-acl", "all")];
    assert_eq!(
        oss.call_with(&line, &nonsense, "").await.outcome(),
        "400 InvalidArgument"
    );
    assert_eq!(oss.call_with(&line, &headers, "").await.outcome(), "200");
    let acl = oss.call("GET /photos/a?acl", "").await;
    assert_eq!(acl.element("Grant"), Some("public-read"));
    assert_eq!(oss.anonymous("GET /photos/a", "").await.body, "1");
}

#[tokio::test]
async fn an_unknown_upload_has_the_event_code_of_what_was_asked() {
    let (_running, oss) = scene().await;
    oss.call("PUT /photos/source", "1").await;
    let copy = [("x-oss-copy-source", "/photos/source")];
    for (line, headers, expected) in [
        (
            "PUT /photos/a?partNumber=1&uploadId=u",
            &[] as &[_],
            "0042-00000104",
        ),
        (
            "PUT /photos/a?partNumber=1&uploadId=u",
            &copy,
            "0042-00000311",
        ),
        ("GET /photos/a?uploadId=u", &[], "0042-00000002"),
        ("DELETE /photos/a?uploadId=u", &[], "0042-00000002"),
    ] {
        let answer = oss.call_with(line, headers, "").await;
        assert_eq!(answer.outcome(), "404 NoSuchUpload", "{line}");
        assert_eq!(answer.header("x-oss-ec"), Some(expected), "{line}");
    }
}
