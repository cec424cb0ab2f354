//! The two shapes of `Authorization` header that the schemes use.
//!
//! SDKs differ in blanks and in the order of parts, so both parsers take either.

use http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use jiff::Timestamp;
use signing::{headers, time};

use super::{AccessKeyId, PresentedError, Signature};

/// The value of the `Authorization` header; `None` when there is none.
pub(super) fn value(headers: &HeaderMap) -> Result<Option<String>, PresentedError> {
    header(headers, &AUTHORIZATION)
}

/// The value of a header that a signature needs besides `Authorization`.
pub(super) fn header(
    headers: &HeaderMap,
    name: &HeaderName,
) -> Result<Option<String>, PresentedError> {
    let text = headers::text(headers, name);
    let text = text.map_err(|_| PresentedError::Malformed { part: "headers" })?;
    Ok(text.map(Into::into))
}

/// What follows the name of the scheme; `None` when the header is of another scheme.
pub(super) fn after_scheme<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let (name, rest) = value.split_once(' ')?;
    (name == scheme).then_some(rest.trim_start())
}

/// Reads `<access key id>:<signature>`.
pub(super) fn id_and_signature(text: &str) -> Result<(AccessKeyId, Signature), PresentedError> {
    match text.split_once(':') {
        Some((id, signature)) if !id.is_empty() && !signature.is_empty() => {
            Ok((AccessKeyId::new(id), Signature(signature.to_owned())))
        }
        _ => Err(PresentedError::Malformed {
            part: "Authorization",
        }),
    }
}

/// The parts of `Name=value, Name=value`, in any order.
pub(super) struct Parts<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parts<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, PresentedError> {
        let part = |part: &'a str| part.trim().split_once('=');
        let parts: Option<Vec<_>> = text.split(',').map(part).collect();
        parts.map(Self).ok_or(PresentedError::Malformed {
            part: "Authorization",
        })
    }

    pub(super) fn find(&self, name: &str) -> Option<&'a str> {
        let mut parts = self.0.iter();
        parts.find_map(|(key, value)| (*key == name).then_some(*value))
    }

    pub(super) fn require(&self, part: &'static str) -> Result<&'a str, PresentedError> {
        self.find(part).ok_or(PresentedError::Missing { part })
    }
}

/// The names in a list like `host;range`.
pub(super) fn names(list: &str, part: &'static str) -> Result<Vec<HeaderName>, PresentedError> {
    let names = list.split(';').map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(|name| name.parse().map_err(|_| PresentedError::Malformed { part }))
        .collect()
}

/// `<access key id>/<date>/<region>/<product>/aliyun_v4_request`, as the V4 schemes have it.
pub(super) struct Credential<'a> {
    pub(super) access_key_id: AccessKeyId,
    pub(super) region: &'a str,
    date: &'a str,
}

impl<'a> Credential<'a> {
    pub(super) fn parse(text: &'a str, product: &str) -> Result<Self, PresentedError> {
        let parts: Vec<&str> = text.rsplitn(5, '/').collect();
        match parts[..] {
            ["aliyun_v4_request", presented, region, date, id]
                if presented == product && !id.is_empty() =>
            {
                Ok(Self {
                    access_key_id: AccessKeyId::new(id),
                    region,
                    date,
                })
            }
            _ => Err(Self::malformed()),
        }
    }

    /// A request must be of the day that its key was derived for.
    pub(super) fn check_day(&self, time: Timestamp) -> Result<(), PresentedError> {
        let day = time::iso_basic(time);
        match day.split_once('T') {
            Some((day, _)) if day == self.date => Ok(()),
            _ => Err(Self::malformed()),
        }
    }

    /// Reads a date of the form `20240506T070809Z`, which must be of the key's day.
    pub(super) fn date(&self, text: &str) -> Result<Timestamp, PresentedError> {
        let time = time::parse_iso_basic(text).ok_or_else(|| PresentedError::date(text))?;
        self.check_day(time)?;
        Ok(time)
    }

    fn malformed() -> PresentedError {
        PresentedError::Malformed { part: "Credential" }
    }
}
