//! Where photos come from and results go.

use std::str::FromStr;

use oss::{Addressing, BucketName, Endpoint, Region, SignatureVersion};
use service::findings::{Findings, present};
use url::Url;

use crate::args::StorageArgs;
use crate::target::TargetFolder;

/// Stands in for the event's region when an endpoint is checked at start.
const ANY_REGION: &str = "cn-shanghai";

/// Where photos come from and results go.
#[derive(Clone, Debug)]
pub struct Storage {
    /// Where results go in each bucket.
    pub target: TargetFolder,
    /// One endpoint for everything, in place of the regions' own.
    pub endpoint: Option<Url>,
    /// How a bucket is put into that endpoint.
    pub addressing: Addressing,
    /// What requests are signed with.
    pub signature: SignatureVersion,
    /// Whether the regions' own endpoints are the internal ones.
    pub internal: bool,
    /// Buckets to work in; all if empty.
    pub allowed_buckets: Vec<BucketName>,
    /// Regions to work in; all if empty.
    pub allowed_regions: Vec<Region>,
}

impl Storage {
    pub(super) fn check(found: &mut Findings, args: StorageArgs) -> Option<Self> {
        let StorageArgs {
            upload_path,
            credentials_file: _,
            oss_endpoint,
            oss_addressing,
            oss_signature,
            oss_internal,
            allowed_buckets,
            allowed_regions,
        } = args;
        let target = target(found, upload_path.as_deref());
        let addressing = found
            .optional(
                "OSS_ADDRESSING",
                oss_addressing.as_deref(),
                "`virtual`, `path` or `cname`",
                Addressing::parse,
            )
            .unwrap_or(Addressing::VirtualHosted);
        let signature = found
            .optional(
                "OSS_SIGNATURE",
                oss_signature.as_deref(),
                "`v4` or `v1`",
                SignatureVersion::parse,
            )
            .unwrap_or_default();
        let internal = found
            .optional(
                "OSS_INTERNAL",
                oss_internal.as_deref(),
                "`true` or `false`",
                |text| text.parse().ok(),
            )
            .unwrap_or(false);
        let endpoint = endpoint(found, oss_endpoint.as_deref(), addressing);
        let allowed_buckets = names(
            found,
            "OSS_ALLOWED_BUCKETS",
            allowed_buckets.as_deref(),
            "names of buckets, separated by commas",
        );
        let allowed_regions = names(
            found,
            "OSS_ALLOWED_REGIONS",
            allowed_regions.as_deref(),
            "regions such as `cn-shanghai`, separated by commas",
        );
        Some(Self {
            target: target?,
            endpoint,
            addressing,
            signature,
            internal,
            allowed_buckets,
            allowed_regions,
        })
    }
}

fn target(found: &mut Findings, path: Option<&str>) -> Option<TargetFolder> {
    let expected = "the folder for results, such as `face-image/target`";
    let path = found.required("UPLOAD_OSS_PATH", path, expected, |path| {
        Some(path.to_owned())
    })?;
    match path.parse() {
        Ok(target) => Some(target),
        Err(error) => {
            found.add(format!(
                "`UPLOAD_OSS_PATH` is of no use: {}",
                service::error_line(&error)
            ));
            None
        }
    }
}

/// Reads names separated by commas; none means no restriction.
fn names<T: FromStr>(
    found: &mut Findings,
    name: &str,
    text: Option<&str>,
    expected: &str,
) -> Vec<T> {
    let words = present(text).into_iter().flat_map(|text| text.split(','));
    words
        .filter_map(|word| found.optional(name, Some(word), expected, |word| word.parse().ok()))
        .collect()
}

fn endpoint(found: &mut Findings, text: Option<&str>, addressing: Addressing) -> Option<Url> {
    let url = found.optional("OSS_ENDPOINT", text, "`http(s)://host[:port]`", |text| {
        Url::parse(text).ok()
    })?;
    // The region is the event's; any will do to see whether the rest is right.
    match Endpoint::new(&url, addressing, ANY_REGION.parse().ok()?) {
        Ok(_) => Some(url),
        Err(error) => {
            found.add(format!(
                "`OSS_ENDPOINT` with `OSS_ADDRESSING` is of no use: {error}"
            ));
            None
        }
    }
}
