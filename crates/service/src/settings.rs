//! Reads a binary's settings from flags and variables, and reports all mistakes in them at once.
//!
//! clap parses and knows the defaults. This module adds what deployments expect: an empty or
//! blank value counts as absent, blanks around a value are ignored, and all missing and bad values
//! are reported together, each by the name of its variable and without the secrets in it.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Parser};
use jiff::SignedDuration;
use thiserror::Error;
use url::Url;

use crate::error_line;

/// How much of a bad value is repeated.
const SHOWN_CHARS: usize = 80;

/// Settings that do not go together, or that nothing can be done with. Permanent.
#[derive(Debug, Error)]
#[error("{}", .0.join("; "))]
pub struct ConfigError(pub Vec<String>);

/// Why a value is refused: what it must be instead, in words that complete "it must be ...".
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("it must be {0}")]
pub struct Expected(pub String);

/// Reads the settings of this process. As [`Parser::parse`], it ends the process after `--help`,
/// `--version` and mistakes; only `main` should call it.
#[must_use]
#[expect(
    clippy::exit,
    reason = "`main` calls this first, in place of `Parser::parse`"
)]
pub fn parse<S: Parser>() -> S {
    let settings = parse_from(std::env::args_os(), |name| std::env::var_os(name));
    settings.unwrap_or_else(|error: clap::Error| {
        if error.kind() != ErrorKind::ValueValidation {
            error.exit();
        }
        let _ = error.print();
        // As after every other start that fails; clap's own code is 2.
        std::process::exit(1)
    })
}

/// Reads settings from `argv`, which begins with the name of the program, and from variables,
/// which `lookup` finds.
///
/// # Errors
/// As [`Parser::try_parse_from`]; missing and bad values are reported together, in one line, as a
/// [`ErrorKind::ValueValidation`].
pub fn parse_from<S: Parser>(
    argv: impl IntoIterator<Item = impl Into<OsString>>,
    lookup: impl Fn(&OsStr) -> Option<OsString>,
) -> Result<S, clap::Error> {
    let argv = without_blanks(argv.into_iter().map(Into::into));
    let mut known = S::command();
    known.build();
    let mut command = S::command().mut_args(|arg| with_variable(arg, &lookup));
    let mut mistakes: Vec<(usize, String)> = Vec::new();
    loop {
        let error = match command.clone().try_get_matches_from(&argv) {
            Ok(matches) if mistakes.is_empty() => return S::from_arg_matches(&matches),
            Ok(_) => break,
            Err(error) => error,
        };
        let found = found(&known, &error);
        if found.is_empty() {
            // Not about a value. Unlike `command`, this names the variables in its help.
            return Err(S::try_parse_from(&argv).err().unwrap_or(error));
        }
        for (position, arg, line) in found {
            mistakes.push((position, line));
            // So that clap goes on to the next mistake.
            command = command.mut_arg(arg.get_id(), |arg| {
                arg.value_parser(ValueParser::os_string()).required(false)
            });
        }
    }
    mistakes.sort();
    let lines: Vec<String> = mistakes.into_iter().map(|(_, line)| line).collect();
    let line = lines.join("; ") + "\n";
    Err(clap::Error::raw(ErrorKind::ValueValidation, line))
}

/// Leaves out flags whose value is blank.
fn without_blanks(argv: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut argv = argv.peekable();
    let mut kept = Vec::new();
    while let Some(arg) = argv.next() {
        let flag = arg.to_str().filter(|arg| arg.starts_with("--"));
        match flag.map(|flag| flag.split_once('=')) {
            Some(Some((_, value))) if value.trim().is_empty() => {}
            Some(None) if argv.next_if(|value| is_blank(value)).is_some() => {}
            _ => kept.push(arg),
        }
    }
    kept
}

fn is_blank(value: &OsStr) -> bool {
    value.to_str().is_some_and(|text| text.trim().is_empty())
}

/// The argument with the value of its variable as its default. Unlike clap itself, this passes
/// over a blank variable. An argument that takes any text, even with a leading hyphen, is not trimmed.
fn with_variable(arg: Arg, lookup: impl Fn(&OsStr) -> Option<OsString>) -> Arg {
    let value = arg.get_env().and_then(lookup);
    let arg = arg.env(None::<&str>);
    let Some(value) = value.filter(|value| !is_blank(value)) else {
        return arg;
    };
    let value = match value.to_str() {
        Some(text) if !arg.is_allow_hyphen_values_set() => text.trim().into(),
        _ => value,
    };
    arg.default_value(value).required(false)
}

