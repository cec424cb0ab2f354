//! Parses values, each by the rules of the program that uses it in the end.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use url::Url;

use super::{Addressing, Backend};

/// How much of an invalid value is shown.
const SHOWN_CHARS: usize = 80;

/// The value in backticks; hidden if it may be a URL with a password.
pub(super) fn shown(text: &str) -> String {
    if text.contains('@') {
        return "not valid".to_owned();
    }
    let head: String = text.chars().take(SHOWN_CHARS).collect();
    format!("`{}`", head.escape_debug())
}

fn keep(text: &str, is_right: bool) -> Option<String> {
    is_right.then(|| text.to_owned())
}

fn is_alphanumeric_or(text: &str, more: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || more.as_bytes().contains(&byte))
}

/// Lower-case letters, digits and `-`, with a letter or digit at both ends.
fn is_label(text: &str) -> bool {
    let is_end = |end: Option<u8>| end.is_some_and(|byte| byte != b'-');
    is_alphanumeric_or(text, "-")
        && !text.bytes().any(|byte| byte.is_ascii_uppercase())
        && is_end(text.bytes().next())
        && is_end(text.bytes().last())
}

/// A reference to an image, with a tag or a digest.
pub(super) fn image(text: &str) -> Option<String> {
    let starts_right = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    let ends_right = text.ends_with(|last: char| last.is_ascii_alphanumeric());
    keep(
        text,
        text.len() <= 512 && starts_right && ends_right && is_alphanumeric_or(text, "._-/:@"),
    )
}

pub(super) fn namespace(text: &str) -> Option<String> {
    keep(text, text.len() <= 63 && is_label(text))
}

/// Namespaces, each once, in the order of their names.
pub(super) fn namespaces(text: &str) -> Option<Vec<String>> {
    list(text, namespace)
}

/// Ports, each once, in order.
pub(super) fn ports(text: &str) -> Option<Vec<u16>> {
    list(text, |text| number(text, 1..=u16::MAX))
}

/// Values that are separated by commas.
fn list<T: Ord>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let values: Option<BTreeSet<T>> = text.split(',').map(|part| parse(part.trim())).collect();
    values.map(|values| values.into_iter().collect())
}

pub(super) fn number<T: FromStr + PartialOrd>(text: &str, range: RangeInclusive<T>) -> Option<T> {
    text.parse().ok().filter(|number| range.contains(number))
}

/// A number from 0 to 1, as it is written.
pub(super) fn part(text: &str) -> Option<String> {
    keep(text, number(text, 0.0..=1.0).is_some())
}

pub(super) fn line(text: &str) -> Option<String> {
    keep(text, !text.chars().any(char::is_control))
}

/// Addresses or networks, with commas between them.
pub(super) fn networks(text: &str) -> Option<String> {
    let is_network = |part: &str| {
        let (address, length) = part.split_once('/').unwrap_or((part, "0"));
        let max_prefix = match address.parse() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        number(length, 0..=max_prefix).is_some()
    };
    keep(text, text.split(',').map(str::trim).all(is_network))
}

pub(super) fn topic(text: &str) -> Option<String> {
    keep(
        text,
        (1..=120).contains(&text.len()) && is_alphanumeric_or(text, "-") && !text.starts_with('-'),
    )
}

pub(super) fn account_id(text: &str) -> Option<String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    keep(text, is_number && (1..=32).contains(&text.len()))
}

pub(super) fn bucket(text: &str) -> Option<String> {
    keep(text, (3..=63).contains(&text.len()) && is_label(text))
}

pub(super) fn region(text: &str) -> Option<String> {
    keep(text, text.len() <= 63 && is_label(text))
}

pub(super) fn url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    let ends_with_path = url.query().is_none() && url.fragment().is_none();
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    keep(text, is_http && is_plain && ends_with_path)
}

/// Addresses of pages, each once, as browsers write them.
pub(super) fn origins(text: &str) -> Option<Vec<String>> {
    list(text, |text| {
        let origin = Url::parse(&url(text)?).ok()?.origin().ascii_serialization();
        keep(&origin, origin == text)
    })
}

/// Path segments that mean what they say; no `/` at either end.
pub(super) fn path(text: &str) -> Option<String> {
    let is_right = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && !segment
                .chars()
                .any(|char| char.is_control() || char == '\\')
    };
    let text = text.trim_matches('/');
    keep(text, text.len() <= 900 && text.split('/').all(is_right))
}

pub(super) fn addressing(text: &str) -> Option<Addressing> {
    match text {
        "virtual" => Some(Addressing::Virtual),
        "path" => Some(Addressing::Path),
        "cname" => Some(Addressing::Cname),
        _ => None,
    }
}

/// One of these words.
pub(super) fn word(text: &str, words: &[&str]) -> Option<String> {
    keep(text, words.contains(&text))
}

pub(super) fn provider(text: &str) -> Option<String> {
    keep(text, text.len() <= 128 && is_alphanumeric_or(text, "-._"))
}

pub(super) fn imm_project(text: &str) -> Option<String> {
    keep(text, text.len() <= 128 && is_alphanumeric_or(text, "-_"))
}

pub(super) fn backend(text: &str) -> Option<Backend> {
    match text {
        "dataplus" => Some(Backend::Dataplus),
        "facebody" => Some(Backend::Facebody),
        "imm" => Some(Backend::Imm),
        "local" => Some(Backend::Local),
        _ => None,
    }
}

impl Addressing {
    /// As the face service accepts it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Virtual => "virtual",
            Self::Path => "path",
            Self::Cname => "cname",
        }
    }
}

impl Backend {
    /// As the face service accepts it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dataplus => "dataplus",
            Self::Facebody => "facebody",
            Self::Imm => "imm",
            Self::Local => "local",
        }
    }
}
