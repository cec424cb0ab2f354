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
    // Host, target, and the bucket, key and style that they name.
    let table = "
        127.0.0.1:80 | / | | | path
        127.0.0.1:80 | /photos | photos | | path
        127.0.0.1 | /photos/ | photos | | path
        127.0.0.1 | /photos/a/b.jpg | photos | a/b.jpg | path
        127.0.0.1 | /photos/a%2Fb%20c+d | photos | a/b c+d | path
        [::1]:80 | /photos/a | photos | a | path
        localhost:80 | /photos/a | photos | a | path
        emulator | /photos/a | photos | a | path
        emulator.test | /photos/a | photos | a | path
        photos.emulator.test:80 | /a | photos | a | virtual_hosted
        photos.localhost | / | photos | | virtual_hosted
        photos.elsewhere.example | /a | photos | a | virtual_hosted
        oss-cn-shanghai.aliyuncs.com | / | | | path
        oss-cn-hangzhou.aliyuncs.com | / | | | path
        .oss-cn-shanghai.aliyuncs.com | / | | | path
        photos.oss-cn-shanghai.aliyuncs.com | /a | photos | a | virtual_hosted
        photos.oss-cn-shanghai-internal.aliyuncs.com | / | photos | | virtual_hosted
        photos.cn-shanghai.oss.aliyuncs.com | / | photos | | virtual_hosted
        photos.oss-accelerate.aliyuncs.com | / | photos | | virtual_hosted
        img.example.com | /a/b | photos | a/b | cname
    ";
    for row in table.trim().lines() {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let found = address(cells[0], cells[1]).unwrap_or_else(|error| panic!("{row}: {error}"));
        let style = match found.style {
            Style::VirtualHosted => "virtual_hosted",
            Style::Path => "path",
            Style::Cname => "cname",
        };
        let text = |name: &Option<String>| name.clone().unwrap_or_default();
        let named = (text(&found.bucket), text(&found.key), style);
        let expected = (cells[2].to_owned(), cells[3].to_owned(), cells[4]);
        assert_eq!(named, expected, "{row}");
    }
}

#[test]
fn what_cannot_be_a_bucket_or_a_key_is_refused() {
    let long = format!(
        "a key of 1024 bytes | 127.0.0.1 | /photos/{} | InvalidObjectName",
        "k".repeat(1024)
    );
    let table = "
        a bucket with capitals | 127.0.0.1 | /Photos | InvalidBucketName
        a short bucket | 127.0.0.1 | /ab | InvalidBucketName
        a bucket ending in a hyphen | 127.0.0.1 | /photos-/a | InvalidBucketName
        a bucket with an underscore | my_photos.localhost | / | InvalidBucketName
        a key with a slash in front | 127.0.0.1 | /photos//a | InvalidObjectName
        a key with a backslash in front | 127.0.0.1 | /photos/%5Ca | InvalidObjectName
        a key that is not UTF-8 | 127.0.0.1 | /photos/%FF | InvalidObjectName
        another region | photos.oss-cn-hangzhou.aliyuncs.com | /a | AccessDenied
        another service | photos.mns.aliyuncs.com | /a | NonStandardHostForbidden
    ";
    for row in table.trim().lines().chain([long.as_str()]) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let refused = address(cells[1], cells[2]).unwrap_err().to_string();
        assert!(refused.contains(cells[3]), "{row}: {refused}");
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
    for (host, target, expected) in [
        ("127.0.0.1:80", "/photos/a", "127.0.0.1:80/photos/a%2Fb"),
        ("photos.localhost:80", "/a", "photos.localhost:80/a%2Fb"),
        ("img.example.com", "/a", "img.example.com/a%2Fb"),
    ] {
        let address = address(host, target).unwrap();
        let base = format!("http://{}", address.endpoint);
        let location = address.location(&base, "a/b");
        assert_eq!(location, format!("http://{expected}"));
    }
}
