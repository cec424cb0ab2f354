//! Copying.

use oss::{CopyOptions, Error, Metadata};

use crate::support::{answering, key, only_request, xml};
use crate::vector;

#[tokio::test]
async fn copy_names_its_source_encoded() {
    let (server, bucket) = answering(xml(200, &vector("oss-copy-object-result.xml"))).await;
    let options = CopyOptions {
        if_match: Some("A".parse().unwrap()),
        replace: Some((
            Metadata::default().try_with("a", "b").unwrap(),
            Some("image/png".to_owned()),
        )),
        forbid_overwrite: true,
    };
    let source = ("other-bucket".parse().unwrap(), key("人/a b+c.jpg"));
    let stored = bucket
        .copy((&source.0, &source.1), &key("copy.jpg"), &options)
        .await
        .unwrap();
    assert_eq!(stored.etag.as_str(), "5D41402ABC4B2A76B9719D911017C592");
    insta::assert_snapshot!(only_request(&server).await, @r#"
    PUT /copy.jpg
    content-type: image/png
    x-oss-copy-source-if-match: "A"
    x-oss-copy-source: /other-bucket/%E4%BA%BA/a%20b%2Bc.jpg
    x-oss-forbid-overwrite: true
    x-oss-meta-a: b
    x-oss-metadata-directive: REPLACE
    "#);
}

#[tokio::test]
async fn an_error_after_a_success_status_is_an_error() {
    let (_server, bucket) = answering(xml(200, &vector("oss-error.xml"))).await;
    let source = (bucket.name(), &key("missing"));
    let error = bucket
        .copy(source, &key("copy"), &CopyOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    assert!(error.is_no_such_key());
}
