//! Which bucket and object a request means: its `Host` header and its path taken together.
//!
//! The real service is addressed by host name alone. On one machine clients also use an IP
//! address, `localhost` or a container's name, and write the bucket into the path.

use std::net::IpAddr;

use http::Uri;
use percent_encoding::percent_decode_str;

use super::error::{OssError, Result};

/// Longest object key, in bytes of UTF-8.
pub(crate) const MAX_KEY_BYTES: usize = 1023;

/// The bucket and the object that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The bucket; `None` for calls to the service.
    pub(crate) bucket: Option<String>,
    /// The object key; `None` for calls to the bucket or the service.
    pub(crate) key: Option<String>,
    /// How the request says so.
    pub(crate) style: Style,
    /// Host and port of the service itself, without the bucket.
    pub(crate) endpoint: String,
}

/// Where a request names its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// In front of the service's host name.
    VirtualHosted,
    /// In the path.
    Path,
    /// Nowhere: the host name is the bucket's own.
    Cname,
}

/// Host names with a meaning.
pub(crate) struct Hosts<'a> {
    /// Names of the service itself.
    pub(crate) service: &'a [String],
    /// The region that is played.
    pub(crate) region: &'a str,
    /// The bucket of a host name that was mapped to one.
    pub(crate) cname: &'a dyn Fn(&str) -> Option<String>,
}

/// The meaning of a host name.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Service,
    Bucket { name: String, rest: String },
    Cname { bucket: String },
}

impl Address {
    /// Finds out what a request to `host` (as in its header, with or without a port) means.
    ///
    /// # Errors
    /// When bucket or key cannot be one, or the host is that of another region.
    pub(crate) fn of(uri: &Uri, host: &str, hosts: &Hosts<'_>) -> Result<Self> {
        let (name, port) = split_port(host);
        let path = uri.path().strip_prefix('/').unwrap_or_default();
        let address = match hosts.meaning(&name.to_ascii_lowercase())? {
            Meaning::Service => {
                let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
                let endpoint = host.to_owned();
                Self {
                    bucket: part(bucket)?,
                    key: part(key)?,
                    style: Style::Path,
                    endpoint,
                }
            }
            Meaning::Bucket { name, rest } => {
                let (bucket, endpoint) = (Some(name), format!("{rest}{port}"));
                Self {
                    bucket,
                    key: part(path)?,
                    style: Style::VirtualHosted,
                    endpoint,
                }
            }
            Meaning::Cname { bucket } => {
                let (bucket, endpoint) = (Some(bucket), host.to_owned());
                Self {
                    bucket,
                    key: part(path)?,
                    style: Style::Cname,
                    endpoint,
                }
            }
        };
        address.checked()
    }

    /// The URL of the object, in the style of the request.
    pub(crate) fn location(&self, base: &str, key: &str) -> String {
        let (scheme, authority) = base.split_once("://").unwrap_or(("http", base));
        let key = signing::encode::component(key);
        let bucket = self.bucket.as_deref().unwrap_or_default();
        match self.style {
            Style::VirtualHosted => format!("{scheme}://{bucket}.{authority}/{key}"),
            Style::Path => format!("{scheme}://{authority}/{bucket}/{key}"),
            Style::Cname => format!("{scheme}://{authority}/{key}"),
        }
    }

    fn checked(self) -> Result<Self> {
        if let Some(bucket) = self
            .bucket
            .as_deref()
            .filter(|bucket| !is_bucket_name(bucket))
        {
            let message = "The specified bucket is not valid.";
            return Err(OssError::bad("InvalidBucketName", message).with("BucketName", bucket));
        }
        if let Some(key) = self.key.as_deref().filter(|key| !is_object_key(key)) {
            return Err(invalid_key(key));
        }
        Ok(self)
    }
}

