//! Listing.

use futures_util::TryStreamExt as _;
use oss::{BucketName, Error, ListRequest};
use wiremock::matchers::{any, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer};

use crate::support::{answering, bucket_on, only_request, received, xml};
use crate::vector;

fn page(entries: &[&str], next: Option<&str>) -> String {
    let contents: Vec<_> = entries
        .iter()
        .map(|key| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2024-05-06T07:08:09.000Z</LastModified>\
                 <ETag>\"A\"</ETag><Size>1</Size></Contents>"
            )
        })
        .collect();
    let next = next.map(|next| format!("<NextContinuationToken>{next}</NextContinuationToken>"));
    format!(
        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://doc.oss-cn-hangzhou.aliyuncs.com\">\
         <EncodingType>url</EncodingType><IsTruncated>{}</IsTruncated>{}{}</ListBucketResult>",
        next.is_some(),
        next.unwrap_or_default(),
        contents.concat(),
    )
}

#[tokio::test]
async fn list_asks_for_a_page_and_reads_it() {
    let (server, bucket) = answering(xml(200, &vector("oss-list-objects-v2.xml"))).await;
    let list = ListRequest {
        prefix: "人 脸/".to_owned(),
        delimiter: Some("/".to_owned()),
        start_after: Some("a+b".to_owned()),
        page_size: Some(2),
    };
    let page = bucket.list(&list, Some("token=+/")).await.unwrap();
    insta::assert_debug_snapshot!(page, @r#"
    ListPage {
        objects: [
            ListedObject {
                key: "photos/a.jpg",
                etag: "5D41402ABC4B2A76B9719D911017C592",
                size_bytes: 12990,
                last_modified: Some(
                    2024-05-06T07:08:09Z,
                ),
                storage_class: Some(
                    "Standard",
                ),
            },
        ],
        prefixes: [
            "photos/target/",
        ],
        unaddressable: [],
        next: Some(
            "CgVwaG90b3M-",
        ),
    }
    "#);
    insta::assert_snapshot!(only_request(&server).await, @"GET /?list-type=2&encoding-type=url&max-keys=2&prefix=%E4%BA%BA%20%E8%84%B8%2F&delimiter=%2F&start-after=a%2Bb&continuation-token=token%3D%2B%2F");
}

#[tokio::test]
async fn pages_follow_one_another_to_the_end() {
    let server = MockServer::start().await;
    Mock::given(query_param_is_missing("continuation-token"))
        .respond_with(xml(200, &page(&["a%20b", "c%2Bd"], Some("to%2Fken"))))
        .mount(&server)
        .await;
    Mock::given(query_param("continuation-token", "to/ken"))
        .respond_with(xml(200, &page(&["e"], None)))
        .mount(&server)
        .await;
    let bucket = bucket_on(&server, 1);
    let pages: Vec<_> = bucket
        .pages(ListRequest::default())
        .try_collect()
        .await
        .unwrap();
    let keys: Vec<Vec<_>> = pages
        .iter()
        .map(|page| page.objects.iter().map(|o| o.key.as_str()).collect())
        .collect();
    assert_eq!(keys, [vec!["a b", "c+d"], vec!["e"]]);
}

#[tokio::test]
async fn a_list_that_does_not_advance_ends_with_an_error() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(xml(200, &page(&[], Some("same"))))
        .mount(&server)
        .await;
    let result: Result<Vec<_>, _> = bucket_on(&server, 1)
        .pages(ListRequest::default())
        .try_collect()
        .await;
    assert!(
        matches!(result, Err(Error::Unreadable { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn keys_that_cannot_be_asked_for_are_reported_apart() {
    let (_server, bucket) = answering(xml(200, &page(&["a%2F..%2Fb", "ok", "x%00"], None))).await;
    let page = bucket.list(&ListRequest::default(), None).await.unwrap();
    assert_eq!(page.objects.len(), 1);
    assert_eq!(page.unaddressable, ["a/../b", "x\0"]);
}

#[tokio::test]
async fn an_empty_list_has_one_empty_page() {
    let (_server, bucket) = answering(xml(200, &page(&[], None))).await;
    let pages: Vec<_> = bucket
        .pages(ListRequest::default())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(pages.len(), 1);
    assert!(pages[0].objects.is_empty() && pages[0].prefixes.is_empty());
}

#[tokio::test]
async fn what_is_no_list_is_an_error() {
    let complete = page(&[], None);
    for (name, answer) in [
        ("empty", ""),
        ("no XML", "hello"),
        ("another document", "<InitiateMultipartUploadResult/>"),
        ("cut short", &complete[..complete.len() - 10]),
        ("list that goes on nowhere", &page(&["a"], Some(""))),
        (
            "size that is none",
            &page(&["a"], None).replace("<Size>1", "<Size>-1"),
        ),
        ("encoding that is none", &page(&["%FF"], None)),
    ] {
        let (_server, bucket) = answering(xml(200, answer)).await;
        let error = bucket
            .list(&ListRequest::default(), None)
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::Unreadable { .. }),
            "{name}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_bucket_is_made_and_described() {
    let (server, bucket) = answering(xml(200, "")).await;
    bucket.create().await.unwrap();
    insta::assert_snapshot!(only_request(&server).await, @"PUT /");
    assert_eq!(received(&server).await[0].headers["content-length"], "0");

    let (server, bucket) = answering(xml(200, &vector("oss-bucket-info.xml"))).await;
    let info = bucket.info().await.unwrap();
    assert_eq!(info.name, "face-image".parse::<BucketName>().unwrap());
    insta::assert_debug_snapshot!(info, @r#"
    BucketInfo {
        name: "face-image",
        region: "cn-shanghai",
        created: Some(
            2024-05-06T07:00:00Z,
        ),
        extranet_endpoint: Some(
            "oss-cn-shanghai.aliyuncs.com",
        ),
        intranet_endpoint: Some(
            "oss-cn-shanghai-internal.aliyuncs.com",
        ),
        storage_class: Some(
            "Standard",
        ),
        owner_id: Some(
            "1234567890123456",
        ),
        acl: Some(
            "private",
        ),
    }
    "#);
    insta::assert_snapshot!(only_request(&server).await, @"GET /?bucketInfo=");
}
