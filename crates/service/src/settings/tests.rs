//! What deployments write, good and bad.

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
    #[arg(long, env = "LEVEL", value_parser = number(1..=9_u8))]
    level: u8,
    #[arg(long, env = "TEXT", allow_hyphen_values = true)]
    text: Option<String>,
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
    let settings = read(
        &["--colour=blue", "--level=1"],
        &[("FOLDER", "a"), ("COLOUR", "red")],
    )
    .unwrap();
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
    let blank_flags = ["--folder=a", "--level=1", "--count", " ", "--plain="];
    let settings = read(&blank_flags, &blank).unwrap();
    assert_eq!((settings.colour, settings.count), (Colour::Green, 16));
    assert!(settings.wait.is_none() && settings.endpoint.is_none());

    let spaced = [
        ("FOLDER", " a "),
        ("COLOUR", "red\n"),
        ("COUNT", " 7"),
        ("WAIT", "PT1.5S "),
        ("LEVEL", "1"),
        ("TEXT", "-a "),
    ];
    let settings = read(&[], &spaced).unwrap();
    assert_eq!(settings.text.as_deref(), Some("-a "), "taken as it is");
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
    error: `FOLDER` is missing: The folder for results
    `COLOUR` is `magenta`: it must be `red`, `green` or `blue`
    `COUNT` is `many`: it must be a number from 1 to 1024
    `WAIT` is `PT2M`: it must be an ISO 8601 duration such as `PT90S`, from 0 to 60 seconds
    `ENDPOINT` is not valid: it must be `http(s)://host[:port]`
    `TOKEN` is not valid: it must be a number from 1 to 9
    `LEVEL` is missing: set it to a number from 1 to 9
    `--plain <PLAIN>` is `0`: it must be a number from 1 to 9
    ");
}

#[test]
fn help_names_variables_and_clap_refuses_a_strange_flag() {
    for (flag, kind) in [
        ("--help", ErrorKind::DisplayHelp),
        ("--strange", ErrorKind::UnknownArgument),
    ] {
        let error = read(&[flag], &[("COUNT", "7")]).unwrap_err();
        assert_eq!(error.kind(), kind);
        let text = error.to_string();
        let is_help = text.contains("[env: COUNT=") && text.contains("[default: 16]");
        assert_eq!(is_help, flag == "--help", "{text}");
    }
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

#[test]
fn bad_values_are_shown_short_and_without_secrets() {
    let long = "x".repeat(100);
    let table = [
        ("long", long.as_str(), format!("`{}`", "x".repeat(80))),
        ("control characters", "a\nb", "`a?b`".to_owned()),
        ("a password", "http://u:p@h/", "not valid".to_owned()),
        ("a secret query", "ftp://h/?key=s", "not valid".to_owned()),
    ];
    for (name, text, expected) in table {
        assert_eq!(shown(text), expected, "{name}");
    }
}
