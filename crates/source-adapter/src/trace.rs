//! The trace context of an event (W3C `traceparent`).
//!
//! The adapter records no spans. It gives each event a trace of its own, derived from its
//! id, so that every delivery of an event, here and behind a Broker, is found under one
//! trace id, which the adapter's log lines name too.

use std::convert::Infallible;
use std::str::FromStr;

use http::{HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};

/// The header of the W3C recommendation.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const VERSION: &str = "00";

/// Which traces receivers are asked to record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling(f64);

impl Sampling {
    /// Judges by the end of a trace id, so that all adapters agree about an event.
    fn takes(self, trace: &[u8]) -> bool {
        let last = trace.iter().rev().take(4);
        let number = last.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        self.0 >= 1.0 || f64::from(number) < self.0 * f64::from(u32::MAX)
    }
}

/// Reads `tracing-sampling-rate` of Knative's `config-observability`. Without a rate all traces
/// are marked as recorded, because the mark of a parent silences those receivers that would
/// have recorded by themselves.
impl FromStr for Sampling {
    type Err = Infallible;

    fn from_str(config: &str) -> Result<Self, Infallible> {
        let config: Option<serde_json::Value> = serde_json::from_str(config).ok();
        let rate = config.and_then(|config| match config.get("tracing-sampling-rate")? {
            serde_json::Value::String(text) => text.trim().parse().ok(),
            rate => rate.as_f64(),
        });
        let rate = rate.filter(|rate| (0.0..=1.0).contains(rate));
        Ok(Self(rate.unwrap_or(1.0)))
    }
}

/// The header for an event: of the trace that its `traceparent` extension names, else of one
/// that follows from its id.
#[must_use]
pub fn traceparent(id: &str, extension: Option<&str>, sampling: Sampling) -> HeaderValue {
    let given = extension.filter(|value| is_valid(value));
    let derived = || {
        let digest: [u8; 32] = Sha256::digest(id).into();
        let (trace, span) = (&digest[..16], &digest[16..24]);
        let flags = u8::from(sampling.takes(trace));
        format!("{VERSION}-{}-{}-{flags:02x}", hex(trace), hex(span))
    };
    let value = given.map_or_else(derived, str::to_owned);
    // It holds nothing but digits and dashes.
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static(VERSION))
}

/// The trace id in the header, for logs.
#[must_use]
pub fn trace_id(header: &HeaderValue) -> &str {
    let id = header.to_str().ok().and_then(|value| value.get(3..35));
    id.unwrap_or_default()
}

/// Whether it is a `traceparent` of the version that we write, with ids that are not zero.
fn is_valid(value: &str) -> bool {
    let parts: Vec<_> = value.split('-').collect();
    let is_hex = |part: &str, len| {
        part.len() == len && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &str, len| is_hex(part, len) && part.bytes().any(|b| b != b'0');
    matches!(parts[..], [VERSION, trace, span, flags]
        if is_id(trace, 32) && is_id(span, 16) && is_hex(flags, 2))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble| char::from_digit(nibble, 16).unwrap_or('0');
    let digits = bytes
        .iter()
        .flat_map(|byte| [u32::from(byte >> 4), u32::from(byte & 15)]);
    digits.map(digit).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: Sampling = Sampling(1.0);
    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    #[test]
    fn trace_follows_from_the_id() {
        let header = traceparent("6639A1B2C3D4E5F600000001", None, ALL);
        insta::assert_snapshot!(header.to_str().unwrap(), @"00-143b0b20e98ef9e76bbd3f00a41ba05b-f7a172edfe13f514-01");
        assert_eq!(trace_id(&header), &header.to_str().unwrap()[3..35]);
    }

    #[test]
    fn trace_that_an_event_brings_is_kept_if_it_is_one() {
        let table = [
            ("valid", GIVEN, true),
            (
                "zero",
                "00-00000000000000000000000000000000-b7ad6b7169203331-00",
                false,
            ),
            (
                "upper case",
                "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-00",
                false,
            ),
            (
                "another version",
                "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
                false,
            ),
            ("cut off", &GIVEN[..50], false),
            ("a part too many", &format!("{GIVEN}-00"), false),
            ("words", "later", false),
        ];
        for (name, value, expected) in table {
            let header = traceparent("id", Some(value), ALL);
            assert_eq!(header == value, expected, "{name}");
            assert!(is_valid(header.to_str().unwrap()), "{name}");
        }
    }

    #[test]
    fn rate_decides_what_is_recorded() {
        let table = [
            ("absent", None, 1000..=1000),
            ("none", Some(r#"{"tracing-sampling-rate":"0"}"#), 0..=0),
            (
                "half",
                Some(r#"{"tracing-sampling-rate":"0.5"}"#),
                400..=600,
            ),
            ("a number", Some(r#"{"tracing-sampling-rate":0}"#), 0..=0),
            (
                "too high",
                Some(r#"{"tracing-sampling-rate":"7"}"#),
                1000..=1000,
            ),
            ("not JSON", Some("rate"), 1000..=1000),
        ];
        for (name, config, expected) in table {
            let sampling = config.unwrap_or("{}").parse().unwrap();
            let recorded = (0..1000)
                .filter(|id| {
                    let header = traceparent(&id.to_string(), None, sampling);
                    header.to_str().unwrap().ends_with("01")
                })
                .count();
            assert!(expected.contains(&recorded), "{name}: {recorded}");
        }
    }

    proptest! {
        #[test]
        fn every_id_has_a_valid_trace(id in any::<String>(), extension in proptest::option::of(any::<String>())) {
            let header = traceparent(&id, extension.as_deref(), ALL);
            prop_assert!(is_valid(header.to_str().unwrap()));
            prop_assert_eq!(traceparent(&id, extension.as_deref(), ALL), header);
        }
    }
}
