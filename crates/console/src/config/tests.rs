//! Settings as deployments write them, good and bad.

use service::settings::parse_from;

use super::*;

/// Reads flags, in an environment without variables.
fn read(flags: &[&str]) -> Result<Config, clap::Error> {
    parse_from([&["console"], flags].concat(), |_| None)
}

fn check(flags: &[&str]) -> Result<(Access, CredentialSource), ConfigError> {
    read(flags)
        .unwrap()
        .check(|name| matches!(name, "ACCESSKEY_ID" | "ACCESSKEY_SECRET").then(|| "xxx".to_owned()))
}

const LEAST: [&str; 3] = [
    "--bucket=face-image",
    "--region=cn-shanghai",
    "--results=target",
];

#[test]
fn a_bucket_a_folder_and_a_proxy_are_enough() {
    let config = read(&[&LEAST[..], &["--user-header=x-forwarded-user"]].concat()).unwrap();
    let bucket = config.bucket;
    let public = bucket.browsers_endpoint().unwrap();
    let expected = "https://face-image.oss-cn-shanghai.aliyuncs.com";
    assert_eq!(public.origin(&bucket.name), expected);
    assert_eq!(bucket.photos.to_string(), "photos");
    assert!(config.queue.name.is_none());
    assert_eq!(config.operation.address().to_string(), "0.0.0.0:8080");
}

#[test]
fn browsers_may_reach_the_bucket_elsewhere() {
    let endpoints = [
        "--user-header=x-forwarded-user",
        "--oss-addressing=path",
        "--oss-endpoint=http://oss.internal",
        "--oss-public-endpoint=http://127.0.0.1:8901",
    ];
    let bucket = read(&[&LEAST[..], &endpoints].concat()).unwrap().bucket;
    let own = bucket.own_endpoint().unwrap();
    assert_eq!(own.origin(&bucket.name), "http://oss.internal");
    let public = bucket.browsers_endpoint().unwrap();
    assert_eq!(public.origin(&bucket.name), "http://127.0.0.1:8901");
}

#[test]
fn every_mistake_is_told_with_what_to_do() {
    let error = read(&[
        "--bucket=B",
        "--results=target",
        "--photos=target/new",
        "--oss-addressing=x",
        "--url-lifetime=PT2H",
        "--insecure-cookie=perhaps",
        "--mns-queue=a_b!",
    ]);
    let told = error.unwrap_err().to_string();
    for part in [
        "`OSS_BUCKET` is `B`",
        "`OSS_REGION` is missing",
        "`OSS_ADDRESSING` is `x`",
        "`CONSOLE_URL_LIFETIME` is `PT2H`",
        "`CONSOLE_INSECURE_COOKIE` is `perhaps`",
        "`MNS_QUEUE` is `a_b!`",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn settings_that_contradict_each_other_are_told_in_one_line() {
    let flags = [
        "--photos=target/new",
        "--oss-endpoint=http://127.0.0.1:9000",
    ];
    let error = check(&[&LEAST[..], &flags].concat()).unwrap_err();
    insta::assert_snapshot!(error.to_string().replace("; ", "\n"), @r"
    `OSS_ENDPOINT` does not fit `OSS_ADDRESSING`: `127.0.0.1:9000` is an address, not a name: it needs path-style or CNAME addressing
    `CONSOLE_PHOTOS` is `target/new`: it must not lie in `target`, where nothing is taken for a photo
    set either `CONSOLE_TOKEN_FILE` to a file with the token that people sign in with, or `CONSOLE_USER_HEADER` to the header of an authenticating proxy
    ");
}

#[test]
fn a_token_is_long_enough_and_never_printed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let flag = format!("--token-file={}", file.display());
    let read = || check(&[&LEAST[..], &[flag.as_str()]].concat());
    let missing = read().unwrap_err().to_string();
    assert!(missing.contains("`CONSOLE_TOKEN_FILE` names"), "{missing}");
    std::fs::write(&file, "short\n").unwrap();
    let short = read().unwrap_err().to_string();
    assert!(short.contains("16 characters or more"), "{short}");
    std::fs::write(&file, "a token that is long enough\n").unwrap();
    let (access, _) = read().unwrap();
    assert!(!format!("{access:?}").contains("long enough"));
}
