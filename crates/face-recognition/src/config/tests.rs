//! Settings as deployments write them, good and bad.

use clap::CommandFactory as _;
use face::AttributeSet;
use face::local::Settings;
use picture::{Banner, Mark, Metadata, Options};
use service::settings::parse_from;

use super::*;

/// Reads flags, in an environment without variables.
fn read(flags: &[&str]) -> Result<Config, clap::Error> {
    parse_from([&["face-recognition"], flags].concat(), |_| None)
}

fn key_pair(name: &str) -> Option<String> {
    matches!(name, "ACCESSKEY_ID" | "ACCESSKEY_SECRET").then(|| "xxx".to_owned())
}

#[test]
fn the_originals_manifest_is_enough() {
    let flags = [
        "--configpath=/app/config",
        "--upload-path=face-image/target",
    ];
    let config = read(&flags).unwrap();
    let credentials = config.check(key_pair).unwrap();
    assert!(matches!(credentials, CredentialSource::Fixed(_)));
    let Config {
        storage,
        faces,
        limits,
        output,
        operation,
        telemetry: _,
        traces: _,
    } = config;
    assert_eq!(storage.target.to_string(), "face-image/target");
    assert!(storage.endpoint.is_none());
    assert!(
        storage
            .allowed_buckets
            .admits(&"any-bucket".parse().unwrap())
    );
    assert_eq!(faces.backend, BackendKind::Local);
    assert_eq!(faces.local().unwrap(), Settings::default());
    assert_eq!(operation.address().to_string(), "0.0.0.0:8080");
    assert_eq!(output.sidecar, Sidecar::None);
    assert_eq!(faces.attributes, AttributeSet::ALL);
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
        "--attributes=gender",
        "--mark=mosaic",
        "--banner=always",
        "--metadata=keep",
        "--sidecar=json",
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
    let allows = |bucket: &str| {
        config
            .storage
            .allowed_buckets
            .admits(&bucket.parse().unwrap())
    };
    assert!(allows("one-bucket") && allows("two-buckets") && !allows("third-bucket"));
    assert_eq!(config.faces.backend, BackendKind::Facebody);
    assert_eq!(config.faces.url_lifetime.as_secs(), 300);
    assert_eq!(config.faces.max_calls, 3);
    assert_eq!(config.faces.attributes.to_string(), "gender");
    assert_eq!(config.output.sidecar, Sidecar::Json);
    let options = Options {
        mark: Mark::Mosaic,
        banner: Banner::Always,
        metadata: Some(Metadata::Keep),
    };
    assert_eq!(config.output.options(), options);
    let local = Settings::default().with_confidence(0.6).unwrap();
    let local = local.with_smallest_face(2.0).unwrap();
    let local = local.with_attributes(config.faces.attributes);
    assert_eq!(config.faces.local().unwrap(), local);
    assert_eq!(config.limits.picture().max_pixels, 1000);
    assert_eq!(config.operation.address().port(), 9);
}

