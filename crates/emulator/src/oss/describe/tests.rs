use proptest::prelude::*;

use super::*;

fn read(pairs: &[(&'static str, &str)]) -> Result<Described> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    Described::from_headers(&headers, StorageClass::Standard)
}

#[test]
fn what_a_writer_says_comes_back_in_headers() {
    let described = read(&[
        ("content-type", "image/jpeg"),
        ("cache-control", "no-cache"),
        ("x-oss-meta-emulator-faces", "female/37, male/40"),
        ("x-oss-meta-city", "上海"),
        ("x-oss-storage-class", "IA"),
        ("user-agent", "not kept"),
    ])
    .unwrap();
    assert_eq!(described.storage_class, StorageClass::IA);
    let headers = described.to_headers().into_iter();
    let text = |value: &HeaderValue| String::from_utf8(value.as_bytes().to_vec()).unwrap();
    let shown: Vec<_> = headers
        .map(|(name, value)| format!("{name}: {}", text(&value)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    cache-control: no-cache
    content-type: image/jpeg
    x-oss-meta-city: 上海
    x-oss-meta-emulator-faces: female/37, male/40
    ");
}

#[test]
fn without_a_type_it_is_bytes() {
    let described = read(&[]).unwrap();
    assert_eq!(
        described.headers["content-type"],
        "application/octet-stream"
    );
}

#[test]
fn nonsense_is_refused_by_name() {
    let long = "v".repeat(8 * 1024);
    let eleven = (0..11)
        .map(|n| format!("k{n}=v"))
        .collect::<Vec<_>>()
        .join("&");
    let cases = [
        ("an unknown class", "x-oss-storage-class", "Gold"),
        ("an unknown grant", "x-oss-object-acl", "everybody"),
        ("too much metadata", "x-oss-meta-a", long.as_str()),
        ("metadata without a name", "x-oss-meta-", "v"),
        ("metadata with a dot in its name", "x-oss-meta-a.b", "v"),
        ("too many tags", "x-oss-tagging", eleven.as_str()),
        ("a tag twice", "x-oss-tagging", "a=1&a=2"),
        ("a tag without a name", "x-oss-tagging", "=1"),
        ("a tag with another sign", "x-oss-tagging", "a%26b=1"),
        (
            "a tag with another sign in its value",
            "x-oss-tagging",
            "a=%25",
        ),
    ];
    for (name, header, value) in cases {
        assert!(read(&[(header, value)]).is_err(), "{name}");
    }
}

proptest! {
    #[test]
    fn tags_read_back_as_they_were_written(
        tags in prop::collection::btree_map("[a-z +=._:/é中-]{1,20}", "[A-Z0-9 +=._:/-]{0,20}", 0..10)
    ) {
        let encode = signing::encode::component;
        let text: Vec<_> = tags.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        let tags: Vec<_> = tags.into_iter().collect();
        prop_assert_eq!(parse_tagging(&text.join("&")), Some(tags));
    }
}
