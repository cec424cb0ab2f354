//! Where MNS is reached, and whose it is.
//!
//! The host of a real endpoint names account and region; an emulator's does not, so both can be
//! stated. Neither is guessed.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use thiserror::Error;
use url::Url;

use crate::name::QueueName;

/// A URL that cannot be an MNS endpoint. Permanent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The text is not a URL.
    #[error(
        "the MNS endpoint is not a URL; it looks like `https://<account>.mns.<region>.aliyuncs.com`"
    )]
    NotAUrl {
        /// Why it is not.
        #[source]
        source: url::ParseError,
    },
    /// The scheme is neither `http` nor `https`.
    #[error("the MNS endpoint `{host}` must begin with `http://` or `https://`")]
    Scheme {
        /// Host of the endpoint.
        host: String,
    },
    /// The URL has a user, a password, a query or a fragment, none of which can be honoured.
    #[error("the MNS endpoint `{host}` must consist of scheme, host, port and path only")]
    Superfluous {
        /// Host of the endpoint.
        host: String,
    },
    /// The text cannot be the name of a region.
    #[error("`{region}` is not a region; it looks like `cn-shanghai`")]
    Region {
        /// The text, at most 64 characters of it.
        region: String,
    },
}

/// The base of all MNS URLs of one account in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Scheme, host, port and path, without a slash at the end.
    base: String,
    account_id: Option<String>,
    region: Option<String>,
}

impl Endpoint {
    /// Takes a base URL. Account and region come from a host of the form
    /// `<account>.mns.<region>[-internal[-vpc]].aliyuncs.com`.
    pub fn try_new(url: &Url) -> Result<Self, EndpointError> {
        let base = base(url)?;
        let host = url.host_str().unwrap_or_default();
        let (account_id, region) = account_and_region(host).unzip();
        Ok(Self {
            base,
            account_id,
            region,
        })
    }

    /// States the account id, for a host that does not.
    #[must_use]
    pub fn with_account_id(self, account_id: impl Into<String>) -> Self {
        Self {
            account_id: Some(account_id.into()),
            ..self
        }
    }

    /// States the region, for a host that does not.
    #[must_use]
    pub fn with_region(self, region: impl Into<String>) -> Self {
        Self {
            region: Some(region.into()),
            ..self
        }
    }

    /// The account whose queues these are, if known.
    #[must_use]
    pub fn account_id(&self) -> Option<&str> {
        self.account_id.as_deref()
    }

    /// The region, without a suffix for internal networks, if known.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Whether a host is one of the vendor's own, `<account>.mns.<region>.aliyuncs.com`: then
    /// only the vendor decides which address it has.
    #[must_use]
    pub fn is_vendors_host(host: &str) -> bool {
        account_and_region(host).is_some()
    }

    /// The endpoint string with which a topic pushes into `queue`, if account and region are known.
    #[must_use]
    pub fn queue_arn(&self, queue: &QueueName) -> Option<String> {
        Some(queue_endpoint_arn(
            self.region()?,
            self.account_id()?,
            queue,
        ))
    }

