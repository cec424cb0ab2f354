//! Settings, as `NAME=value` lines. Their author is trusted, but mistypes.

use std::ffi::OsStr;
use std::time::Duration;

use clap::error::ErrorKind;
use service::settings::{self, http_url, parse_from};
use source_adapter::Config;

/// Reads a configuration of the adapter made of the lines.
pub(crate) fn read(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    durations(text);
    let find = |name: &OsStr| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value.into())
    };
    if let Err(error) = parse_from::<Config>(["source-adapter"], find) {
        assert_eq!(error.kind(), ErrorKind::ValueValidation, "{error}");
        let told = error.to_string();
        assert!(told.len() < 20_000, "{} bytes", told.len());
        assert!(!told.trim_end().contains(char::is_control), "{told:?}");
    }
}

fn durations(text: &str) {
    let (least, most) = (Duration::from_secs(1), Duration::from_mins(1));
    let bounded = settings::duration(least..=most);
    for line in text.lines() {
        if let Ok(duration) = bounded(line) {
            assert!((least..=most).contains(&duration), "{duration:?}");
            assert_eq!(settings::any_duration(line).ok(), Some(duration));
        }
        if let Some(url) = http_url(line) {
            assert!(url.has_host(), "{url}");
        }
    }
}
