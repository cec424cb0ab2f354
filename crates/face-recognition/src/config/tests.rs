//! Settings as deployments write them, good and bad.

use clap::Parser as _;
use face::local::Settings;

use super::*;

/// Reads flags; a key pair is in the environment unless told otherwise.
fn read(flags: &[&str]) -> Result<Config, ConfigError> {
    let args = Args::try_parse_from([&["face-recognition"], flags].concat()).unwrap();
    Config::from_args(args, |name| match name {
        "ACCESSKEY_ID" | "ACCESSKEY_SECRET" => Some("xxx".to_owned()),
        _ => None,
    })
}

#[test]
fn the_originals_manifest_is_enough() {
    let flags = [
        "--configpath=/app/config",
        "--upload-path=face-image/target",
    ];
    let Config {
        storage,
        faces,
        limits,
        operation,
        credentials,
    } = read(&flags).unwrap();
    assert_eq!(storage.target.to_string(), "face-image/target");
    assert!(storage.endpoint.is_none() && storage.allowed_buckets.is_empty());
    assert_eq!(faces.finder, Finder::Local);
    assert_eq!(operation.listen.to_string(), "0.0.0.0:8080");
    assert!(matches!(credentials, CredentialSource::Fixed(_)));
    assert!(limits.cpus >= 1);
}

#[test]
fn every_setting_can_be_given() {
    let config = read(&[
        "--upload-path=/target/",
        "--oss-endpoint=http://127.0.0.1:9000",
        "--oss-addressing=path",
        "--oss-signature=v1",
        "--allowed-buckets=one-bucket, two-buckets",
        "--allowed-regions=cn-shanghai",
        "--face-backend=facebody",
        "--face-endpoint=http://127.0.0.1:9002",
        "--face-local-confidence=0.6",
        "--face-local-smallest-face=2",
        "--face-url-lifetime=PT5M",
        "--face-max-calls=3",
        "--max-pixels=1000",
        "--photo-deadline=PT30S",
        "--port=9",
    ])
    .unwrap();
    assert_eq!(config.storage.allowed_buckets.len(), 2);
    assert_eq!(config.faces.finder, Finder::Facebody);
    assert_eq!(config.faces.open_platform_endpoint, config.faces.endpoint);
    assert_eq!(config.faces.url_lifetime.as_secs(), 300);
    assert_eq!(config.faces.calls, 3);
    let local = Settings::default().with_confidence(0.6).unwrap();
    let local = local.with_smallest_face(2.0).unwrap();
    assert_eq!(config.faces.local, local);
    assert_eq!(config.limits.picture.max_pixels, 1000);
    assert_eq!(config.operation.listen.port(), 9);
}

#[test]
fn every_mistake_is_told_in_one_line() {
    let args = Args::try_parse_from([
        "face-recognition",
        "--oss-endpoint=http://127.0.0.1:9000",
        "--oss-signature=v2",
        "--allowed-buckets=Photos",
        "--face-backend=magic",
        "--face-local-confidence=1",
        "--face-local-smallest-face=tiny",
        "--face-url-lifetime=soon",
        "--max-object-bytes=200000000",
        "--port=http",
    ]);
    let error = Config::from_args(args.unwrap(), |name| {
        (name == "ACCESSKEY_ID").then(|| "xxx".to_owned())
    })
    .unwrap_err();
    let line = error.to_string().replace("; ", "\n");
    insta::assert_snapshot!(line, @r"
    variable `ACCESSKEY_SECRET` is missing although `ACCESSKEY_ID` is set
    `UPLOAD_OSS_PATH` is missing: set it to the folder for results, such as `face-image/target`
    `OSS_SIGNATURE` is `v2`: it must be `v4` or `v1`
    `OSS_ENDPOINT` with `OSS_ADDRESSING` is of no use: `127.0.0.1:9000` is an address, not a name: it needs path-style or CNAME addressing
    `OSS_ALLOWED_BUCKETS` is `Photos`: it must be names of buckets, separated by commas
    `FACE_BACKEND` is `magic`: it must be `local`, `facebody` or `dataplus`
    `FACE_LOCAL_CONFIDENCE` is `1`: it must be a number from 0.05 to 0.99
    `FACE_LOCAL_SMALLEST_FACE` is `tiny`: it must be a number from 0.3 to 50, in percent of the longer side
    `FACE_URL_LIFETIME` is `soon`: it must be an ISO 8601 duration such as `PT90S`, from 10 to 86400 seconds
    `FACE_FILE_MEMORY` is `268435456`: it must be at least twice `FACE_MAX_OBJECT_BYTES`, for a photo and its result
    `PORT` is `http`: it must be a number from 0 to 65535
    ");
}

/// The manifest that is checked in sets none of the limits, so the defaults count.
#[test]
fn the_containers_memory_holds_all_budgets() {
    let manifest = include_str!("../../../../deploy/sample/service.yaml");
    let [limit, request] = ["limits:", "requests:"].map(|section| {
        let (_, section) = manifest.split_once(section).unwrap();
        let (_, memory) = section.split_once("memory: ").unwrap();
        let memory = memory.lines().next().unwrap();
        let (number, unit) = memory.split_at(memory.len() - 2);
        let unit = ["Ki", "Mi", "Gi"].iter().position(|one| *one == unit);
        number.parse::<u64>().unwrap() << (10 * (unit.unwrap() + 1))
    });
    assert!(!manifest.contains("_MEMORY") && !manifest.contains("FACE_MAX"));
    let limits = read(&["--upload-path=target"]).unwrap().limits;
    let most = limits.memory_bytes();
    assert!(most <= limit, "{most} bytes in a container of {limit}");
    assert!(request <= limit);
    // Knative sends no more at one time, and the service takes as many.
    let (_, concurrency) = manifest.split_once("containerConcurrency: ").unwrap();
    let concurrency = concurrency.lines().next().unwrap();
    assert!(concurrency.parse::<usize>().unwrap() <= limits.events);
}

#[test]
fn secrets_are_not_shown() {
    let config = read(&["--upload-path=target"]).unwrap();
    assert!(!format!("{config:?}").contains("xxx\""));
    let bad = read(&[
        "--upload-path=target",
        "--face-endpoint=http://user:hush@host/",
    ]);
    assert!(!bad.unwrap_err().to_string().contains("hush"));
}
