//! Where photos come from and results go.

use std::path::PathBuf;
use std::str::FromStr;

use oss::{Addressing, BucketName, Endpoint, EndpointError, Region, SignatureVersion};
use url::Url;

use crate::target::TargetFolder;

/// Where photos come from and results go.
#[derive(Clone, Debug, clap::Args)]
pub struct Storage {
    /// Folder for results in each bucket, such as `face-image/target`. What lies in it is never
    /// taken for a photo.
    #[arg(id = "upload-path", long, env = "UPLOAD_OSS_PATH", value_name = "PATH")]
    pub target: TargetFolder,
    /// A mounted Secret: a file with `{"accessKeyId","accessKeySecret"}`, or its directory.
    #[arg(long, env = "CREDENTIALS_FILE", value_name = "PATH")]
    pub credentials_file: Option<PathBuf>,
    /// Endpoint for all buckets [default: that of the event's region].
    #[arg(id = "oss-endpoint", long, env = "OSS_ENDPOINT", value_name = "URL")]
    pub endpoint: Option<Url>,
    /// The form of requests.
    #[command(flatten)]
    pub form: RequestForm,
    /// Use the endpoints inside the region, which cost no traffic: `true` or `false`.
    #[arg(id = "oss-internal", long, env = "OSS_INTERNAL", value_name = "BOOL", default_value = "false", action = clap::ArgAction::Set, hide_possible_values = true)]
    pub internal: bool,
    /// Buckets to work in, separated by commas [default: all].
    #[arg(
        long,
        env = "OSS_ALLOWED_BUCKETS",
        value_name = "NAMES",
        default_value = "",
        hide_default_value = true
    )]
    pub allowed_buckets: Allowed<BucketName>,
    /// Regions to work in, separated by commas [default: all].
    #[arg(
        long,
        env = "OSS_ALLOWED_REGIONS",
        value_name = "NAMES",
        default_value = "",
        hide_default_value = true
    )]
    pub allowed_regions: Allowed<Region>,
}

/// The form that requests to OSS have.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct RequestForm {
    /// How a bucket is put into an endpoint: `virtual`, `path` or `cname`.
    #[arg(
        id = "oss-addressing",
        long,
        env = "OSS_ADDRESSING",
        value_name = "FORM",
        default_value = "virtual"
    )]
    pub addressing: Addressing,
    /// Signature version: `v4` or `v1`.
    #[arg(
        id = "oss-signature",
        long,
        env = "OSS_SIGNATURE",
        value_name = "VERSION",
        default_value = "v4"
    )]
    pub signature: SignatureVersion,
}

impl RequestForm {
    /// The endpoint at `url`, else the region's own, `internal` or public.
    ///
    /// # Errors
    /// Permanent; when `url` does not go with the addressing.
    pub fn endpoint(
        self,
        url: Option<&Url>,
        region: &Region,
        internal: bool,
    ) -> Result<Endpoint, EndpointError> {
        let endpoint = match url {
            Some(url) => Endpoint::new(url, self.addressing, region.clone())?,
            None => Endpoint::for_region(region, internal),
        };
        Ok(endpoint.with_signature(self.signature))
    }
}

impl Storage {
    /// The endpoint for buckets of a region.
    pub(crate) fn endpoint_in(&self, region: &Region) -> Result<Endpoint, EndpointError> {
        self.form
            .endpoint(self.endpoint.as_ref(), region, self.internal)
    }

    /// The mistake of an endpoint that does not go with the addressing.
    pub(super) fn mistake(&self) -> Option<String> {
        /// Stands in for the region of an event.
        const ANY_REGION: &str = "cn-shanghai";
        let region = ANY_REGION.parse().ok()?;
        let error = self.endpoint_in(&region).err()?;
        Some(format!(
            "`OSS_ENDPOINT` does not fit `OSS_ADDRESSING`: {error}"
        ))
    }
}

/// The names that are allowed; all names are if none is listed.
#[derive(Clone, Debug, Default)]
pub struct Allowed<T>(Vec<T>);

impl<T: PartialEq> Allowed<T> {
    /// Whether `name` is allowed.
    #[must_use]
    pub fn admits(&self, name: &T) -> bool {
        self.0.is_empty() || self.0.contains(name)
    }
}

impl<T: FromStr> FromStr for Allowed<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        let names = text.split(',').map(str::trim);
        let names = names.filter(|name| !name.is_empty()).map(str::parse);
        names.collect::<Result<_, _>>().map(Self)
    }
}
