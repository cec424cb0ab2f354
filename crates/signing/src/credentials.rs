//! Key pairs as values that cannot be printed by accident.
//!
//! Secrets are wiped when dropped and have no way out but the HMAC of this crate and the header
//! or parameter that carries the token. Nothing here looks credentials up: sources pass the
//! text they found to [`Credentials::from_vars`] or [`Credentials::from_json`].

mod live;
mod read;

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::ZeroizeOnDrop;

pub use live::LiveCredentials;
pub use read::{CredentialsError, SecretDocument};

/// The public half of a key pair. Not a secret, but shortened in debug output all the same.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKeyId(String);

impl AccessKeyId {
    /// Takes the id as issued.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as issued.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start: String = self.0.chars().take(4).collect();
        write!(f, "AccessKeyId({start}***)")
    }
}

/// The secret half of a key pair: wiped on drop, never printed, never serialized.
#[derive(Clone, ZeroizeOnDrop)]
pub struct AccessKeySecret(String);

impl AccessKeySecret {
    /// Takes ownership of the secret; the caller should keep no copy.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The bytes that key an HMAC. Nothing else may ask for them.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for AccessKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessKeySecret(***)")
    }
}

/// Compares in constant time.
impl PartialEq for AccessKeySecret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for AccessKeySecret {}

/// The token that goes with a temporary key pair: wiped on drop, never printed.
#[derive(Clone, ZeroizeOnDrop)]
pub struct SecurityToken(String);

impl SecurityToken {
    /// Takes ownership of the token.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// The text for the header or parameter that carries the token to the service.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecurityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecurityToken(***)")
    }
}

/// Compares in constant time.
impl PartialEq for SecurityToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecurityToken {}

/// A key pair, permanent or, with a [`SecurityToken`], temporary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key_id: AccessKeyId,
    access_key_secret: AccessKeySecret,
    security_token: Option<SecurityToken>,
}

impl Credentials {
    /// A permanent key pair.
    pub fn new(access_key_id: impl Into<String>, access_key_secret: impl Into<String>) -> Self {
        Self {
            access_key_id: AccessKeyId::new(access_key_id),
            access_key_secret: AccessKeySecret::new(access_key_secret),
            security_token: None,
        }
    }

    /// The same pair, with the token that makes it valid.
    #[must_use]
    pub fn with_security_token(mut self, token: impl Into<String>) -> Self {
        self.security_token = Some(SecurityToken::new(token));
        self
    }

    /// The public half.
    #[must_use]
    pub fn access_key_id(&self) -> &AccessKeyId {
        &self.access_key_id
    }

    /// The secret half.
    #[must_use]
    pub fn access_key_secret(&self) -> &AccessKeySecret {
        &self.access_key_secret
    }

    /// The token of a temporary pair.
    #[must_use]
    pub fn security_token(&self) -> Option<&SecurityToken> {
        self.security_token.as_ref()
    }
}
