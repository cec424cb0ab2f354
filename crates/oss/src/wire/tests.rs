//! Documents beyond what the operations' own tests show: ill-formed, hostile, oddly written.

use super::*;

const LIST: &str = include_str!("../../tests/vectors/oss-list-objects-v2.xml");
const ERROR: &str = include_str!("../../tests/vectors/oss-error.xml");

/// The document without the blanks that only make it pretty.
fn compact(document: &str) -> String {
    document.lines().map(str::trim).collect()
}

#[test]
fn requests_are_written_as_published() {
    let keys = ["a.jpg", "b&c.jpg"].map(|key| key.parse().unwrap());
    let published = include_str!("../../tests/vectors/oss-delete-multiple-request.xml");
    assert_eq!(delete(&keys), compact(published));

    let tags = [
        "3349DC700140D7F86A078484278075A9",
        "8EFDA8BE206636A695359836FE0A0E0A",
    ];
    let tags = tags.map(|tag| tag.parse().unwrap());
    let published = include_str!("../../tests/vectors/oss-complete-multipart-request.xml");
    assert_eq!(
        complete_multipart_upload([(1, &tags[0]), (5, &tags[1])]),
        compact(published)
    );
}

#[test]
fn blanks_and_namespaces_do_not_matter() {
    let expected = ErrorDocument::in_body(ERROR.as_bytes()).unwrap();
    let spaced = ERROR
        .replace("<Code>", "<Code>\n  ")
        .replace("</Code>", "\n </Code>");
    let spaced = spaced.replace(
        "<Error>",
        "<Error xmlns=\"http://doc.oss-cn-hangzhou.aliyuncs.com\">",
    );
    assert_eq!(ErrorDocument::in_body(spaced.as_bytes()), Some(expected));

    let spaced = LIST.replace('<', "\n<").replace('>', ">\n");
    let list: ListBucketResult = read(spaced.as_bytes()).unwrap();
    assert_eq!(list.next_token().unwrap().as_deref(), Some("CgVwaG90b3M-"));
    assert_eq!(list.decode(&list.contents[0].key).unwrap(), "photos/a.jpg");
    assert_eq!(list.contents[0].size, 12990);
}

#[test]
fn hostile_documents_are_errors() {
    let deep = format!("<Error>{}", "<a>".repeat(100_000));
    let entity =
        "<!DOCTYPE x [<!ENTITY e \"<Code>NoSuchKey</Code>\">]><Error><Code>&e;</Code></Error>";
    for document in [
        "",
        "<",
        "<Error",
        "<Error/",
        "</Error>",
        "<!--",
        entity,
        &deep,
        "<Error><Code>&#0;</Code></Error>",
    ] {
        assert_eq!(
            ErrorDocument::in_body(document.as_bytes()),
            None,
            "{document:.80}"
        );
    }
}
