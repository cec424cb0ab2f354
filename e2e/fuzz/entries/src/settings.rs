//! Settings, as `NAME=value` lines. Their author is trusted, but mistypes.

use std::sync::LazyLock;
use std::time::Duration;

use clap::Parser as _;
use service::findings::{Findings, http_url};
use source_adapter::args::{DeliveryArgs, FilterArgs, QueueArgs, SinkArgs};
use source_adapter::{Args, Config};

/// A command line without arguments.
static DEFAULTS: LazyLock<Option<Args>> =
    LazyLock::new(|| Args::try_parse_from(["source-adapter"]).ok());

/// Checks a configuration of the adapter made of the lines.
pub(crate) fn read(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    durations(text);
    assert!(
        DEFAULTS.is_some(),
        "the adapter refuses an empty command line"
    );
    let Some(defaults) = DEFAULTS.clone() else {
        return;
    };
    let find = |name: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value.to_owned())
    };
    if let Err(error) = Config::from_args(with_lines(defaults, find)) {
        let told = error.to_string();
        assert!(told.len() < 20_000, "{} bytes", told.len());
        assert!(!told.contains(char::is_control), "{told:?}");
    }
}

fn durations(text: &str) {
    let bounds = (Duration::from_secs(1), Duration::from_mins(1));
    let mut found = Findings::default();
    for line in text.lines() {
        if let Some(duration) = found.duration_within("A", Some(line), bounds) {
            assert!((bounds.0..=bounds.1).contains(&duration), "{duration:?}");
        }
        let _ = found.duration("B", Some(line));
        if let Some(url) = http_url(line) {
            assert!(url.has_host(), "{url}");
        }
    }
}

fn with_lines(defaults: Args, find: impl Fn(&str) -> Option<String>) -> Args {
    Args {
        sink: SinkArgs {
            sink: find("K_SINK"),
            audience: find("K_AUDIENCE"),
            ce_overrides: find("K_CE_OVERRIDES"),
            payload: find("PAYLOAD"),
            spec_version: find("SPEC_VERSION"),
            ..SinkArgs::default()
        },
        delivery: DeliveryArgs {
            delivery_retry: find("DELIVERY_RETRY"),
            delivery_backoff_policy: find("DELIVERY_BACKOFF_POLICY"),
            delivery_backoff_delay: find("DELIVERY_BACKOFF_DELAY"),
            delivery_timeout: find("DELIVERY_TIMEOUT"),
            sink_timeout: find("K_SINK_TIMEOUT"),
            delivery_retry_after_max: find("DELIVERY_RETRY_AFTER_MAX"),
            delivery_dead_letter_sink: find("DELIVERY_DEAD_LETTER_SINK"),
            delivery_format: find("DELIVERY_FORMAT"),
        },
        queue: QueueArgs {
            mns_endpoint: find("MNS_ENDPOINT"),
            mns_queue: find("MNS_QUEUE"),
            access_token_file: Some("token".into()),
        },
        filter: FilterArgs {
            filter_events: find("FILTER_EVENTS"),
            filter_key_prefix: find("FILTER_KEY_PREFIX"),
            filter_key_suffix: find("FILTER_KEY_SUFFIX"),
        },
        ..defaults
    }
}
