//! Percent-encoding as the signatures need it, shared with those who build and read requests.
//!
//! What is signed and what is sent must be encoded by the same rule, so clients build paths,
//! queries and forms with these functions. Blanks are always written `%20`, never `+`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::SignError;

/// Everything but the unreserved characters of RFC 3986.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const PATH: &AsciiSet = &COMPONENT.remove(b'/');

/// Decoded parameters, in the order of the request. A name without `=` has an empty value.
pub type Pairs = Vec<(String, String)>;

/// Percent-encodes all but `A-Z a-z 0-9 - _ . ~`: for names and values of parameters.
#[must_use]
pub fn component(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// Like [`component`], but keeps `/`: for object keys and other paths.
#[must_use]
pub fn path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// Joins parameters to a query or form body: `name=value&name=value`, in the order given.
#[must_use]
pub fn query<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> String {
    let encoded = pairs
        .into_iter()
        .map(|(name, value)| format!("{}={}", component(name.as_ref()), component(value.as_ref())));
    encoded.collect::<Vec<_>>().join("&")
}

/// Percent-decodes a path or a component in which `+` stands for itself.
///
/// # Errors
/// [`SignError::NotText`] when the result is not UTF-8.
pub fn decode(text: &str) -> Result<String, SignError> {
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| SignError::NotText)?;
    Ok(decoded.into_owned())
}

/// Splits a query or form body into decoded parameters; `+` means a blank.
///
/// # Errors
/// [`SignError::NotText`] when a name or value is not UTF-8.
pub fn decode_query(query: &str) -> Result<Pairs, SignError> {
    split(query)
        .map(|(name, value)| Ok((decode_form(name)?, decode_form(value)?)))
        .collect()
}

/// Like [`decode_query`], for services in whose queries `+` stands for itself.
///
/// # Errors
/// [`SignError::NotText`] when a name or value is not UTF-8.
pub fn decode_query_keeping_plus(query: &str) -> Result<Pairs, SignError> {
    split(query)
        .map(|(name, value)| Ok((decode(name)?, decode(value)?)))
        .collect()
}

fn split(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    parameters.map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
}

fn decode_form(text: &str) -> Result<String, SignError> {
    decode(&text.replace('+', " "))
}

/// Sorted `name=value` parameters joined by `&`, each part percent-encoded.
pub(crate) fn canonical_query<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    empty: EmptyValue,
) -> String {
    let encode = |(name, value)| (component(name), component(value));
    let mut encoded: Vec<_> = pairs.into_iter().map(encode).collect();
    encoded.sort_unstable();
    let joined = encoded.into_iter().map(|(name, value)| match empty {
        EmptyValue::DropsEquals if value.is_empty() => name,
        _ => format!("{name}={value}"),
    });
    joined.collect::<Vec<_>>().join("&")
}

/// How a scheme writes a parameter that has no value.
#[derive(Clone, Copy)]
pub(crate) enum EmptyValue {
    /// `name=`
    KeepsEquals,
    /// `name`
    DropsEquals,
}

/// Borrows decoded parameters the way [`canonical_query`] wants them.
pub(crate) fn borrowed(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
}
