//! Arguments: what they mean, and what is said about bad ones.

use std::time::Duration;

use service::settings::parse_from;
use source_adapter::Config;
use source_adapter::config::{BackoffPolicy, Format, Payload};

fn config(args: &[&str]) -> Result<Config, clap::Error> {
    parse_from([&["source-adapter"], args].concat(), |_| None)
}

const NEEDED: [&str; 4] = ["--sink", "http://broker/default", "--mns-queue", "photos"];

fn with(more: &[&str]) -> Config {
    config(&[&NEEDED, more].concat()).unwrap()
}

#[test]
fn two_settings_are_enough() {
    let config = with(&[]);
    assert_eq!(config.sink.address.to_string(), "http://broker/default");
    assert_eq!(
        (config.sink.payload, config.sink.format),
        (Payload::Json, Format::Binary)
    );
    assert_eq!(config.delivery.timeout(), Duration::from_mins(1));
    assert_eq!(
        (config.delivery.retries, config.delivery.backoff_policy),
        (10, BackoffPolicy::Exponential)
    );
    assert_eq!(config.delivery.retry_after_max, Duration::ZERO);
    assert_eq!(config.operation.name, "adapter");
    assert_eq!(config.operation.listen.to_string(), "0.0.0.0:8080");
    assert!(config.queue.endpoint.is_none());
}

#[test]
fn configuration_shows_no_secret_of_a_sink() {
    let secret = "https://MARKER:MARKER@sink.example/path?token=MARKER";
    let config = config(&[
        "--sink",
        secret,
        "--mns-queue",
        "photos",
        "--delivery-dead-letter-sink",
        secret,
    ])
    .unwrap();
    let shown = format!("{config:?}");
    assert!(shown.contains("https://sink.example/path"), "{shown}");
    assert!(!shown.contains("MARKER"), "{shown}");
}

#[test]
fn everything_bad_is_reported_at_once() {
    let error = config(&[
        "--mns-endpoint",
        "mns",
        "--ce-overrides",
        r#"{"extensions":{"id":"x"}}"#,
        "--payload",
        "xml",
        "--delivery-retry=-1",
        "--delivery-backoff-policy",
        "random",
        "--delivery-backoff-delay",
        "1",
        "--delivery-timeout=-PT1S",
        "--delivery-retry-after-max",
        "soon",
        "--delivery-dead-letter-sink",
        "ftp://user:password@host/",
        "--delivery-format",
        "batch",
        "--filter-events",
        "oss:ObjectCreated:PutObject",
        "--pollers",
        "0",
        "--max-in-flight",
        "many",
        "--max-in-flight-bytes",
        "1000",
        "--drain-grace",
        "",
        "--listen",
        "8080",
    ])
    .unwrap_err()
    .to_string();
    let mistakes = error.trim_start_matches("error: ").trim_end();
    insta::assert_snapshot!(mistakes.replace("; ", "\n"), @r#"
    `K_SINK` is missing: set it to the http or https URL that events go to
    `K_CE_OVERRIDES` is `{"extensions":{"id":"x"}}`: it must be JSON like `{"extensions":{"name":"value"}}`, names in letters and digits and not those of CloudEvents itself
    `PAYLOAD` is `xml`: it must be `Json` or `Base64`
    `DELIVERY_FORMAT` is `batch`: it must be `binary` or `json`
    `DELIVERY_RETRY` is `-1`: it must be a number from 0 to 1000
    `DELIVERY_BACKOFF_POLICY` is `random`: it must be `exponential` or `linear`
    `DELIVERY_BACKOFF_DELAY` is `1`: it must be an ISO 8601 duration such as `PT1.5S`
    `DELIVERY_TIMEOUT` is `-PT1S`: it must be an ISO 8601 duration such as `PT1.5S`
    `DELIVERY_RETRY_AFTER_MAX` is `soon`: it must be an ISO 8601 duration such as `PT1.5S`
    `DELIVERY_DEAD_LETTER_SINK` is not valid: it must be an http or https URL
    `MNS_ENDPOINT` is `mns`: it must be a URL such as `https://<account>.mns.<region>.aliyuncs.com`
    `MNS_QUEUE` is missing: set it to the name of an MNS queue, in letters, digits and `-`
    `FILTER_EVENTS` is `oss:ObjectCreated:PutObject`: it must be event names such as `ObjectCreated:PutObject` or `ObjectCreated:*`, separated by commas
    `ADAPTER_POLLERS` is `0`: it must be a number from 1 to 64
    `ADAPTER_MAX_IN_FLIGHT` is `many`: it must be a number from 1 to 10000
    `ADAPTER_MAX_IN_FLIGHT_BYTES` is `1000`: it must be a number from 1048576 to 1073741824
    `ADAPTER_LISTEN` is `8080`: it must be an address such as `0.0.0.0:8080`
    "#);
}

#[test]
fn sink_timeout_of_knative_counts_unless_delivery_says_otherwise() {
    let table = [
        ("seconds", vec!["--sink-timeout", "5"], 5),
        ("zero means none", vec!["--sink-timeout", "0"], 60),
        ("invalid means none", vec!["--sink-timeout", "soon"], 60),
        (
            "delivery wins",
            vec!["--sink-timeout", "5", "--delivery-timeout", "PT2M"],
            120,
        ),
    ];
    for (name, args, expected) in table {
        assert_eq!(with(&args).delivery.timeout().as_secs(), expected, "{name}");
    }
}
