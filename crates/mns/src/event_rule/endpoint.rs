//! Where the MNS OpenAPI is reached.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::endpoint::{EndpointError, base};

/// The base URL of the MNS OpenAPI in one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenApiEndpoint(String);

impl OpenApiEndpoint {
    /// The vendor's own, `https://mns-open.<region>.aliyuncs.com`.
    ///
    /// # Errors
    /// When `region` cannot be the name of a region.
    pub fn of_region(region: &str) -> Result<Self, EndpointError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if region.is_empty() || !region.bytes().all(allowed) {
            return Err(EndpointError::Region {
                region: region.chars().take(64).collect(),
            });
        }
        Ok(Self(format!("https://mns-open.{region}.aliyuncs.com")))
    }

    /// Takes a base URL.
    ///
    /// # Errors
    /// When it is not of scheme, host, port and path alone.
    pub fn try_new(url: &Url) -> Result<Self, EndpointError> {
        base(url).map(Self)
    }

    /// Whether a host is one of the vendor's own: then only the vendor decides which
    /// address it has.
    #[must_use]
    pub fn is_vendors_host(host: &str) -> bool {
        let region = host
            .strip_prefix("mns-open.")
            .and_then(|rest| rest.strip_suffix(".aliyuncs.com"));
        region.is_some_and(|region| Self::of_region(region).is_ok())
    }
}

impl FromStr for OpenApiEndpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(text.trim()).map_err(|source| EndpointError::NotAUrl { source })?;
        Self::try_new(&url)
    }
}

impl fmt::Display for OpenApiEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_endpoints_are_known() {
        let endpoint = OpenApiEndpoint::of_region("cn-shanghai").unwrap();
        assert_eq!(
            endpoint.to_string(),
            "https://mns-open.cn-shanghai.aliyuncs.com"
        );
        for region in ["", "cn_shanghai", "a.b", "evil.example/"] {
            assert!(OpenApiEndpoint::of_region(region).is_err(), "{region}");
        }
        for (host, expected) in [
            ("mns-open.cn-shanghai.aliyuncs.com", true),
            ("mns-open.a.b.aliyuncs.com", false),
            ("1.mns.cn-shanghai.aliyuncs.com", false),
            ("mns-open.cn-shanghai.aliyuncs.com.example", false),
        ] {
            assert_eq!(OpenApiEndpoint::is_vendors_host(host), expected, "{host}");
        }
    }

    #[test]
    fn other_urls_are_taken_without_a_slash_at_the_end() {
        let endpoint: OpenApiEndpoint = "http://127.0.0.1:8905/".parse().unwrap();
        assert_eq!(endpoint.to_string(), "http://127.0.0.1:8905");
        for text in ["", "127.0.0.1:8905", "http://a:b@127.0.0.1", "http://a/?b"] {
            assert!(text.parse::<OpenApiEndpoint>().is_err(), "{text}");
        }
    }
}
