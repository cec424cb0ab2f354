//! Identity tokens (RFC 7519): read, checked with the keys that an issuer publishes (RFC 7517).
//!
//! The algorithms are those that Kubernetes signs with: RS256 and ES256, by way of `ring`, which
//! the TLS stack brings along. Refusals are worded as STS words them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use thiserror::Error;

/// The public keys of an issuer.
#[derive(Debug, Clone, Deserialize)]
pub struct Jwks {
    keys: Vec<Jwk>,
}

/// One public key. Keys of kinds that are not known here fit no token.
#[derive(Debug, Clone, Deserialize)]
struct Jwk {
    kid: Option<String>,
    #[serde(flatten)]
    key: Key,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kty")]
enum Key {
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    #[serde(rename = "EC")]
    Ec { crv: String, x: String, y: String },
    #[serde(other)]
    Other,
}

/// What a token claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who issued it.
    pub issuer: String,
    /// Whom it is about.
    pub subject: String,
    /// Whom it is for.
    pub audience: Vec<String>,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
}

/// Why a token proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It does not have three parts.
    #[error("The number of Jwt field should be divided into 3 parts with '.' .")]
    Parts,
    /// A part is not base64.
    #[error("Cannot decode base64 encoded response(format invalided).")]
    Base64,
    /// It is signed by a rule that is not known.
    #[error("The algorithm {0} that be specified in Jwt header is unknown.")]
    Algorithm(String),
    /// Header or claims are not what they should be.
    #[error("The Jwt content is invalid that cannot be recognized.")]
    Content,
    /// No published key made the signature.
    #[error("OIDC token validate failed: invalid signature.")]
    Signature,
    /// Its time is over.
    #[error("This JsonWebToken is expired.")]
    Expired,
    /// It is for another audience.
    #[error("Invalid audience.")]
    Audience,
}

impl TokenError {
    /// The code of STS.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Parts | Self::Base64 | Self::Algorithm(_) | Self::Content => {
                "AuthenticationFail.OIDCToken.Invalid"
            }
            Self::Signature => "AuthenticationFail.OIDCToken.InvalidSignature",
            Self::Expired => "AuthenticationFail.OIDCToken.Expired",
            Self::Audience => "AuthenticationFail.OIDCToken.AudienceNotMatch",
        }
    }
}

impl Jwks {
    /// The claims of a token that one of these keys signed.
    ///
    /// # Errors
    /// [`TokenError`] says what is wrong with it. Times and names are the caller's to check.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        serde_json::from_slice::<WireClaims>(&self.payload(token)?)
            .ok()
            .and_then(WireClaims::parse)
            .ok_or(TokenError::Content)
    }

    /// The payload of a token that one of these keys signed.
    fn payload(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        #[derive(Deserialize)]
        struct Header {
            alg: String,
            kid: Option<String>,
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Parts)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Parts)?;
        if payload.contains('.') {
            return Err(TokenError::Parts);
        }
        let header: Header =
            serde_json::from_slice(&decoded(header)?).map_err(|_| TokenError::Content)?;
        let algorithm = Algorithm::of(&header.alg)?;
        let signature = decoded(signature)?;
        let is_named = |key: &&Jwk| header.kid.is_none() || key.kid == header.kid;
        let mut keys = self.keys.iter().filter(is_named);
        let is_signed = keys.any(|jwk| {
            let signed = signed.as_bytes();
            jwk.key.is_signer(algorithm, signed, &signature).is_some()
        });
        let payload = is_signed.then(|| decoded(payload));
        payload.ok_or(TokenError::Signature)?
    }
}

#[derive(Debug, Clone, Copy)]
enum Algorithm {
    Rs256,
    Es256,
}

impl Algorithm {
    fn of(name: &str) -> Result<Self, TokenError> {
        match name {
            "RS256" => Ok(Self::Rs256),
            "ES256" => Ok(Self::Es256),
            other => Err(TokenError::Algorithm(other.to_owned())),
        }
    }
}

impl Key {
    /// `Some` if this key made the signature.
    fn is_signer(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> Option<()> {
        match (self, algorithm) {
            (Self::Rsa { n, e }, Algorithm::Rs256) => {
                let (n, e) = (decoded(n).ok()?, decoded(e).ok()?);
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
                    .ok()
            }
            (Self::Ec { crv, x, y }, Algorithm::Es256) if crv == "P-256" => {
                // An uncompressed point.
                let point = [vec![4], decoded(x).ok()?, decoded(y).ok()?].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(signed, signature).ok()
            }
            _ => None,
        }
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, TokenError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenError::Base64)
}

/// Claims as they are written.
#[derive(Deserialize)]
struct WireClaims {
    iss: String,
    sub: String,
    aud: OneOrMore,
    exp: i64,
    iat: Option<i64>,
}

/// A text, or a list of texts.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(super) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::More(more) => more,
        }
    }
}

impl WireClaims {
    fn parse(self) -> Option<Claims> {
        let issued_at = match self.iat {
            Some(seconds) => Some(Timestamp::from_second(seconds).ok()?),
            None => None,
        };
        Some(Claims {
            issuer: self.iss,
            subject: self.sub,
            audience: self.aud.into_vec(),
            expires: Timestamp::from_second(self.exp).ok()?,
            issued_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The examples of RFC 7515, A.2 and A.3: one payload, signed by either rule.
    const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const RS256: (&str, &str) = (
        "eyJhbGciOiJSUzI1NiJ9",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    );
    const ES256: (&str, &str) = (
        "eyJhbGciOiJFUzI1NiJ9",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );

    fn keys() -> Jwks {
        serde_json::from_str(
            r#"{"keys": [
                {"kty": "oct", "k": "AyM1"},
                {"kty": "RSA", "kid": "r", "e": "AQAB",
                 "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
                {"kty": "EC", "kid": "e", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
            ]}"#,
        )
        .unwrap()
    }

    fn token((header, signature): (&str, &str), payload: &str) -> String {
        format!("{header}.{payload}.{signature}")
    }

    #[test]
    fn examples_of_the_standard_are_verified() {
        for example in [RS256, ES256] {
            let payload = keys().payload(&token(example, PAYLOAD)).unwrap();
            let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            assert_eq!(claims["iss"], "joe");
            let changed = token(example, &PAYLOAD.replace("eyJp", "eyJq"));
            assert_eq!(keys().payload(&changed), Err(TokenError::Signature));
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let none = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg": "none"}"#);
        let other_key = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg": "RS256", "kid": "x"}"#);
        let table = [
            ("a.b".to_owned(), TokenError::Parts),
            ("a.b.c.d".to_owned(), TokenError::Parts),
            ("*.b.c".to_owned(), TokenError::Base64),
            ("YQ.b.c".to_owned(), TokenError::Content),
            (
                token((&none, ""), PAYLOAD),
                TokenError::Algorithm("none".to_owned()),
            ),
            (token((&other_key, RS256.1), PAYLOAD), TokenError::Signature),
            (token((RS256.0, ES256.1), PAYLOAD), TokenError::Signature),
        ];
        for (token, expected) in table {
            assert_eq!(keys().payload(&token), Err(expected), "{token}");
        }
        // It lacks subject and audience.
        let verified = keys().verify(&token(RS256, PAYLOAD));
        assert_eq!(verified, Err(TokenError::Content));
    }
}
