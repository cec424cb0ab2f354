//! Reads a binary's settings from flags and variables, and tells all mistakes in them at once.
//!
//! clap parses. This module adds what deployments expect of variables: an empty or blank one
//! counts as absent, blanks around a value are ignored, and all bad values are reported
//! together, each by the name of its variable and without the secrets in it.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Id, Parser};
use jiff::SignedDuration;
use thiserror::Error;
use url::Url;

use crate::error_line;
use crate::findings::{self, shown};

/// Why a value is refused: what it must be instead, in words that complete "it must be ...".
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("it must be {0}")]
pub struct Expected(pub String);

/// Reads the settings of this process. As [`Parser::parse`], it ends the process after `--help`,
/// `--version` and mistakes; only `main` should call it.
#[must_use]
pub fn parse<S: Parser>() -> S {
    parse_from(std::env::args_os(), |name| std::env::var_os(name))
        .unwrap_or_else(|error| error.exit())
}

/// Reads settings from `argv`, which begins with the name of the program, and from variables,
/// which `lookup` finds.
///
/// # Errors
/// As [`Parser::try_parse_from`]; missing and bad values are told together, in one line.
pub fn parse_from<S: Parser>(
    argv: impl IntoIterator<Item = impl Into<OsString>>,
    lookup: impl Fn(&OsStr) -> Option<OsString>,
) -> Result<S, clap::Error> {
    let argv: Vec<OsString> = argv.into_iter().map(Into::into).collect();
    let mut known = S::command();
    known.build();
    let mut command = S::command().mut_args(|arg| with_variable(arg, &lookup));
    let mut lines = Vec::new();
    loop {
        let error = match command.clone().try_get_matches_from(&argv) {
            Ok(matches) if lines.is_empty() => return S::from_arg_matches(&matches),
            Ok(_) => break,
            Err(error) => error,
        };
        let mistakes = mistakes(&known, &error);
        if mistakes.is_empty() {
            // Not about a value. Unlike `command`, this names the variables in its help.
            return S::try_parse_from(argv);
        }
        for Mistake { id, line } in mistakes {
            lines.push(line);
            // So that clap goes on to the next mistake.
            command = command.mut_arg(id, |arg| {
                arg.value_parser(ValueParser::os_string()).required(false)
            });
        }
    }
    let line = lines.join("; ");
    Err(clap::Error::raw(ErrorKind::ValueValidation, line + "\n"))
}

/// The argument with the value of its variable as its default. Unlike clap itself, this passes
/// over a blank variable.
fn with_variable(arg: Arg, lookup: impl Fn(&OsStr) -> Option<OsString>) -> Arg {
    let value = arg.get_env().and_then(lookup);
    let arg = arg.env(None::<&str>);
    let value = value.map(|value| match value.to_str() {
        Some(text) => text.trim().into(),
        None => value,
    });
    match value {
        Some(value) if !value.is_empty() => arg.default_value(value).required(false),
        _ => arg,
    }
}

/// A value that is missing or bad, and the line that tells so.
struct Mistake {
    id: Id,
    line: String,
}

/// The mistakes that clap found in values at one go; none if `error` is about something else.
fn mistakes(command: &Command, error: &clap::Error) -> Vec<Mistake> {
    let named = |text: &String| command.get_arguments().find(|arg| arg.to_string() == *text);
    match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::MissingRequiredArgument, Some(ContextValue::Strings(missing))) => missing
            .iter()
            .filter_map(named)
            .map(missing_value)
            .collect(),
        (ErrorKind::ValueValidation | ErrorKind::InvalidValue, Some(ContextValue::String(bad))) => {
            let bad = named(bad).and_then(|arg| bad_value(arg, error));
            bad.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn missing_value(arg: &Arg) -> Mistake {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    Mistake {
        id: arg.get_id().clone(),
        line: format!("`{}` is missing: {help}", name(arg)),
    }
}

fn bad_value(arg: &Arg, error: &clap::Error) -> Option<Mistake> {
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else {
        return None;
    };
    let value = if arg.is_hide_env_values_set() {
        "not valid".to_owned()
    } else {
        shown(value)
    };
    let reason = match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(source), _) => error_line(source),
        (None, Some(ContextValue::Strings(values))) => Expected(one_of(values)).to_string(),
        _ => return None,
    };
    Some(Mistake {
        id: arg.get_id().clone(),
        line: format!("`{}` is {value}: {reason}", name(arg)),
    })
}

/// Operators know a setting by its variable; few settings have none.
fn name(arg: &Arg) -> String {
    let variable = arg.get_env().and_then(OsStr::to_str);
    variable.map_or_else(|| arg.to_string(), str::to_owned)
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
        let (least, most) = (bounds.start(), bounds.end());
        number.ok_or_else(|| Expected(format!("a number from {least} to {most}")))
    }
}

/// A parser of ISO 8601 durations within bounds.
pub fn duration(
    bounds: RangeInclusive<Duration>,
) -> impl Fn(&str) -> Result<Duration, Expected> + Clone + Send + Sync + 'static {
    move |text| {
        let duration = text.parse::<SignedDuration>().ok();
        let duration = duration.and_then(|duration| Duration::try_from(duration).ok());
        let (least, most) = (bounds.start().as_secs(), bounds.end().as_secs());
        duration
            .filter(|duration| bounds.contains(duration))
            .ok_or_else(|| {
                Expected(format!(
                    "an ISO 8601 duration such as `PT90S`, from {least} to {most} seconds"
                ))
            })
    }
}