/// The mistakes in values that clap found at one go, each with its argument and the argument's
/// position; none if `error` is about something else.
fn found<'a>(command: &'a Command, error: &clap::Error) -> Vec<(usize, &'a Arg, String)> {
    let names = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::MissingRequiredArgument, Some(ContextValue::Strings(names))) => names.clone(),
        (
            ErrorKind::ValueValidation | ErrorKind::InvalidValue,
            Some(ContextValue::String(name)),
        ) => vec![name.clone()],
        _ => return Vec::new(),
    };
    let arguments = command.get_arguments().enumerate();
    arguments
        .filter(|(_, arg)| names.contains(&arg.to_string()))
        .map(|(position, arg)| (position, arg, line(arg, error)))
        .collect()
}

/// What to say about a missing or bad value.
fn line(arg: &Arg, error: &clap::Error) -> String {
    let variable = arg.get_env().and_then(OsStr::to_str);
    // Operators know a setting by its variable; few settings have none.
    let name = variable.map_or_else(|| arg.to_string(), str::to_owned);
    match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(_)) if arg.is_hide_env_values_set() => {
            format!("`{name}` is not valid: {}", reason(error))
        }
        Some(ContextValue::String(value)) => {
            format!("`{name}` is {}: {}", shown(value), reason(error))
        }
        _ => match (expected(arg), arg.get_help()) {
            (Some(expected), _) => format!("`{name}` is missing: set it to {expected}"),
            (None, help) => format!("`{name}` is missing: {}", help.cloned().unwrap_or_default()),
        },
    }
}

/// The value in backticks; not at all if it may be a URL with a password or a secret query.
fn shown(text: &str) -> String {
    if text.contains('@') || (text.contains("//") && text.contains('?')) {
        return "not valid".to_owned();
    }
    let head = text.chars().take(SHOWN_CHARS);
    let printable: String = head.map(|c| if c.is_control() { '?' } else { c }).collect();
    format!("`{printable}`")
}

/// Why clap refused a value.
fn reason(error: &clap::Error) -> String {
    match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(source), _) => error_line(source),
        (None, Some(ContextValue::Strings(values))) => Expected(one_of(values)).to_string(),
        _ => "it cannot be used".to_owned(),
    }
}

/// What a value must be, as its parser says of an empty one.
fn expected(arg: &Arg) -> Option<String> {
    let probe = arg.clone().required(false).default_value("");
    let refusal = Command::new("probe").arg(probe).try_get_matches_from([""]);
    let refusal = refusal.err()?;
    let Expected(expected) = refusal.source()?.downcast_ref()?;
    Some(expected.clone())
}

fn one_of(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// A parser of numbers within bounds.
pub fn number<N>(
    bounds: RangeInclusive<N>,
) -> impl Fn(&str) -> Result<N, Expected> + Clone + Send + Sync + 'static
where
    N: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        let (min, max) = (bounds.start(), bounds.end());
        number.ok_or_else(|| Expected(format!("a number from {min} to {max}")))
    }
}

/// Parses an ISO 8601 duration of any length.
///
/// # Errors
/// Permanent; says what a duration looks like.
pub fn any_duration(text: &str) -> Result<Duration, Expected> {
    let duration = text.parse::<SignedDuration>().ok();
    let duration = duration.and_then(|duration| Duration::try_from(duration).ok());
    duration.ok_or_else(|| Expected("an ISO 8601 duration such as `PT1.5S`".to_owned()))
}

/// A parser of ISO 8601 durations within bounds.
pub fn duration(
    bounds: RangeInclusive<Duration>,
) -> impl Fn(&str) -> Result<Duration, Expected> + Clone + Send + Sync + 'static {
    move |text| {
        let (min, max) = (bounds.start().as_secs(), bounds.end().as_secs());
        any_duration(text)
            .ok()
            .filter(|duration| bounds.contains(duration))
            .ok_or_else(|| {
                Expected(format!(
                    "an ISO 8601 duration such as `PT90S`, from {min} to {max} seconds"
                ))
            })
    }
}

/// An absolute URL that a request can be sent to.
#[must_use]
pub fn http_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// Parses the URL of an endpoint, without user and password, which are never sent to one.
///
/// # Errors
/// Permanent; says what an endpoint looks like.
pub fn endpoint_url(text: &str) -> Result<Url, Expected> {
    http_url(text)
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .ok_or_else(|| Expected("`http(s)://host[:port]`".to_owned()))
}

/// Parses an address to listen on.
///
/// # Errors
/// Permanent; says what an address looks like.
pub fn listen_address(text: &str) -> Result<SocketAddr, Expected> {
    text.parse()
        .map_err(|_| Expected("an address such as `0.0.0.0:8080`".to_owned()))
}

#[cfg(test)]
mod tests;
