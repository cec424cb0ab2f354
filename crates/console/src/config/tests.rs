//! Settings as deployments write them, good and bad.

use clap::Parser as _;

use super::*;

fn read(flags: &[&str]) -> Result<Config, ConfigError> {
    let args = Args::try_parse_from([&["console"], flags].concat()).unwrap();
    Config::from_args(args, |name| match name {
        "ACCESSKEY_ID" | "ACCESSKEY_SECRET" => Some("xxx".to_owned()),
        _ => None,
    })
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
    let expected = "https://face-image.oss-cn-shanghai.aliyuncs.com";
    assert_eq!(bucket.public.origin(&bucket.name), expected);
    assert_eq!(bucket.photos.to_string(), "photos");
    assert!(config.queue.name.is_none());
    assert_eq!(config.operation.listen.to_string(), "0.0.0.0:8080");
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
    assert_eq!(bucket.endpoint.origin(&bucket.name), "http://oss.internal");
    assert_eq!(bucket.public.origin(&bucket.name), "http://127.0.0.1:8901");
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
        "set either `CONSOLE_TOKEN_FILE`",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let inside = ["--user-header=u", "--photos=target/new"];
    let told = read(&[&LEAST[..], &inside].concat()).unwrap_err();
    assert!(
        told.to_string().contains("must not lie in `target`"),
        "{told}"
    );
}

#[test]
fn a_token_is_long_enough_and_never_printed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let flag = format!("--token-file={}", file.display());
    let read = || read(&[&LEAST[..], &[flag.as_str()]].concat());
    let missing = read().unwrap_err().to_string();
    assert!(missing.contains("`CONSOLE_TOKEN_FILE` names"), "{missing}");
    std::fs::write(&file, "short\n").unwrap();
    let short = read().unwrap_err().to_string();
    assert!(short.contains("16 characters or more"), "{short}");
    std::fs::write(&file, "a token that is long enough\n").unwrap();
    let config = read().unwrap();
    assert!(!format!("{config:?}").contains("long enough"));
}
