//! Deleting.

use oss::{Error, ObjectKey};
use wiremock::ResponseTemplate;

use crate::support::{answering, key, only_request, received, xml};
use crate::vector;

#[tokio::test]
async fn delete_names_the_object() {
    let (server, bucket) = answering(ResponseTemplate::new(204)).await;
    bucket.delete(&key("a b.jpg")).await.unwrap();
    insta::assert_snapshot!(only_request(&server).await, @"DELETE /a%20b.jpg");
}

#[tokio::test]
async fn delete_many_reports_what_is_still_there() {
    let (server, bucket) = answering(xml(200, &vector("oss-delete-multiple-result.xml"))).await;
    let keys = [key("a.jpg"), key("b&c.jpg"), key("<locked>")];
    let left = bucket.delete_many(&keys).await.unwrap();
    assert_eq!(left, [key("<locked>")]);
    insta::assert_snapshot!(only_request(&server).await, @r#"
    POST /?delete=&encoding-type=url
    content-md5: aMItKyX+wBIzqWSoCdfGlw==
    content-type: application/xml
    <?xml version="1.0" encoding="UTF-8"?><Delete><Quiet>false</Quiet><Object><Key>a.jpg</Key></Object><Object><Key>b&amp;c.jpg</Key></Object><Object><Key>&lt;locked&gt;</Key></Object></Delete>
    "#);
}

#[tokio::test]
async fn nothing_to_delete_asks_nothing_and_too_much_is_refused() {
    let (server, bucket) = answering(ResponseTemplate::new(500)).await;
    assert!(bucket.delete_many(&[]).await.unwrap().is_empty());
    let keys: Vec<ObjectKey> = (0..1001).map(|number| key(&number.to_string())).collect();
    let error = bucket.delete_many(&keys).await.unwrap_err();
    assert!(matches!(error, Error::OutsideLimits { .. }), "{error:?}");
    assert!(received(&server).await.is_empty());
}
