//! Logs on standard error, as text for people or JSON for machines.
//!
//! Standard output stays free for what a program is asked to print. Nothing here
//! redacts: types that hold secrets print none.

use std::io::{self, IsTerminal as _};

use clap::ValueEnum;
use thiserror::Error;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One readable line per record.
    #[default]
    Text,
    /// One JSON object per record.
    Json,
}

/// The options that every binary has for its logs.
#[derive(Clone, Debug, clap::Args)]
pub struct TelemetryArgs {
    /// How log lines look.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// What is logged: a level, or `target=level` pairs separated by commas.
    #[arg(long, env = "RUST_LOG", default_value = "info", value_name = "FILTER")]
    pub log_filter: String,
}

/// Why logging could not be set up. Permanent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The filter is neither a level nor a list of `target=level`.
    #[error(
        "`{filter}` is not a log filter: set --log-filter or RUST_LOG to a level such as `info`, or to `target=level` pairs"
    )]
    Filter {
        /// As given.
        filter: String,
        /// What the parser had against it.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// Logging is already set up in this process.
    #[error("logging is already set up")]
    Again(#[source] tracing_subscriber::util::TryInitError),
}

/// Sends this process's log records to standard error. Call once, first of all.
///
/// # Errors
/// Permanent: a bad filter, or a second call.
pub fn init(args: &TelemetryArgs) -> Result<(), TelemetryError> {
    let targets = parse(&args.log_filter)?;
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(targets);
    match args.log_format {
        LogFormat::Text => registry.with(lines).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    }
    .map_err(TelemetryError::Again)
}

fn parse(filter: &str) -> Result<Targets, TelemetryError> {
    // An empty variable is how many deployments say "not set".
    let filter = if filter.trim().is_empty() {
        "info"
    } else {
        filter
    };
    filter.parse().map_err(|source| TelemetryError::Filter {
        filter: filter.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    #[test]
    fn filters_are_levels_or_pairs() {
        let table = [
            ("a level", "debug", Some(LevelFilter::DEBUG)),
            ("empty", "", Some(LevelFilter::INFO)),
            (
                "pairs",
                "warn,source_adapter=trace",
                Some(LevelFilter::WARN),
            ),
            ("nonsense", "a=b=c", None),
        ];
        for (name, filter, expected) in table {
            let level = parse(filter)
                .ok()
                .and_then(|targets| targets.default_level());
            assert_eq!(level, expected, "{name}");
        }
    }

    #[test]
    fn bad_filter_says_what_to_set() {
        let error = parse("a=loud").unwrap_err();
        insta::assert_snapshot!(error, @"`a=loud` is not a log filter: set --log-filter or RUST_LOG to a level such as `info`, or to `target=level` pairs");
    }
}
