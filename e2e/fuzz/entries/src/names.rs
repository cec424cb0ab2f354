//! Names that become part of a URL or of a header: regions, buckets, keys, versions, events.

use oss::event::EventName;
use oss::{BucketName, ETag, ObjectKey, Region};
use url::Url;

/// Reads the text as a name of every kind; those that are one must not lead elsewhere.
pub(crate) fn read(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    host_label(
        "bucket",
        text.parse::<BucketName>()
            .ok()
            .as_ref()
            .map(BucketName::as_str),
    );
    host_label(
        "region",
        text.parse::<Region>().ok().as_ref().map(Region::as_str),
    );
    if let Ok(key) = text.parse::<ObjectKey>() {
        assert_eq!(key.as_str(), text, "a key changed");
        let path = format!("/{}", key.path_encoded());
        let url = Url::parse(&format!("https://h.example{path}"));
        assert_eq!(
            url.as_ref().map(Url::path),
            Ok(path.as_str()),
            "another path"
        );
        if let Some(second) = key.percent_decoded() {
            assert_ne!(second, key, "a second try of the same");
        }
    }
    if let Ok(etag) = text.parse::<ETag>() {
        assert_eq!(etag.quoted().parse::<ETag>().ok(), Some(etag), "quoted");
    }
    if let Ok(name) = text.parse::<EventName>() {
        assert!(
            name.as_str().bytes().all(|byte| byte.is_ascii_graphic()),
            "{text:?}"
        );
    }
    if let Ok(url) = Url::parse(text) {
        let _ = mns::Endpoint::try_new(&url);
    }
}

fn host_label(kind: &str, name: Option<&str>) {
    let Some(name) = name else {
        return;
    };
    let host = format!("a.{name}.example");
    let url = Url::parse(&format!("https://{host}/k"));
    assert_eq!(
        url.as_ref().map(Url::host_str),
        Ok(Some(host.as_str())),
        "a {kind} changes the host"
    );
}
