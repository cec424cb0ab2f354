//! Where photos and results are, and what the browser may do there.

use std::path::PathBuf;
use std::time::Duration;

use face_recognition::config::RequestForm;
use face_recognition::target::TargetFolder;
use oss::event::{Event, EventKind};
use oss::{BucketName, Endpoint, EndpointError, ObjectKey, Region};
use service::settings::{duration, endpoint_url, number};
use url::Url;

/// The most that OSS takes in one form.
const MAX_UPLOAD_BYTES: u64 = 5 << 30;
const URL_LIFETIMES: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));

/// Where photos and results are, and what the browser may do there.
#[derive(Clone, Debug, clap::Args)]
pub struct BucketConfig {
    /// The bucket.
    #[arg(id = "bucket", long, env = "OSS_BUCKET", value_name = "NAME")]
    pub name: BucketName,
    /// Its region.
    #[arg(long, env = "OSS_REGION", value_name = "NAME")]
    pub region: Region,
    /// Endpoint for the console [default: that of the region].
    #[arg(id = "oss-endpoint", long, env = "OSS_ENDPOINT", value_name = "URL", value_parser = endpoint_url)]
    pub endpoint: Option<Url>,
    /// Endpoint for browsers [default: --oss-endpoint, else the public one of the region].
    #[arg(id = "oss-public-endpoint", long, env = "OSS_PUBLIC_ENDPOINT", value_name = "URL", value_parser = endpoint_url)]
    pub public_endpoint: Option<Url>,
    /// The form of requests.
    #[command(flatten)]
    pub form: RequestForm,
    /// Folder in the bucket for results, as the face service has it.
    #[arg(long, env = "UPLOAD_OSS_PATH", value_name = "PATH")]
    pub results: TargetFolder,
    /// Folder in the bucket for photos that the page uploads.
    #[arg(
        long,
        env = "CONSOLE_PHOTOS",
        value_name = "PATH",
        default_value = "photos"
    )]
    pub photos: TargetFolder,
    /// Largest photo that the page uploads, in bytes.
    // What the face service takes unless told otherwise.
    #[arg(long, env = "CONSOLE_MAX_UPLOAD_BYTES", value_name = "BYTES", default_value = "104857600", value_parser = number(1..=MAX_UPLOAD_BYTES))]
    pub max_upload_bytes: u64,
    /// How long a URL or form for the browser lives, ISO 8601, from PT1M to PT1H.
    #[arg(long, env = "CONSOLE_URL_LIFETIME", value_name = "DURATION", default_value = "PT5M", value_parser = duration(URL_LIFETIMES.0..=URL_LIFETIMES.1))]
    pub url_lifetime: Duration,
    /// A mounted Secret: a file with `{"accessKeyId","accessKeySecret"}`, or its directory.
    #[arg(long, env = "CREDENTIALS_FILE", value_name = "PATH")]
    pub credentials_file: Option<PathBuf>,
}

impl BucketConfig {
    /// The settings that do not go together.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let endpoints = [
            ("OSS_ENDPOINT", &self.endpoint),
            ("OSS_PUBLIC_ENDPOINT", &self.public_endpoint),
        ];
        let unusable = endpoints.into_iter().filter_map(|(name, url)| {
            let error = self.endpoint_at(url.as_ref()).err()?;
            Some(format!("`{name}` does not fit `OSS_ADDRESSING`: {error}"))
        });
        let (photos, results) = (&self.photos, &self.results);
        let key = photos.to_string().parse();
        let is_inside =
            photos.to_string() == results.to_string() || key.is_ok_and(|key| results.holds(&key));
        let misplaced = is_inside.then(|| {
            format!(
                "`CONSOLE_PHOTOS` is `{photos}`: it must not lie in `{results}`, where nothing is \
                 taken for a photo"
            )
        });
        unusable.chain(misplaced).collect()
    }

    /// The endpoint through which the console reaches the bucket.
    pub(crate) fn own_endpoint(&self) -> Result<Endpoint, EndpointError> {
        self.endpoint_at(self.endpoint.as_ref())
    }

    /// The endpoint through which browsers reach the bucket.
    pub(crate) fn browsers_endpoint(&self) -> Result<Endpoint, EndpointError> {
        self.endpoint_at(self.public_endpoint.as_ref().or(self.endpoint.as_ref()))
    }

    fn endpoint_at(&self, url: Option<&Url>) -> Result<Endpoint, EndpointError> {
        self.form.endpoint(url, &self.region, false)
    }

    /// The key of the photo that an event is about: a finished object of the bucket that is no
    /// result.
    pub(crate) fn photo<'a>(&self, event: &'a Event) -> Option<&'a ObjectKey> {
        let address = event.address().ok()?;
        let is_photo = event.name.kind() == EventKind::ObjectFinished
            && address.bucket == self.name
            && !self.results.holds(&address.key);
        is_photo.then_some(&address.key)
    }
}
