//! The signature of the old face API, called Dataplus. It has no place for a security token.

use http::header::DATE;
use http::request::Parts;
use jiff::Timestamp;
use signing::{AccessKeyId, AccessKeySecret, dataplus, time};

use super::{PresentedError, Signature, authorization};

/// A Dataplus signature that a request presents.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The key that is said to have signed.
    pub access_key_id: AccessKeyId,
    /// The date of the request.
    pub signed_at: Timestamp,
    signature: Signature,
}

impl Presented {
    /// Reads `Authorization` and `Date`; `None` without `Authorization`.
    ///
    /// # Errors
    /// [`PresentedError`] says which part is missing or malformed.
    pub fn from_request(parts: &Parts) -> Result<Option<Self>, PresentedError> {
        let Some(value) = authorization::value(&parts.headers)? else {
            return Ok(None);
        };
        let rest = authorization::after_scheme(&value, "Dataplus");
        let (access_key_id, signature) =
            authorization::id_and_signature(rest.ok_or(PresentedError::UnknownScheme)?)?;
        let date = authorization::header(&parts.headers, &DATE)?;
        let date = date.ok_or(PresentedError::MissingDate)?;
        let signed_at = time::parse_http_date(&date).or_else(|| go_time(&date));
        Ok(Some(Self {
            access_key_id,
            signed_at: signed_at.ok_or_else(|| PresentedError::date(&date))?,
            signature,
        }))
    }

    /// Whether the presented signature is that of `string_to_sign`; takes constant time.
    #[must_use]
    pub fn matches(&self, string_to_sign: &str, secret: &AccessKeySecret) -> bool {
        let expected = dataplus::signature(string_to_sign, secret);
        self.signature.is(&expected)
    }
}

/// Reads `2024-05-06 07:08:09.123 +0000 UTC`, the text of a time in Go, which the first version
/// of the program sent.
///
/// The zone's name and a monotonic reading after it are ignored: the offset says it all.
fn go_time(text: &str) -> Option<Timestamp> {
    let mut words = text.split(' ');
    let (date, time, offset) = (words.next()?, words.next()?, words.next()?);
    Timestamp::strptime("%Y-%m-%d %H:%M:%S%.f %z", format!("{date} {time} {offset}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_go_are_read() {
        let half = Timestamp::from_millisecond(1_714_979_289_500).ok();
        let whole = Timestamp::from_second(1_714_979_289).ok();
        let table = [
            ("2024-05-06 07:08:09 +0000 UTC", whole),
            ("2024-05-06 07:08:09.5 +0000 UTC", half),
            ("2024-05-06 15:08:09.5 +0800 CST m=+0.1", half),
            ("2024-05-06 07:08:09", None),
        ];
        for (text, expected) in table {
            assert_eq!(go_time(text), expected, "{text}");
        }
    }
}
