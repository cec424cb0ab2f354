//! Signatures of OSS, V1 and V4, each in headers or in the query of a URL.

use http::header::DATE;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use jiff::{SignedDuration, Timestamp};
use signing::oss::{OSS_DATE, Resource, SECURITY_TOKEN, v1, v4};
use signing::{AccessKeyId, AccessKeySecret, SecurityToken, SignError, encode, time};

use super::authorization::{self, Credential};
use super::{PresentedError, Signature, find};

/// What the V1 signer of the second Python SDK sends the token in, unsigned.
const BARE_TOKEN: HeaderName = HeaderName::from_static("security-token");

/// Credentials as presented to OSS in the headers or the query of a request.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The key that is said to have signed.
    pub access_key_id: AccessKeyId,
    /// The token that came along.
    pub security_token: Option<SecurityToken>,
    /// The date of the request or URL. A V1 URL has none.
    pub signed_at: Option<Timestamp>,
    /// When the URL expires; `None` for signatures in headers.
    pub expires_at: Option<Timestamp>,
    signature: Signature,
    /// The date as it was sent, which is what both signatures cover.
    date: String,
    version: Version,
}

#[derive(Debug, Clone)]
enum Version {
    V1,
    V4 {
        region: String,
        signed_at: Timestamp,
        /// The headers that are signed besides the usual ones.
        additional: Vec<HeaderName>,
    },
}

impl Presented {
    /// Reads what the request presents; `None` when it is anonymous.
    ///
    /// # Errors
    /// [`PresentedError::Mixed`] when more than one place is used; the others say which part
    /// of the one place is missing or malformed.
    pub fn from_request(parts: &Parts) -> Result<Option<Self>, PresentedError> {
        let query = parameters(parts);
        let query = query.map_err(|_| PresentedError::Malformed { part: "query" })?;
        let header = authorization::value(&parts.headers)?;
        let has = |names: &[&str]| names.iter().any(|name| find(&query, name).is_some());
        let in_v1 = has(&["Signature", "OSSAccessKeyId"]);
        let in_v4 = has(&[
            "x-oss-signature-version",
            "x-oss-credential",
            "x-oss-signature",
        ]);
        match (header, in_v1, in_v4) {
            (None, false, false) => Ok(None),
            (Some(value), false, false) => Self::from_header(&value, &parts.headers).map(Some),
            (None, true, false) => Self::from_v1_query(&query).map(Some),
            (None, false, true) => Self::from_v4_query(&query, &parts.headers).map(Some),
            _ => Err(PresentedError::Mixed),
        }
    }

    fn from_header(value: &str, headers: &HeaderMap) -> Result<Self, PresentedError> {
        let mut token = authorization::header(headers, &SECURITY_TOKEN)?;
        let (access_key_id, signature, date, signed_at, version);
        if let Some(rest) = authorization::after_scheme(value, "OSS") {
            (access_key_id, signature) = authorization::id_and_signature(rest)?;
            token = token.or(authorization::header(headers, &BARE_TOKEN)?);
            (date, signed_at) = date_of(headers)?;
            version = Version::V1;
        } else {
            let rest = authorization::after_scheme(value, "OSS4-HMAC-SHA256");
            let list = authorization::Parts::parse(rest.ok_or(PresentedError::UnknownScheme)?)?;
            let credential = Credential::parse(list.require("Credential")?, "oss")?;
            (date, signed_at) = date_of(headers)?;
            credential.check_day(signed_at)?;
            signature = Signature(list.require("Signature")?.to_owned());
            let additional = list.find("AdditionalHeaders").unwrap_or_default();
            version = Version::v4(credential.region, signed_at, additional, headers)?;
            access_key_id = credential.access_key_id;
        }
        Ok(Self {
            access_key_id,
            security_token: token.map(SecurityToken::new),
            signed_at: Some(signed_at),
            expires_at: None,
            signature,
            date,
            version,
        })
    }

    fn from_v1_query(query: &[(String, String)]) -> Result<Self, PresentedError> {
        let require = |part| find(query, part).ok_or(PresentedError::Missing { part });
        let date = require("Expires")?.to_owned();
        let seconds = date.parse().ok();
        let expires_at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        if expires_at.is_none() {
            return Err(PresentedError::MalformedExpiry { value: date });
        }
        Ok(Self {
            access_key_id: AccessKeyId::new(require("OSSAccessKeyId")?),
            security_token: find(query, "security-token").map(SecurityToken::new),
            signed_at: None,
            expires_at,
            signature: Signature(require("Signature")?.to_owned()),
            date,
            version: Version::V1,
        })
    }