/// Parses the URL of an endpoint, without user and password, which are never sent to one.
///
/// # Errors
/// Permanent; says what an endpoint looks like.
pub fn endpoint_url(text: &str) -> Result<Url, Expected> {
    findings::http_url(text)
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
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
    enum Colour {
        Red,
        Green,
        Blue,
    }

    #[derive(Debug, Parser)]
    struct Settings {
        /// The folder for results.
        #[arg(long, env = "FOLDER")]
        folder: String,
        #[arg(long, env = "COLOUR", value_enum, default_value = "green")]
        colour: Colour,
        #[arg(long, env = "COUNT", default_value = "16", value_parser = number(1..=1024_u16))]
        count: u16,
        #[arg(long, env = "WAIT", value_parser = duration(Duration::ZERO..=Duration::from_mins(1)))]
        wait: Option<Duration>,
        #[arg(long, env = "ENDPOINT", value_parser = endpoint_url)]
        endpoint: Option<Url>,
        #[arg(long, env = "TOKEN", hide_env_values = true, value_parser = number(1..=9_u8))]
        token: Option<u8>,
        #[arg(long, value_parser = number(1..=9_u8))]
        plain: Option<u8>,
    }

    fn read(flags: &[&str], variables: &[(&str, &str)]) -> Result<Settings, clap::Error> {
        parse_from([&["program"], flags].concat(), |name| {
            let found = variables.iter().find(|(known, _)| name == *known);
            found.map(|(_, value)| value.into())
        })
    }

    #[test]
    fn flags_come_before_variables_and_variables_before_defaults() {
        let settings = read(&["--colour=blue"], &[("FOLDER", "a"), ("COLOUR", "red")]).unwrap();
        assert_eq!(
            (settings.folder.as_str(), settings.colour),
            ("a", Colour::Blue)
        );
        assert_eq!(settings.count, 16);
    }

    #[test]
    fn blank_variables_are_absent_and_blanks_around_values_are_ignored() {
        let blank = [
            ("COLOUR", ""),
            ("COUNT", " "),
            ("WAIT", "\n"),
            ("ENDPOINT", ""),
        ];
        let settings = read(&["--folder=a"], &blank).unwrap();
        assert_eq!((settings.colour, settings.count), (Colour::Green, 16));
        assert!(settings.wait.is_none() && settings.endpoint.is_none());

        let spaced = [
            ("FOLDER", " a "),
            ("COLOUR", "red\n"),
            ("COUNT", " 7"),
            ("WAIT", "PT1.5S "),
        ];
        let settings = read(&[], &spaced).unwrap();
        assert_eq!(
            (settings.folder.as_str(), settings.colour),
            ("a", Colour::Red)
        );
        assert_eq!(settings.count, 7);
        assert_eq!(settings.wait, Some(Duration::from_millis(1500)));
    }

    #[test]
    fn all_mistakes_are_told_in_one_line_without_secrets() {
        let error = read(
            &["--plain=0", "--count=many"],
            &[
                ("FOLDER", " "),
                ("COLOUR", "magenta"),
                ("WAIT", "PT2M"),
                ("ENDPOINT", "http://user:hush@host/"),
                ("TOKEN", "hush"),
            ],
        );
        let text = error.unwrap_err().to_string();
        insta::assert_snapshot!(text.trim_end().replace("; ", "\n"), @r"
        error: `--plain <PLAIN>` is `0`: it must be a number from 1 to 9
        `COUNT` is `many`: it must be a number from 1 to 1024
        `COLOUR` is `magenta`: it must be `red`, `green` or `blue`
        `WAIT` is `PT2M`: it must be an ISO 8601 duration such as `PT90S`, from 0 to 60 seconds
        `ENDPOINT` is not valid: it must be `http(s)://host[:port]`
        `TOKEN` is not valid: it must be a number from 1 to 9
        `FOLDER` is missing: The folder for results
        ");
    }

    #[test]
    fn help_names_variables_and_a_strange_flag_is_clap_s_to_refuse() {
        let help = read(&["--help"], &[("COUNT", "7")]).unwrap_err();
        assert_eq!(help.kind(), ErrorKind::DisplayHelp);
        assert!(help.to_string().contains("[env: COUNT="), "{help}");
        assert!(help.to_string().contains("[default: 16]"), "{help}");
        let strange = read(&["--strange"], &[]).unwrap_err();
        assert_eq!(strange.kind(), ErrorKind::UnknownArgument);
    }

    #[test]
    fn endpoints_are_of_http_and_have_a_host_and_no_user() {
        let table = [
            ("http://host:80/path", true),
            ("https://host", true),
            ("ftp://host/", false),
            ("http:", false),
            ("/path", false),
            ("http://user@host/", false),
        ];
        for (text, expected) in table {
            assert_eq!(endpoint_url(text).is_ok(), expected, "{text}");
        }
    }
}
