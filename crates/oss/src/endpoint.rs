//! Where requests go: scheme, host, how the bucket is put into the address, and the signature.
//!
//! The host of every request is a configured one, or one built from a checked [`Region`], with
//! at most a checked bucket name in front. Nothing a service or an event says is followed.

use std::fmt;
use std::str::FromStr;

use signing::encode;
use signing::oss::SignatureVersion as Signer;
use thiserror::Error;
use url::{Host, Position, Url};

use crate::names::{BucketName, ObjectKey, Region};

/// How a bucket is put into an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// `https://<bucket>.<host>/<key>`, the only form that the service takes on its own hosts.
    VirtualHosted,
    /// `https://<host>/<bucket>/<key>`, for a host that has no names below it, such as an IP
    /// address.
    Path,
    /// `https://<host>/<key>`: the host is the user's own name for one bucket.
    Cname,
}

/// The forms as settings name them.
impl FromStr for Addressing {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "virtual" => Ok(Self::VirtualHosted),
            "path" => Ok(Self::Path),
            "cname" => Ok(Self::Cname),
            _ => Err(UnknownName("`virtual`, `path` or `cname`")),
        }
    }
}

/// Which signature requests and URLs carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignatureVersion {
    /// HMAC-SHA256, bound to day and region. What the service asks for today.
    #[default]
    V4,
    /// HMAC-SHA1. The service is closing it to new accounts and buckets.
    V1,
}

/// The versions as settings name them.
impl FromStr for SignatureVersion {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        match name {
            "v4" => Ok(Self::V4),
            "v1" => Ok(Self::V1),
            _ => Err(UnknownName("`v4` or `v1`")),
        }
    }
}

/// A setting that names no [`Addressing`] or [`SignatureVersion`]. Permanent; says which there
/// are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it must be {0}")]
pub struct UnknownName(&'static str);

/// A place that answers the OSS API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    scheme: &'static str,
    /// The host, with the port unless it is the scheme's own.
    authority: String,
    addressing: Addressing,
    region: Region,
    signature: SignatureVersion,
}

/// Why a URL is no endpoint. Always permanent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Only `http` and `https` are spoken.
    #[error("an endpoint's scheme is `http` or `https`, not `{scheme}`")]
    Scheme {
        /// What was given.
        scheme: String,
    },
    /// The endpoint has a part that requests would lose or that is secret.
    #[error("an endpoint is `scheme://host[:port]` and has no {part}")]
    Superfluous {
        /// The part: user, path, query or fragment.
        part: &'static str,
    },
    /// A bucket name cannot be put in front of an IP address.
    #[error("`{host}` is an address, not a name: it needs path-style or CNAME addressing")]
    NotAName {
        /// What was given.
        host: String,
    },
}

impl Endpoint {
    /// The service's own endpoint in a region, over HTTPS: the public one, or the one that is
    /// reachable from inside the region and costs no traffic.
    #[must_use]
    pub fn for_region(region: &Region, internal: bool) -> Self {
        let network = if internal { "-internal" } else { "" };
        let host = format!("oss-{region}{network}.aliyuncs.com");
        Self {
            scheme: "https",
            authority: host,
            addressing: Addressing::VirtualHosted,
            region: region.clone(),
            signature: SignatureVersion::default(),
        }
    }

    /// Any other endpoint. The region is needed for V4 signatures, and to know where the
    /// buckets are.
    pub fn new(url: &Url, addressing: Addressing, region: Region) -> Result<Self, EndpointError> {
        let scheme = match url.scheme() {
            "https" => "https",
            "http" => "http",
            other => {
                return Err(EndpointError::Scheme {
                    scheme: other.to_owned(),
                });
            }
        };
        if let Some(part) = superfluous_part(url) {
            return Err(EndpointError::Superfluous { part });
        }
        let authority = &url[Position::BeforeHost..Position::AfterPort];
        if addressing == Addressing::VirtualHosted && !matches!(url.host(), Some(Host::Domain(_))) {
            return Err(EndpointError::NotAName {
                host: authority.to_owned(),
            });
        }
        Ok(Self {
            scheme,
            authority: authority.to_owned(),
            addressing,
            region,
            signature: SignatureVersion::default(),
        })
    }

    /// States the signature of requests and presigned URLs; V4 by default.
    #[must_use]
    pub fn with_signature(self, signature: SignatureVersion) -> Self {
        Self { signature, ..self }
    }

    /// Scheme, host and port of a bucket's addresses, as browsers name an origin.
    #[must_use]
    pub fn origin(&self, bucket: &BucketName) -> String {
        let Self {
            scheme, authority, ..
        } = self;
        match self.addressing {
            Addressing::VirtualHosted => format!("{scheme}://{bucket}.{authority}"),
            Addressing::Path | Addressing::Cname => format!("{scheme}://{authority}"),
        }
    }

