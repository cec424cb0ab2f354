//! A cluster's issuer of service account tokens, with a key of its own.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

const KEY_ID: &str = "testbed";

/// Issues tokens as an API server does (ES256).
#[derive(Debug)]
pub struct TokenIssuer {
    url: String,
    key: EcdsaKeyPair,
}

impl TokenIssuer {
    /// What STS is called in tokens.
    pub const AUDIENCE: &str = "sts.aliyuncs.com";

    /// An issuer of this URL, which nobody asks, with a new key.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new(url: &str) -> Result<Self> {
        let (rule, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(rule, &random)
            .map_err(|_| anyhow!("no key could be made"))?;
        let key = EcdsaKeyPair::from_pkcs8(rule, key.as_ref(), &random);
        Ok(Self {
            url: url.to_owned(),
            key: key.map_err(|error| anyhow!("the new key is of no use: {error}"))?,
        })
    }

    /// What tokens name as their issuer.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The public key, as issuers publish it.
    #[must_use]
    pub fn jwks(&self) -> Value {
        // An uncompressed point: one byte of form, then both coordinates.
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID,
            "x": BASE64.encode(x), "y": BASE64.encode(y),
        }]})
    }

    /// A token of a ServiceAccount for STS, good for an hour.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn token(&self, namespace: &str, account: &str) -> Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": KEY_ID});
        let claims = json!({
            "iss": self.url,
            "sub": format!("system:serviceaccount:{namespace}:{account}"),
            "aud": [Self::AUDIENCE],
            "iat": now.as_secs(),
            "exp": (now + Duration::from_hours(1)).as_secs(),
        });
        let part = |value: &Value| BASE64.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|_| anyhow!("nothing random to sign with"));
        let signature = signature.context("cannot sign a token")?;
        Ok(format!("{signed}.{}", BASE64.encode(signature)))
    }
}
