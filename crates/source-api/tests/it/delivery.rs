//! `spec.delivery` and lengths of time.

use std::error::Error as _;
use std::time::Duration;

use proptest::prelude::{any, prop_assert_eq, proptest};
use serde_json::{Value, json};
use source_api::{Delivery, DeliveryError, DeliverySpec, format_duration, parse_duration};

fn delivery(spec: Value) -> Result<Delivery, DeliveryError> {
    let spec: DeliverySpec = serde_json::from_value(spec).unwrap();
    Delivery::try_from(&spec)
}

#[test]
fn what_is_absent_stays_absent() {
    assert_eq!(delivery(json!({})).unwrap(), Delivery::default());
}

#[test]
fn delivery_is_parsed_as_a_whole() {
    let parsed = delivery(json!({
        "retry": 3, "backoffPolicy": "linear", "backoffDelay": "PT0.2S", "timeout": "PT1M",
        "retryAfterMax": "PT0S", "format": "json", "deadLetterSink": {"uri": "http://dead.example/"},
    }))
    .unwrap();
    insta::assert_debug_snapshot!(parsed, @r#"
    Delivery {
        dead_letter_sink: Some(
            Sink {
                target: Url(
                    Url {
                        scheme: "http",
                        cannot_be_a_base: false,
                        username: "",
                        password: None,
                        host: Some(
                            Domain(
                                "dead.example",
                            ),
                        ),
                        port: None,
                        path: "/",
                        query: None,
                        fragment: None,
                    },
                ),
                ca_certs: None,
                audience: None,
            },
        ),
        retries: Some(
            3,
        ),
        backoff_policy: Some(
            Linear,
        ),
        backoff_delay: Some(
            200ms,
        ),
        timeout: Some(
            60s,
        ),
        retry_after_max: Some(
            0ns,
        ),
        format: Some(
            Json,
        ),
    }
    "#);
}

#[test]
fn what_cannot_be_followed_says_why() {
    let table = [
        (
            "retry",
            json!({"retry": -1}),
            "`retry` is `-1`: it must not be negative",
            "",
        ),
        (
            "delay",
            json!({"backoffDelay": "1s"}),
            "`backoffDelay` cannot be used",
            "`1s` is not an ISO 8601 duration such as `PT0.5S`",
        ),
        (
            "timeout",
            json!({"timeout": "PT0S"}),
            "`timeout` is zero: it must be longer",
            "",
        ),
        (
            "dead letters",
            json!({"deadLetterSink": {}}),
            "`deadLetterSink` cannot be used",
            "neither `ref` nor `uri` is given",
        ),
    ];
    for (name, spec, expected, cause) in table {
        let error = delivery(spec).unwrap_err();
        assert_eq!(error.to_string(), expected, "{name}");
        assert_eq!(
            error.source().map(ToString::to_string).unwrap_or_default(),
            cause,
            "{name}"
        );
    }
}

#[test]
fn durations_are_iso_8601() {
    let table = [
        ("PT0.2S", Some(200)),
        ("PT30S", Some(30_000)),
        ("PT1M30S", Some(90_000)),
        ("PT2H", Some(7_200_000)),
        ("P1DT1S", Some(86_401_000)),
        ("PT0S", Some(0)),
        ("P1M", None),
        ("P1Y", None),
        ("-PT1S", None),
        ("1s", None),
        ("PT", None),
        ("", None),
    ];
    for (text, expected) in table {
        let parsed = parse_duration(text)
            .ok()
            .map(|duration| duration.as_millis());
        assert_eq!(parsed, expected, "{text}");
    }
}

proptest! {
    #[test]
    fn durations_survive_a_round_trip(seconds in 0..10_000_000_u64, nanos in 0..1_000_000_000_u32) {
        let duration = Duration::new(seconds, nanos);
        let text = format_duration(duration);
        prop_assert_eq!(parse_duration(&text).unwrap(), duration);
    }

    #[test]
    fn any_text_is_a_duration_or_refused(text in any::<String>()) {
        let _ = parse_duration(&text);
    }
}
