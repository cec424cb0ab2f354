//! Signatures of MNS, now called Simple Message Queue.
//!
//! [`v2`] is what every SDK sends. [`v4`] is the optional newer scheme of the Java SDK. In both
//! the security token travels in a header of its own that is *not* signed.

pub mod v2;
pub mod v4;

use http::HeaderName;

/// Carries the token of temporary credentials.
pub const SECURITY_TOKEN: HeaderName = HeaderName::from_static("security-token");

/// May stand in for `Date` where a client cannot set that.
pub const MNS_DATE: HeaderName = HeaderName::from_static("x-mns-date");

const HEADER_PREFIX: &str = "x-mns-";
const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
