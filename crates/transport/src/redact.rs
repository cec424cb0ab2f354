//! Showing a URL without the parts that would let a reader use it.
//!
//! Masks the values of query parameters that carry a signature, a key id or a token, and any
//! password. It keeps the rest, because a log line without the object's name is of no help. It
//! does not judge whether a URL may be shown at all.

use std::fmt;

use url::{Position, Url, form_urlencoded};

/// Query parameters of the presigning and RPC schemes whose values are secret, in lower case.
const SECRET_PARAMETERS: [&str; 8] = [
    "accesskeyid",
    "ossaccesskeyid",
    "security-token",
    "securitytoken",
    "signature",
    "x-oss-credential",
    "x-oss-security-token",
    "x-oss-signature",
];

/// A URL that can be printed; made by [`redact`].
#[derive(Clone, Copy)]
pub struct RedactedUrl<'a>(&'a Url);

/// Wraps a URL for printing with its secret parts masked.
#[must_use]
pub fn redact(url: &Url) -> RedactedUrl<'_> {
    RedactedUrl(url)
}

impl fmt::Display for RedactedUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.0;
        if url.password().is_some() || !url.username().is_empty() {
            write!(
                f,
                "{}://***@{}",
                url.scheme(),
                &url[Position::BeforeHost..Position::AfterPath]
            )?;
        } else {
            f.write_str(&url[..Position::AfterPath])?;
        }
        let Some(query) = url.query() else {
            return Ok(());
        };
        for (index, parameter) in query.split('&').enumerate() {
            f.write_str(if index == 0 { "?" } else { "&" })?;
            match parameter.split_once('=') {
                Some((name, _)) if is_secret(name) => write!(f, "{name}=***")?,
                _ => f.write_str(parameter)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for RedactedUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedactedUrl({self})")
    }
}

/// Compares the decoded name, so that an escape in it does not lift the mask.
fn is_secret(name: &str) -> bool {
    form_urlencoded::parse(name.as_bytes()).any(|(name, _)| {
        SECRET_PARAMETERS
            .iter()
            .any(|secret| name.eq_ignore_ascii_case(secret))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_secret_parts_are_masked() {
        let cases = [
            (
                "nothing to hide",
                "https://b.example/a%20b.jpg?x=1",
                "https://b.example/a%20b.jpg?x=1",
            ),
            ("no query", "https://b.example/a", "https://b.example/a"),
            (
                "OSS V1",
                "https://b.example/a?OSSAccessKeyId=AK&Expires=17&Signature=s%3D&security-token=t",
                "https://b.example/a?OSSAccessKeyId=***&Expires=17&Signature=***&security-token=***",
            ),
            (
                "OSS V4",
                "https://b.example/a?x-oss-signature=s&x-oss-credential=AK/d&x-oss-date=d&x-oss-security-token=t",
                "https://b.example/a?x-oss-signature=***&x-oss-credential=***&x-oss-date=d&x-oss-security-token=***",
            ),
            (
                "RPC",
                "https://f.example/?AccessKeyId=AK&SecurityToken=t&Action=X",
                "https://f.example/?AccessKeyId=***&SecurityToken=***&Action=X",
            ),
            (
                "case",
                "https://b.example/a?SIGNATURE=s",
                "https://b.example/a?SIGNATURE=***",
            ),
            (
                "escaped name",
                "https://b.example/a?%53ignature=s",
                "https://b.example/a?%53ignature=***",
            ),
            (
                "port and password",
                "http://u:p@b.example:81/a",
                "http://***@b.example:81/a",
            ),
            (
                "fragment",
                "http://b.example/a#Signature=s",
                "http://b.example/a",
            ),
        ];
        for (name, url, expected) in cases {
            let url = Url::parse(url).unwrap();
            assert_eq!(redact(&url).to_string(), expected, "{name}");
            assert_eq!(
                format!("{:?}", redact(&url)),
                format!("RedactedUrl({expected})"),
                "{name}"
            );
        }
    }
}
