//! Request targets: taking a URI's parameters apart and adding more to it.
//!
//! What is already there stays byte for byte as it is, because some schemes sign it that way.

use http::Uri;
use http::uri::PathAndQuery;

use crate::SignError;
use crate::encode::{self, Pairs};

/// The decoded query parameters of `uri`; `+` means a blank.
pub(crate) fn pairs(uri: &Uri) -> Result<Pairs, SignError> {
    encode::decode_query(uri.query().unwrap_or_default())
}

/// Path and query as they are on the request line.
pub(crate) fn raw(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", PathAndQuery::as_str)
}

/// `uri` without the parameters called one of `names`.
pub(crate) fn without(uri: &Uri, names: &[&str]) -> Result<Uri, SignError> {
    let Some(query) = uri.query() else {
        return Ok(uri.clone());
    };
    let mut kept = Vec::new();
    for parameter in query.split('&') {
        let name = parameter.split('=').next().unwrap_or_default();
        if !names.contains(&encode::decode(name)?.as_str()) {
            kept.push(parameter);
        }
    }
    with_query(uri, &kept.join("&"))
}

/// `uri` with more parameters at the end of its query.
pub(crate) fn with(uri: &Uri, more: &[(&str, &str)]) -> Result<Uri, SignError> {
    let more = encode::query(more.iter().copied());
    match uri.query() {
        None | Some("") => with_query(uri, &more),
        Some(query) => with_query(uri, &format!("{query}&{more}")),
    }
}

fn with_query(uri: &Uri, query: &str) -> Result<Uri, SignError> {
    let path = uri.path();
    let target = if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().map_err(|_| SignError::Target)?);
    Uri::from_parts(parts).map_err(|_| SignError::Target)
}
