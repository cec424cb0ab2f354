//! The keyed hashes, digests and text forms that the schemes share.
//!
//! Keys are borrowed, derived keys are wiped, and signatures are compared in constant time.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::Output;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Base64 of the HMAC-SHA1 of `message`.
pub(crate) fn hmac_sha1_base64(key: &[u8], message: &str) -> String {
    STANDARD.encode(hmac::<Hmac<Sha1>>(key, message.as_bytes()))
}

/// The HMAC-SHA256 of `message`.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    hmac::<Hmac<Sha256>>(key, message).into()
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn hmac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Output<M> {
    let mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.chain_update(message).finalize().into_bytes()
}

/// Lower-case hexadecimal SHA-256 of `data`.
pub(crate) fn sha256_hex(data: &[u8]) -> String {
    hex(&Sha256::digest(data))
}

/// Base64 of the 16 raw bytes of the MD5 of `data`.
pub(crate) fn md5_base64(data: &[u8]) -> String {
    STANDARD.encode(Md5::digest(data))
}

/// Padded standard base64.
pub(crate) fn base64(data: &[u8]) -> String {
    STANDARD.encode(data)
}

/// The reverse of [`base64()`]; `None` when `text` is not that.
pub(crate) fn base64_decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digit = |nibble: u8| DIGITS[usize::from(nibble & 0xf)];
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}

/// A signature that a stranger presents. Not printed: with its URL it is as good as a key.
#[derive(Clone)]
pub(crate) struct Claim(String);

impl Claim {
    pub(crate) fn new(signature: impl Into<String>) -> Self {
        Self(signature.into())
    }

    /// Whether the claim holds, in time that does not tell how nearly it does.
    pub(crate) fn is(&self, expected: &str) -> bool {
        self.0.as_bytes().ct_eq(expected.as_bytes()).into()
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
