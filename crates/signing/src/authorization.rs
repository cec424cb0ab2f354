//! The two shapes of `Authorization` header that the schemes use, as servers read them.
//!
//! SDKs differ in blanks and in the order of parts, so both parsers take either.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName};

use crate::headers;
use crate::mac::Claim;
use crate::{AccessKeyId, PresentedError};

/// The value of the `Authorization` header; `None` when there is none.
pub(crate) fn value(headers: &HeaderMap) -> Result<Option<String>, PresentedError> {
    header(headers, &AUTHORIZATION)
}

/// The value of a header that a signature needs besides `Authorization`.
pub(crate) fn header(
    headers: &HeaderMap,
    name: &HeaderName,
) -> Result<Option<String>, PresentedError> {
    let text = headers::text(headers, name);
    let text = text.map_err(|_| PresentedError::Malformed { part: "headers" })?;
    Ok(text.map(Cow::into_owned))
}

/// What follows the name of the scheme; `None` when the header is of another scheme.
pub(crate) fn after_scheme<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let (name, rest) = value.split_once(' ')?;
    (name == scheme).then_some(rest.trim_start())
}

/// Reads `<access key id>:<signature>`.
pub(crate) fn id_and_signature(text: &str) -> Result<(AccessKeyId, Claim), PresentedError> {
    let malformed = PresentedError::Malformed {
        part: "Authorization",
    };
    let (id, signature) = text.split_once(':').ok_or(malformed.clone())?;
    if id.is_empty() || signature.is_empty() {
        return Err(malformed);
    }
    Ok((AccessKeyId::new(id), Claim::new(signature)))
}

/// The parts of `Name=value, Name=value`, in any order.
pub(crate) struct Parts<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parts<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, PresentedError> {
        let part = |part: &'a str| part.trim().split_once('=');
        let parts: Option<Vec<_>> = text.split(',').map(part).collect();
        parts.map(Self).ok_or(PresentedError::Malformed {
            part: "Authorization",
        })
    }

    pub(crate) fn find(&self, name: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find_map(|(key, value)| (*key == name).then_some(*value))
    }

    pub(crate) fn require(&self, name: &'static str) -> Result<&'a str, PresentedError> {
        self.find(name)
            .ok_or(PresentedError::Missing { part: name })
    }
}