    /// The region whose buckets are reached.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// How buckets are put into addresses.
    #[must_use]
    pub fn addressing(&self) -> Addressing {
        self.addressing
    }

    pub(crate) fn signer(&self) -> Signer {
        match self.signature {
            SignatureVersion::V4 => Signer::V4 {
                region: self.region.to_string(),
            },
            SignatureVersion::V1 => Signer::V1,
        }
    }

    /// The address of a bucket, or of an object in it, with these query parameters; encoded
    /// as it is signed.
    pub(crate) fn address(
        &self,
        bucket: &BucketName,
        key: Option<&ObjectKey>,
        query: &[(&str, &str)],
    ) -> String {
        let origin = self.origin(bucket);
        let key = key.map(ObjectKey::path_encoded).unwrap_or_default();
        let address = match self.addressing {
            Addressing::VirtualHosted | Addressing::Cname => format!("{origin}/{key}"),
            Addressing::Path => format!("{origin}/{bucket}/{key}"),
        };
        if query.is_empty() {
            return address;
        }
        format!("{address}?{}", encode::query(query.iter().copied()))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// The first part of the URL that a request would not carry.
fn superfluous_part(url: &Url) -> Option<&'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Some("user");
    }
    if url.path() != "/" {
        return Some("path");
    }
    if url.query().is_some() {
        return Some("query");
    }
    url.fragment().map(|_| "fragment")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str, addressing: Addressing) -> Result<Endpoint, EndpointError> {
        Endpoint::new(&url.parse().unwrap(), addressing, region("cn-shanghai"))
    }

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    fn address(endpoint: &Endpoint, key: Option<&str>, query: &[(&str, &str)]) -> String {
        let key = key.map(|key| key.parse().unwrap());
        endpoint.address(&"face-image".parse().unwrap(), key.as_ref(), query)
    }

    #[test]
    fn the_services_own_hosts_follow_from_the_region() {
        let region = region("cn-beijing");
        let hosts =
            [false, true].map(|internal| Endpoint::for_region(&region, internal).to_string());
        assert_eq!(
            hosts,
            [
                "https://oss-cn-beijing.aliyuncs.com",
                "https://oss-cn-beijing-internal.aliyuncs.com"
            ]
        );
    }

    #[test]
    fn each_addressing_puts_the_bucket_in_its_place() {
        let key = Some("人/a b.jpg");
        for (addressing, object, bucket) in [
            (
                Addressing::VirtualHosted,
                "http://face-image.oss.example:8080/%E4%BA%BA/a%20b.jpg",
                "http://face-image.oss.example:8080/?uploads=&prefix=a%2Fb%20",
            ),
            (
                Addressing::Path,
                "http://oss.example:8080/face-image/%E4%BA%BA/a%20b.jpg",
                "http://oss.example:8080/face-image/?uploads=&prefix=a%2Fb%20",
            ),
            (
                Addressing::Cname,
                "http://oss.example:8080/%E4%BA%BA/a%20b.jpg",
                "http://oss.example:8080/?uploads=&prefix=a%2Fb%20",
            ),
        ] {
            let endpoint = endpoint("http://oss.example:8080", addressing).unwrap();
            assert_eq!(address(&endpoint, key, &[]), object, "{addressing:?}");
            let query = [("uploads", ""), ("prefix", "a/b ")];
            assert_eq!(address(&endpoint, None, &query), bucket, "{addressing:?}");
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        let refused = |url: &str| {
            endpoint(url, Addressing::VirtualHosted)
                .unwrap_err()
                .to_string()
        };
        let table: String = [
            "ftp://oss.example",
            "http://user:password@oss.example",
            "http://oss.example/prefix",
            "http://oss.example?x=1",
            "http://oss.example#x",
            "http://127.0.0.1:9000",
            "http://[::1]:9000",
        ]
        .map(refused)
        .join("\n");
        insta::assert_snapshot!(table, @"
        an endpoint's scheme is `http` or `https`, not `ftp`
        an endpoint is `scheme://host[:port]` and has no user
        an endpoint is `scheme://host[:port]` and has no path
        an endpoint is `scheme://host[:port]` and has no query
        an endpoint is `scheme://host[:port]` and has no fragment
        `127.0.0.1:9000` is an address, not a name: it needs path-style or CNAME addressing
        `[::1]:9000` is an address, not a name: it needs path-style or CNAME addressing
        ");
    }

    #[test]
    fn an_address_takes_any_addressing_but_virtual_hosts() {
        let path = endpoint("http://[::1]:9000/", Addressing::Path).unwrap();
        assert_eq!(
            address(&path, Some("a"), &[]),
            "http://[::1]:9000/face-image/a"
        );
        assert!(endpoint("http://127.0.0.1:9000", Addressing::Cname).is_ok());
    }
}