    fn from_v4_query(
        query: &[(String, String)],
        headers: &HeaderMap,
    ) -> Result<Self, PresentedError> {
        let require = |part| find(query, part).ok_or(PresentedError::Missing { part });
        if require("x-oss-signature-version")? != "OSS4-HMAC-SHA256" {
            return Err(PresentedError::UnknownScheme);
        }
        let credential = Credential::parse(require("x-oss-credential")?, "oss")?;
        let date = find(query, "x-oss-date").ok_or(PresentedError::MissingDate)?;
        let signed_at = credential.date(date)?;
        let additional = find(query, "x-oss-additional-headers").unwrap_or_default();
        Ok(Self {
            signature: Signature(require("x-oss-signature")?.to_owned()),
            security_token: find(query, "x-oss-security-token").map(SecurityToken::new),
            signed_at: Some(signed_at),
            expires_at: Some(expiry(require("x-oss-expires")?, signed_at)?),
            date: date.to_owned(),
            version: Version::v4(credential.region, signed_at, additional, headers)?,
            access_key_id: credential.access_key_id,
        })
    }

    /// The region that a V4 signature is for, without `oss-`.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match &self.version {
            Version::V1 => None,
            Version::V4 { region, .. } => Some(region),
        }
    }

    /// The canonical request of V4, for the answer that explains a mismatch.
    ///
    /// # Errors
    /// Any [`SignError`] means that the request cannot have been signed.
    pub fn canonical_request(
        &self,
        parts: &Parts,
        resource: Resource<'_>,
    ) -> Result<Option<String>, SignError> {
        let Version::V4 { additional, .. } = &self.version else {
            return Ok(None);
        };
        let (method, headers, query) = (&parts.method, &parts.headers, parameters(parts)?);
        v4::canonical_request(method, headers, resource, &query, additional).map(Some)
    }

    /// The text that the sender should have signed.
    ///
    /// # Errors
    /// Any [`SignError`] means that the request cannot have been signed.
    pub fn string_to_sign(
        &self,
        parts: &Parts,
        resource: Resource<'_>,
    ) -> Result<String, SignError> {
        let (method, headers, query) = (&parts.method, &parts.headers, parameters(parts)?);
        match &self.version {
            Version::V1 => v1::string_to_sign(method, headers, resource, &query, &self.date),
            Version::V4 {
                region,
                signed_at,
                additional,
            } => {
                let canonical =
                    v4::canonical_request(method, headers, resource, &query, additional)?;
                let (date, day) = (&self.date, *signed_at);
                Ok(v4::string_to_sign_dated(&canonical, date, region, day))
            }
        }
    }

    /// Whether the presented signature is that of `string_to_sign`; takes constant time.
    #[must_use]
    pub fn matches(&self, string_to_sign: &str, secret: &AccessKeySecret) -> bool {
        self.signature.is(&match &self.version {
            Version::V1 => v1::signature(string_to_sign, secret),
            Version::V4 {
                region, signed_at, ..
            } => v4::signature(string_to_sign, secret, region, *signed_at),
        })
    }
}

impl Version {
    /// The request must have each of the `additional` headers.
    fn v4(
        region: &str,
        signed_at: Timestamp,
        additional: &str,
        headers: &HeaderMap,
    ) -> Result<Self, PresentedError> {
        let additional = authorization::names(&additional.to_lowercase(), "AdditionalHeaders")?;
        if let Some(name) = additional.iter().find(|name| !headers.contains_key(*name)) {
            return Err(PresentedError::MissingHeader { name: name.clone() });
        }
        Ok(Self::V4 {
            region: region.to_owned(),
            signed_at,
            additional,
        })
    }
}

fn parameters(parts: &Parts) -> Result<encode::Pairs, SignError> {
    encode::decode_query(parts.uri.query().unwrap_or_default())
}

/// Reads `x-oss-date`, or `Date` where there is none. The SDKs write either in the form of the
/// other, whatever the signature.
fn date_of(headers: &HeaderMap) -> Result<(String, Timestamp), PresentedError> {
    let text =
        authorization::header(headers, &OSS_DATE)?.or(authorization::header(headers, &DATE)?);
    let text = text.ok_or(PresentedError::MissingDate)?;
    let forms = [
        time::parse_iso_basic,
        time::parse_http_date,
        time::parse_iso_extended,
    ];
    match forms.iter().find_map(|parse| parse(&text)) {
        Some(time) => Ok((text, time)),
        None => Err(PresentedError::MalformedDate { value: text }),
    }
}

fn expiry(text: &str, signed_at: Timestamp) -> Result<Timestamp, PresentedError> {
    let seconds = text.parse().ok();
    let lifetime = seconds
        .map(SignedDuration::from_secs)
        .filter(|lifetime| lifetime.is_positive() && lifetime.unsigned_abs() <= v4::MAX_EXPIRES);
    lifetime
        .and_then(|lifetime| signed_at.checked_add(lifetime).ok())
        .ok_or_else(|| PresentedError::MalformedExpiry {
            value: text.to_owned(),
        })
}