impl Hosts<'_> {
    fn meaning(&self, name: &str) -> Result<Meaning> {
        if let Some(bucket) = (self.cname)(name) {
            return Ok(Meaning::Cname { bucket });
        }
        if is_ip(name) {
            return Ok(Meaning::Service);
        }
        let named = self.service.iter().map(String::as_str).chain(["localhost"]);
        for service in named {
            if let Some(before) = name.strip_suffix(service) {
                match before.strip_suffix('.') {
                    None if before.is_empty() => return Ok(Meaning::Service),
                    Some(bucket) => return Ok(bucket_of(bucket, service)),
                    None => {}
                }
            }
        }
        if let Some(labels) = name.strip_suffix(".aliyuncs.com") {
            return self.official(name, labels);
        }
        Ok(match name.split_once('.') {
            Some((bucket, rest)) => bucket_of(bucket, rest),
            // A container's name.
            None => Meaning::Service,
        })
    }

    /// The forms of the real service: `oss-<region>[-internal]`, `<region>.oss`, either with a
    /// bucket in front.
    fn official(&self, name: &str, labels: &str) -> Result<Meaning> {
        let labels: Vec<&str> = labels.split('.').collect();
        let (bucket, region) = match *labels.as_slice() {
            [last] => (None, last.strip_prefix("oss-")),
            [region, "oss"] => (None, Some(region)),
            [bucket, last] => (Some(bucket), last.strip_prefix("oss-")),
            [bucket, region, "oss"] => (Some(bucket), Some(region)),
            _ => (None, None),
        };
        let Some(region) = region else {
            return Err(foreign_host(name));
        };
        let region = region.strip_suffix("-internal").unwrap_or(region);
        // At an IP address the npm SDK writes a dot for no bucket.
        let Some(bucket) = bucket.filter(|bucket| !bucket.is_empty()) else {
            return Ok(Meaning::Service);
        };
        if region != self.region && !region.starts_with("accelerate") {
            return Err(self.elsewhere(bucket));
        }
        Ok(bucket_of(bucket, &name[bucket.len() + 1..]))
    }

    fn elsewhere(&self, bucket: &str) -> OssError {
        let message = "The bucket you are attempting to access must be addressed using the \
                       specified endpoint. Please send all future requests to this endpoint.";
        OssError::access_denied(message)
            .with("Bucket", bucket)
            .with("Endpoint", format!("oss-{}.aliyuncs.com", self.region))
    }
}

/// The refusal of a key that cannot be one.
pub(crate) fn invalid_key(key: &str) -> OssError {
    let message = "The specified object is not valid.";
    OssError::bad("InvalidObjectName", message).with("ObjectName", key)
}

/// Whether this may be the key of an object.
pub(crate) fn is_object_key(key: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&key.len()) && !key.starts_with(['/', '\\'])
}

fn foreign_host(name: &str) -> OssError {
    let message = "The host name is not one of OSS.";
    OssError::forbidden("NonStandardHostForbidden", message).with("Host", name)
}

fn bucket_of(name: &str, rest: &str) -> Meaning {
    Meaning::Bucket {
        name: name.to_owned(),
        rest: rest.to_owned(),
    }
}

fn part(encoded: &str) -> Result<Option<String>> {
    let decoded = percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| invalid_key(encoded))?;
    Ok((!decoded.is_empty()).then(|| decoded.into_owned()))
}

/// Host name and port; the port keeps its colon and is empty when there is none.
fn split_port(host: &str) -> (&str, &str) {
    let port_at = match host.rfind(':') {
        Some(colon) if !host[colon..].contains(']') => colon,
        _ => host.len(),
    };
    host.split_at(port_at)
}

fn is_ip(name: &str) -> bool {
    name.trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>()
        .is_ok()
}

fn is_bucket_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| allowed(*byte) || *byte == b'-')
        && [bytes.first(), bytes.last()]
            .iter()
            .all(|end| end.is_some_and(|byte| allowed(*byte)))
}

#[cfg(test)]
mod tests;
