use super::*;

fn address(host: &str, target: &str) -> Result<Address> {
    let cname = |host: &str| (host == "img.example.com").then(|| "photos".to_owned());
    let service = ["emulator.test".to_owned()];
    let hosts = Hosts {
        service: &service,
        region: "cn-shanghai",
        cname: &cname,
    };
    Address::of(&target.parse().unwrap(), host, &hosts)
}

#[test]
fn host_and_path_together_name_bucket_and_key() {
    let (virtual_hosted, path, cname) = (Style::VirtualHosted, Style::Path, Style::Cname);
    let cases = [
        ("127.0.0.1:80", "/", None, None, path),
        ("127.0.0.1:80", "/photos", Some("photos"), None, path),
        ("127.0.0.1", "/photos/", Some("photos"), None, path),
        (
            "127.0.0.1",
            "/photos/a/b.jpg",
            Some("photos"),
            Some("a/b.jpg"),
            path,
        ),
        (
            "127.0.0.1",
            "/photos/a%2Fb%20c+d",
            Some("photos"),
            Some("a/b c+d"),
            path,
        ),
        ("[::1]:80", "/photos/a", Some("photos"), Some("a"), path),
        ("localhost:80", "/photos/a", Some("photos"), Some("a"), path),
        ("emulator", "/photos/a", Some("photos"), Some("a"), path),
        (
            "emulator.test",
            "/photos/a",
            Some("photos"),
            Some("a"),
            path,
        ),
        (
            "photos.emulator.test:80",
            "/a",
            Some("photos"),
            Some("a"),
            virtual_hosted,
        ),
        (
            "photos.localhost",
            "/",
            Some("photos"),
            None,
            virtual_hosted,
        ),
        (
            "photos.elsewhere.example",
            "/a",
            Some("photos"),
            Some("a"),
            virtual_hosted,
        ),
        ("oss-cn-shanghai.aliyuncs.com", "/", None, None, path),
        ("oss-cn-hangzhou.aliyuncs.com", "/", None, None, path),
        (".oss-cn-shanghai.aliyuncs.com", "/", None, None, path),
        (
            "photos.oss-cn-shanghai.aliyuncs.com",
            "/a",
            Some("photos"),
            Some("a"),
            virtual_hosted,
        ),
        (
            "photos.oss-cn-shanghai-internal.aliyuncs.com",
            "/",
            Some("photos"),
            None,
            virtual_hosted,
        ),
        (
            "photos.cn-shanghai.oss.aliyuncs.com",
            "/",
            Some("photos"),
            None,
            virtual_hosted,
        ),
        (
            "photos.oss-accelerate.aliyuncs.com",
            "/",
            Some("photos"),
            None,
            virtual_hosted,
        ),
        (
            "img.example.com",
            "/a/b",
            Some("photos"),
            Some("a/b"),
            cname,
        ),
    ];
    for (host, target, bucket, key, style) in cases {
        let found = address(host, target).unwrap_or_else(|error| panic!("{host}{target}: {error}"));
        assert_eq!(
            (found.bucket.as_deref(), found.key.as_deref(), found.style),
            (bucket, key, style),
            "{host}{target}"
        );
    }
}

#[test]
fn what_cannot_be_a_bucket_or_a_key_is_refused() {
    let long = format!("/photos/{}", "k".repeat(1024));
    let cases = [
        (
            "a bucket with capitals",
            "127.0.0.1",
            "/Photos",
            "InvalidBucketName",
        ),
        ("a short bucket", "127.0.0.1", "/ab", "InvalidBucketName"),
        (
            "a bucket ending in a hyphen",
            "127.0.0.1",
            "/photos-/a",
            "InvalidBucketName",
        ),
        (
            "a bucket with an underscore",
            "my_photos.localhost",
            "/",
            "InvalidBucketName",
        ),
        (
            "a key with a slash in front",
            "127.0.0.1",
            "/photos//a",
            "InvalidObjectName",
        ),
        (
            "a key with a backslash in front",
            "127.0.0.1",
            "/photos/%5Ca",
            "InvalidObjectName",
        ),
        (
            "a key of 1024 bytes",
            "127.0.0.1",
            &long,
            "InvalidObjectName",
        ),
        (
            "a key that is not UTF-8",
            "127.0.0.1",
            "/photos/%FF",
            "InvalidObjectName",
        ),
        (
            "another region",
            "photos.oss-cn-hangzhou.aliyuncs.com",
            "/a",
            "AccessDenied",
        ),
        (
            "another service",
            "photos.mns.aliyuncs.com",
            "/a",
            "NonStandardHostForbidden",
        ),
    ];
    for (name, host, target, code) in cases {
        let refused = address(host, target).unwrap_err().to_string();
        assert!(refused.contains(code), "{name}: {refused}");
    }
}

#[test]
fn a_key_of_1023_bytes_is_fine() {
    let target = format!("/photos/{}", "k".repeat(1023));
    assert_eq!(
        address("127.0.0.1", &target).unwrap().key.unwrap().len(),
        1023
    );
}

#[test]
fn locations_are_in_the_style_of_the_request() {
    let cases = [
        (
            "127.0.0.1:80",
            "/photos/a",
            "http://127.0.0.1:80/photos/a%2Fb",
        ),
        (
            "photos.localhost:80",
            "/a",
            "http://photos.localhost:80/a%2Fb",
        ),
        ("img.example.com", "/a", "http://img.example.com/a%2Fb"),
    ];
    for (host, target, expected) in cases {
        let address = address(host, target).unwrap();
        let base = format!("http://{}", address.endpoint);
        assert_eq!(address.location(&base, "a/b"), expected);
    }
}
