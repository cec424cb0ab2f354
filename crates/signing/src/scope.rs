//! The credential scope and derived key that OSS V4 and MNS V4 share.
//!
//! The key is bound to one day, region and product, so that a leaked one is of little use.

use std::fmt;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::AccessKeySecret;
use crate::mac::{hex, hmac_sha256};
use crate::time::scope_date;

const KEY_PREFIX: &[u8] = b"aliyun_v4";
const TERMINATOR: &str = "aliyun_v4_request";

/// `<date>/<region>/<product>/aliyun_v4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    date: String,
    region: String,
    product: &'static str,
}

impl Scope {
    pub(crate) fn new(time: Timestamp, region: &str, product: &'static str) -> Self {
        Self {
            date: scope_date(time),
            region: region.to_owned(),
            product,
        }
    }

    /// Hexadecimal signature of `string_to_sign` under the key of this scope.
    pub(crate) fn signature(&self, string_to_sign: &str, secret: &AccessKeySecret) -> String {
        hex(&hmac_sha256(&*self.key(secret), string_to_sign.as_bytes()))
    }

    fn key(&self, secret: &AccessKeySecret) -> Zeroizing<[u8; 32]> {
        let secret = secret.expose();
        // Sized up front: growing would leave a copy of the secret behind.
        let mut seed = Zeroizing::new(Vec::with_capacity(KEY_PREFIX.len() + secret.len()));
        seed.extend_from_slice(KEY_PREFIX);
        seed.extend_from_slice(secret);
        let start = Zeroizing::new(hmac_sha256(&seed, self.date.as_bytes()));
        [self.region.as_str(), self.product, TERMINATOR]
            .iter()
            .fold(start, |key, part| {
                Zeroizing::new(hmac_sha256(&*key, part.as_bytes()))
            })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}/{}/{TERMINATOR}",
            self.date, self.region, self.product
        )
    }
}
