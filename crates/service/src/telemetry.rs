//! Logs on standard error, as text for people or JSON for machines.
//!
//! Standard output stays free for what a program is asked to print. Nothing here
//! redacts: types that hold secrets print none. But all output goes through `lines`, which
//! escapes control characters in untrusted text; for that reason there are no colours either.

mod knative;
mod lines;

use clap::ValueEnum;
use thiserror::Error;
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt, registry};

use self::lines::Lines;
use crate::traces::{self, Identity, TraceArgs, Traces};

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
    /// What is logged: a level, or `target=level` pairs separated by commas [default: the
    /// level in `K_LOGGING_CONFIG`, else info].
    #[arg(long, env = "RUST_LOG", value_name = "FILTER")]
    pub log_filter: Option<String>,
    /// Knative's `config-logging` as JSON, of which the level counts.
    #[arg(long, env = "K_LOGGING_CONFIG", value_name = "JSON")]
    pub logging_config: Option<String>,
    /// Whose `loglevel` in that document counts.
    #[arg(long, env = "K_COMPONENT", value_name = "NAME")]
    pub component: Option<String>,
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
    /// Traces cannot be sent.
    #[error("cannot send traces")]
    Traces(#[source] transport::HttpClientError),
    /// Logging is already set up in this process.
    #[error("logging is already set up")]
    Again(#[source] tracing_subscriber::util::TryInitError),
}

/// Sends this process's log records to standard error. Call once, first of all.
///
/// # Errors
/// Permanent: a bad filter, or a second call.
pub fn init(args: &TelemetryArgs) -> Result<(), TelemetryError> {
    // A filter for all layers at once is the one that costs least.
    let registry = registry().with(targets(args)?);
    let registry = registry.with(lines(args.log_format));
    registry.try_init().map_err(TelemetryError::Again)
}

/// As [`init`], and sends traces if the environment names a collector. Call it within the runtime.
///
/// # Errors
/// As for [`init`], or TLS cannot be set up.
pub fn init_with_traces(
    args: &TelemetryArgs,
    trace_args: &TraceArgs,
    identity: &Identity,
) -> Result<Traces, TelemetryError> {
    let started = traces::start(trace_args, identity).map_err(TelemetryError::Traces)?;
    match started.layer() {
        None => init(args)?,
        Some(spans) => {
            let lines = lines(args.log_format).with_filter(targets(args)?);
            let registry = registry().with(lines).with(spans);
            registry.try_init().map_err(TelemetryError::Again)?;
        }
    }
    started.log_notice();
    Ok(started.traces)
}

fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let lines = fmt::layer()
        .with_writer(Lines(format))
        // The layer would report them on standard error, and panic if that cannot be written to.
        .log_internal_errors(false)
        .with_ansi(false);
    match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    }
}

/// The filter of the user, else the level of the cluster, else the default.
fn targets(args: &TelemetryArgs) -> Result<Targets, TelemetryError> {
    if let Some(filter) = present(args.log_filter.as_deref()) {
        return parse(filter);
    }
    let config = present(args.logging_config.as_deref());
    let level = config.and_then(|config| knative::level(config, args.component.as_deref()));
    Ok(Targets::new().with_default(level.unwrap_or(LevelFilter::INFO)))
}

/// The text, unless it is blank: deployments set variables to nothing to say "not set".
fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn parse(filter: &str) -> Result<Targets, TelemetryError> {
    filter.parse().map_err(|source| TelemetryError::Filter {
        filter: filter.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(filter: Option<&str>, config: Option<&str>) -> Option<LevelFilter> {
        let args = TelemetryArgs {
            log_format: LogFormat::Text,
            log_filter: filter.map(str::to_owned),
            logging_config: config.map(str::to_owned),
            component: None,
        };
        targets(&args)
            .ok()
            .and_then(|targets| targets.default_level())
    }

    #[test]
    fn filter_of_the_user_overrides_the_cluster() {
        let config = r#"{"zap-logger-config":"{\"level\":\"error\"}"}"#;
        let table = [
            ("both", Some("debug"), Some(config), LevelFilter::DEBUG),
            ("the cluster alone", None, Some(config), LevelFilter::ERROR),
            (
                "an empty filter",
                Some(""),
                Some(config),
                LevelFilter::ERROR,
            ),
            (
                "nonsense from the cluster",
                None,
                Some("?"),
                LevelFilter::INFO,
            ),
            ("neither", None, None, LevelFilter::INFO),
        ];
        for (name, filter, config, expected) in table {
            assert_eq!(level(filter, config), Some(expected), "{name}");
        }
    }

    #[test]
    fn filters_are_levels_or_pairs() {
        let table = [
            ("a level", "debug", Some(LevelFilter::DEBUG)),
            (
                "pairs",
                "warn,source_adapter=trace",
                Some(LevelFilter::WARN),
            ),
            ("nonsense", "a=b=c", None),
        ];
        for (name, filter, expected) in table {
            assert_eq!(level(Some(filter), None), expected, "{name}");
        }
    }

    #[test]
    fn bad_filter_says_what_to_set() {
        let error = parse("a=loud").unwrap_err();
        insta::assert_snapshot!(error, @"`a=loud` is not a log filter: set --log-filter or RUST_LOG to a level such as `info`, or to `target=level` pairs");
    }
}