#[test]
fn every_bad_value_is_told_in_one_line() {
    let error = read(&[
        "--oss-signature=v2",
        "--allowed-buckets=Photos",
        "--face-backend=magic",
        "--attributes=mood",
        "--mark=tattoo",
        "--banner=sometimes",
        "--metadata=some",
        "--sidecar=xml",
        "--face-local-confidence=1",
        "--face-local-smallest-face=tiny",
        "--face-url-lifetime=soon",
        "--port=http",
    ]);
    let line = error.unwrap_err().to_string();
    insta::assert_snapshot!(line.trim_end().replace("; ", "\n"), @r"
    error: `UPLOAD_OSS_PATH` is missing: Folder for results in each bucket, such as `face-image/target`. What lies in it is never taken for a photo
    `OSS_SIGNATURE` is `v2`: it must be `v4` or `v1`
    `OSS_ALLOWED_BUCKETS` is `Photos`: `Photos` is not a bucket name: only a-z, 0-9 and `-` may occur
    `FACE_BACKEND` is `magic`: it must be `local`, `facebody`, `imm` or `dataplus`
    `FACE_ATTRIBUTES` is `mood`: it must be `age`, `gender`, both separated by a comma, or `none`
    `FACE_LOCAL_CONFIDENCE` is `1`: it must be a number from 0.05 to 0.99
    `FACE_LOCAL_SMALLEST_FACE` is `tiny`: it must be a number from 0.3 to 50
    `FACE_URL_LIFETIME` is `soon`: it must be an ISO 8601 duration such as `PT90S`, from 10 to 86400 seconds
    `FACE_MARK` is `tattoo`: it must be `box`, `mosaic` or `blur`
    `FACE_BANNER` is `sometimes`: it must be `faces`, `always` or `never`
    `FACE_METADATA` is `some`: it must be `keep` or `strip`
    `FACE_SIDECAR` is `xml`: it must be `none` or `json`
    `PORT` is `http`: it must be a number from 0 to 65535
    ");
}

#[test]
fn imm_needs_a_project() {
    let flags = ["--upload-path=target", "--face-backend=imm"];
    let error = read(&flags).unwrap().check(key_pair).unwrap_err();
    insta::assert_snapshot!(error, @"`FACE_IMM_PROJECT` is missing: with `FACE_BACKEND=imm`, set it to a project of IMM that exists in each region with photos");
    let config = read(&[&flags[..], &["--face-imm-project=faces"]].concat()).unwrap();
    config.check(key_pair).unwrap();
    assert_eq!(config.faces.backend, BackendKind::Imm);
    assert_eq!(config.faces.imm_project.as_deref(), Some("faces"));
}

#[test]
fn settings_that_contradict_each_other_are_told_in_one_line() {
    let config = read(&[
        "--upload-path=target",
        "--oss-endpoint=http://127.0.0.1:9000",
        "--max-object-bytes=200000000",
    ]);
    let error = config
        .unwrap()
        .check(|name| (name == "ACCESSKEY_ID").then(|| "xxx".to_owned()));
    let line = error.unwrap_err().to_string();
    insta::assert_snapshot!(line.replace("; ", "\n"), @r"
    `OSS_ENDPOINT` does not fit `OSS_ADDRESSING`: `127.0.0.1:9000` is an address, not a name: it needs path-style or CNAME addressing
    `FACE_FILE_MEMORY` is `115343360`: it must be at least `FACE_MAX_OBJECT_BYTES`
    variable `ACCESSKEY_SECRET` is missing although `ACCESSKEY_ID` is set
    ");
}

/// Deployments name them.
#[test]
fn settings_keep_their_names() {
    let command = Config::command();
    let names = command.get_arguments().map(|arg| {
        let variable = arg.get_env().unwrap_or("without a variable".as_ref());
        format!("--{} {}", arg.get_long().unwrap(), variable.display())
    });
    let names: Vec<String> = names.collect();
    insta::assert_snapshot!(names.join("\n"), @r"
    --upload-path UPLOAD_OSS_PATH
    --credentials-file CREDENTIALS_FILE
    --oss-endpoint OSS_ENDPOINT
    --oss-addressing OSS_ADDRESSING
    --oss-signature OSS_SIGNATURE
    --oss-internal OSS_INTERNAL
    --allowed-buckets OSS_ALLOWED_BUCKETS
    --allowed-regions OSS_ALLOWED_REGIONS
    --face-backend FACE_BACKEND
    --attributes FACE_ATTRIBUTES
    --face-endpoint FACE_ENDPOINT
    --face-open-platform-endpoint FACE_OPEN_PLATFORM_ENDPOINT
    --face-imm-project FACE_IMM_PROJECT
    --face-local-confidence FACE_LOCAL_CONFIDENCE
    --face-local-smallest-face FACE_LOCAL_SMALLEST_FACE
    --face-url-lifetime FACE_URL_LIFETIME
    --face-max-calls FACE_MAX_CALLS
    --mark FACE_MARK
    --banner FACE_BANNER
    --metadata FACE_METADATA
    --sidecar FACE_SIDECAR
    --max-event-bytes FACE_MAX_EVENT_BYTES
    --max-object-bytes FACE_MAX_OBJECT_BYTES
    --max-pixels FACE_MAX_PIXELS
    --max-events FACE_MAX_EVENTS
    --file-memory FACE_FILE_MEMORY
    --pixel-memory FACE_PIXEL_MEMORY
    --cpus FACE_CPUS
    --photo-deadline FACE_PHOTO_DEADLINE
    --drain-grace FACE_DRAIN_GRACE
    --listen LISTEN
    --port PORT
    --health-listen HEALTH_LISTEN
    --announce ANNOUNCE
    --configpath without a variable
    --log-format LOG_FORMAT
    --log-filter RUST_LOG
    --logging-config K_LOGGING_CONFIG
    --component K_COMPONENT
    --otel-exporter-otlp-endpoint OTEL_EXPORTER_OTLP_ENDPOINT
    --otel-exporter-otlp-traces-endpoint OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
    --otel-exporter-otlp-protocol OTEL_EXPORTER_OTLP_PROTOCOL
    --otel-exporter-otlp-traces-protocol OTEL_EXPORTER_OTLP_TRACES_PROTOCOL
    --otel-exporter-otlp-headers OTEL_EXPORTER_OTLP_HEADERS
    --otel-exporter-otlp-traces-headers OTEL_EXPORTER_OTLP_TRACES_HEADERS
    --otel-exporter-otlp-timeout OTEL_EXPORTER_OTLP_TIMEOUT
    --otel-bsp-schedule-delay OTEL_BSP_SCHEDULE_DELAY
    --otel-traces-exporter OTEL_TRACES_EXPORTER
    --otel-traces-sampler OTEL_TRACES_SAMPLER
    --otel-traces-sampler-arg OTEL_TRACES_SAMPLER_ARG
    --otel-service-name OTEL_SERVICE_NAME
    --otel-resource-attributes OTEL_RESOURCE_ATTRIBUTES
    --otel-sdk-disabled OTEL_SDK_DISABLED
    --observability-config K_OBSERVABILITY_CONFIG
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
    assert!(concurrency.parse::<usize>().unwrap() <= limits.max_events);
}

#[test]
fn secrets_are_not_shown() {
    for setting in ["face-endpoint", "face-open-platform-endpoint"] {
        let flag = format!("--{setting}=http://user:hush@host/");
        let error = read(&["--upload-path=target", &flag]).unwrap_err();
        assert!(!error.to_string().contains("hush"), "{error}");
    }
}