    /// The address of a resource; `target` is path and query, starting with a slash.
    pub(crate) fn uri(&self, target: &str) -> Result<Uri, http::uri::InvalidUri> {
        format!("{}{target}", self.base).try_into()
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(text.trim()).map_err(|source| EndpointError::NotAUrl { source })?;
        Self::try_new(&url)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

/// The endpoint string with which a topic pushes into a queue of the same account and region.
#[must_use]
pub fn queue_endpoint_arn(region: &str, account_id: &str, queue: &QueueName) -> String {
    format!("acs:mns:{region}:{account_id}:queues/{queue}")
}

/// Scheme, host, port and path of a URL that has nothing else, without a slash at the end.
///
/// # Errors
/// When the URL cannot be the base of others.
pub(crate) fn base(url: &Url) -> Result<String, EndpointError> {
    let host = url.host_str().unwrap_or_default().to_owned();
    if !matches!(url.scheme(), "http" | "https") || host.is_empty() {
        return Err(EndpointError::Scheme { host });
    }
    let is_plain = url.username().is_empty() && url.password().is_none();
    if !is_plain || url.query().is_some() || url.fragment().is_some() {
        return Err(EndpointError::Superfluous { host });
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn account_and_region(host: &str) -> Option<(String, String)> {
    let (account_id, rest) = host.strip_suffix(".aliyuncs.com")?.split_once(".mns.")?;
    let region = rest
        .strip_suffix("-internal-vpc")
        .or_else(|| rest.strip_suffix("-internal"))
        .unwrap_or(rest);
    let is_account =
        !account_id.is_empty() && account_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_region = !region.is_empty()
        && region
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_account && is_region).then(|| (account_id.to_owned(), region.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_account_and_region() {
        let cases = [
            (
                "public",
                "https://1234567890123456.mns.cn-shanghai.aliyuncs.com",
                Some("cn-shanghai"),
            ),
            (
                "slash at the end",
                "http://1234567890123456.mns.cn-shanghai.aliyuncs.com/",
                Some("cn-shanghai"),
            ),
            (
                "internal",
                "http://1234567890123456.mns.cn-shanghai-internal.aliyuncs.com",
                Some("cn-shanghai"),
            ),
            (
                "VPC",
                "http://1234567890123456.mns.us-west-1-internal-vpc.aliyuncs.com",
                Some("us-west-1"),
            ),
            ("emulator", "http://127.0.0.1:9324", None),
            (
                "another product",
                "https://mns.cn-shanghai.aliyuncs.com",
                None,
            ),
            ("no region", "https://1.mns..aliyuncs.com", None),
            ("more labels", "https://1.mns.a.b.aliyuncs.com", None),
            (
                "another domain",
                "https://1.mns.cn-shanghai.aliyuncs.com.example",
                None,
            ),
        ];
        for (name, text, region) in cases {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!(endpoint.region(), region, "{name}");
            assert_eq!(endpoint.account_id().is_some(), region.is_some(), "{name}");
            let host = Url::parse(text).unwrap().host_str().unwrap().to_owned();
            assert_eq!(Endpoint::is_vendors_host(&host), region.is_some(), "{name}");
        }
    }

    #[test]
    fn account_and_region_can_be_stated() {
        let queue = QueueName::try_new("photos").unwrap();
        let endpoint: Endpoint = "http://127.0.0.1:9324/mns/".parse().unwrap();
        assert_eq!(endpoint.queue_arn(&queue), None);
        let endpoint = endpoint.with_account_id("12").with_region("cn-shanghai");
        assert_eq!(
            endpoint.queue_arn(&queue).unwrap(),
            "acs:mns:cn-shanghai:12:queues/photos"
        );
        assert_eq!(endpoint.to_string(), "http://127.0.0.1:9324/mns");
        assert_eq!(
            endpoint.uri("/queues/photos").unwrap().path(),
            "/mns/queues/photos"
        );
    }

    #[test]
    fn other_urls_are_refused() {
        for (name, text) in [
            ("empty", ""),
            ("no scheme", "1.mns.cn-shanghai.aliyuncs.com"),
            ("scheme", "ftp://1.mns.cn-shanghai.aliyuncs.com"),
            ("host and port", "localhost:9324"),
            ("password", "http://a:b@127.0.0.1"),
            ("query", "http://127.0.0.1/?a=b"),
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{name}");
        }
        // A user may have put a key where the endpoint belongs.
        for text in [
            "mailto:secret@example.com",
            "secret",
            "http://secret:secret@127.0.0.1",
        ] {
            let refusal = text.parse::<Endpoint>().unwrap_err();
            assert!(
                !format!("{refusal} {refusal:?}").contains("secret"),
                "{refusal:?}"
            );
        }
    }
}
