//! Reading headers as text to be signed, and adding headers to a request.
//!
//! Values count as UTF-8: that is what is on the wire when an SDK sends a non-ASCII value, and
//! anything else is refused rather than guessed at.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::SignError;

/// Canonical headers: trimmed values by lower-case name, in the order of the names.
pub(crate) type Canonical<'a> = BTreeMap<&'a str, Cow<'a, str>>;

/// The trimmed value of a header, as it is signed; several values are joined by commas.
///
/// # Errors
/// [`SignError::HeaderNotText`] when a value is not UTF-8.
pub fn text<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<Cow<'a, str>>, SignError> {
    let mut values = headers.get_all(name).iter().map(|value| {
        let text = str::from_utf8(value.as_bytes());
        text.map(str::trim)
            .map_err(|_| SignError::HeaderNotText { name: name.clone() })
    });
    let Some(first) = values.next() else {
        return Ok(None);
    };
    values
        .try_fold(Cow::Borrowed(first?), |joined, next| {
            Ok(Cow::Owned(format!("{joined},{}", next?)))
        })
        .map(Some)
}

/// The trimmed value of a header, or the empty text.
pub(crate) fn text_or_empty<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Cow<'a, str>, SignError> {
    Ok(text(headers, name)?.unwrap_or_default())
}

/// The headers that `include` chooses, in canonical form.
pub(crate) fn canonical(
    headers: &HeaderMap,
    include: impl Fn(&str) -> bool,
) -> Result<Canonical<'_>, SignError> {
    let chosen = headers.keys().filter(|name| include(name.as_str()));
    chosen
        .map(|name| Ok((name.as_str(), text_or_empty(headers, name)?)))
        .collect()
}

/// `name:value` lines, each ended by a line feed.
pub(crate) fn lines(canonical: &Canonical<'_>) -> String {
    canonical
        .iter()
        .fold(String::new(), |mut lines, (name, value)| {
            let _ = writeln!(lines, "{name}:{value}");
            lines
        })
}

/// Replaces a header.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) -> Result<(), SignError> {
    let value = value(&name, text)?;
    headers.insert(name, value);
    Ok(())
}

/// Replaces a header whose value must not be shown; removes it when there is no value.
pub(crate) fn set_sensitive(
    headers: &mut HeaderMap,
    name: HeaderName,
    text: Option<&str>,
) -> Result<(), SignError> {
    let Some(text) = text else {
        headers.remove(name);
        return Ok(());
    };
    let mut value = value(&name, text)?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

/// Replaces the `Authorization` header.
pub(crate) fn set_authorization(headers: &mut HeaderMap, text: &str) -> Result<(), SignError> {
    set_sensitive(headers, AUTHORIZATION, Some(text))
}

fn value(name: &HeaderName, text: &str) -> Result<HeaderValue, SignError> {
    HeaderValue::from_str(text).map_err(|_| SignError::NotAHeaderValue { name: name.clone() })
}
