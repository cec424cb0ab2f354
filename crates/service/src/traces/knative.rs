//! What Knative's `config-observability` says about traces.
//!
//! Knative hands it to adapters as JSON of its own types (`{"tracing": {"protocol": ...}}`); the keys of
//! the `ConfigMap` (`{"tracing-protocol": ...}`) are read as well. Invalid values are ignored.

use std::convert::Infallible;
use std::str::FromStr;

use serde_json::Value;
use url::Url;

/// The document in `K_OBSERVABILITY_CONFIG`, as far as it is about traces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observability {
    protocol: Option<String>,
    endpoint: Option<String>,
    rate: Option<f64>,
}

impl FromStr for Observability {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let config: Value = serde_json::from_str(text).unwrap_or_default();
        let get = |nested: &str, flat: &str| {
            let value = config
                .get("tracing")
                .and_then(|tracing| tracing.get(nested));
            value.or_else(|| config.get(flat)).cloned()
        };
        let text = |value: Option<Value>| {
            let text = value?.as_str()?.trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        let rate = match get("samplingRate", "tracing-sampling-rate") {
            Some(Value::String(text)) => text.trim().parse().ok(),
            rate => rate.and_then(|rate| rate.as_f64()),
        };
        Ok(Self {
            protocol: text(get("protocol", "tracing-protocol")),
            endpoint: text(get("endpoint", "tracing-endpoint")),
            rate: rate.filter(|rate| (0.0..=1.0).contains(rate)),
        })
    }
}

impl Observability {
    /// Which part of all traces is to be recorded, if anything is said about it. As in Knative, a
    /// protocol without a rate means none.
    #[must_use]
    pub fn sampling_rate(&self) -> Option<f64> {
        self.rate.or_else(|| self.protocol().map(|_protocol| 0.0))
    }

    /// How traces are to be sent, if they are.
    pub(super) fn protocol(&self) -> Option<&str> {
        self.protocol
            .as_deref()
            .filter(|protocol| *protocol != "none")
    }

    /// Where traces are to be sent. As in Knative, a host alone stands for `https` and for the
    /// usual path.
    pub(super) fn endpoint(&self) -> Option<Url> {
        let endpoint = self.endpoint.as_deref()?;
        let with_scheme = if endpoint.contains("://") {
            endpoint.to_owned()
        } else {
            format!("https://{endpoint}")
        };
        let mut url = crate::settings::http_url(&with_scheme)?;
        if url.path() == "/" {
            url.set_path(super::settings::PATH);
        }
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let table = [
            (
                "Knative's own",
                r#"{"tracing":{"protocol":"http/protobuf","endpoint":"http://c:4318/v1/traces","samplingRate":0.5},"metrics":{"protocol":"none"}}"#,
                (
                    Some("http/protobuf"),
                    Some("http://c:4318/v1/traces"),
                    Some(0.5),
                ),
            ),
            (
                "the keys of the ConfigMap",
                r#"{"tracing-protocol":"http/protobuf","tracing-endpoint":"c:4318","tracing-sampling-rate":"1"}"#,
                (
                    Some("http/protobuf"),
                    Some("https://c:4318/v1/traces"),
                    Some(1.0),
                ),
            ),
            (
                "a protocol without a rate",
                r#"{"tracing":{"protocol":"grpc","endpoint":"http://c:4317"}}"#,
                (Some("grpc"), Some("http://c:4317/v1/traces"), Some(0.0)),
            ),
            (
                "none",
                r#"{"tracing":{"protocol":"none"}}"#,
                (None, None, None),
            ),
            (
                "a rate alone",
                r#"{"tracing-sampling-rate":"0"}"#,
                (None, None, Some(0.0)),
            ),
            (
                "too high",
                r#"{"tracing-sampling-rate":"7"}"#,
                (None, None, None),
            ),
            (
                "of another type",
                r#"{"tracing":[],"tracing-protocol":1}"#,
                (None, None, None),
            ),
            ("empty", "{}", (None, None, None)),
            ("not JSON", "rate", (None, None, None)),
        ];
        for (name, config, expected) in table {
            let config: Observability = config.parse().unwrap();
            let endpoint = config.endpoint();
            let endpoint = endpoint.as_ref().map(Url::as_str);
            let read = (config.protocol(), endpoint, config.sampling_rate());
            assert_eq!(read, expected, "{name}");
        }
    }
}
