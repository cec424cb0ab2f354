//! Where photos and results are, and what the browser may do there.

use std::time::Duration;

use face_recognition::target::TargetFolder;
use oss::event::Event;
use oss::{Addressing, BucketName, Endpoint, ObjectKey, Region, SignatureVersion};
use service::findings::{Findings, http_url, present};

use crate::args::BucketArgs;

const PHOTOS: &str = "photos";
/// What the face service takes unless told otherwise.
const MAX_UPLOAD_BYTES: u64 = 100 << 20;
/// The most that OSS takes in one form.
const LARGEST_UPLOAD_BYTES: u64 = 5 << 30;
const URL_LIFETIME: Duration = Duration::from_mins(5);
const URL_LIFETIMES: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));

/// Where photos and results are, and what the browser may do there.
#[derive(Clone, Debug)]
pub struct BucketConfig {
    /// The bucket.
    pub name: BucketName,
    /// Where the console reaches it.
    pub endpoint: Endpoint,
    /// Where browsers reach it.
    pub public: Endpoint,
    /// What requests and URLs are signed with.
    pub signature: SignatureVersion,
    /// Where the face service puts results.
    pub results: TargetFolder,
    /// Where photos go that the page uploads.
    pub photos: TargetFolder,
    /// The largest photo that the page uploads, in bytes.
    pub max_upload_bytes: u64,
    /// How long a URL or form for the browser lives.
    pub url_lifetime: Duration,
}

impl BucketConfig {
    pub(super) fn check(found: &mut Findings, args: &BucketArgs) -> Option<Self> {
        let name = found.required(
            "OSS_BUCKET",
            args.bucket.as_deref(),
            "the name of the bucket",
            |text| text.parse().ok(),
        );
        let region: Option<Region> = found.required(
            "OSS_REGION",
            args.region.as_deref(),
            "a region such as `cn-shanghai`",
            |text| text.parse().ok(),
        );
        let form = "`virtual`, `path` or `cname`";
        let addressing = args.oss_addressing.as_deref();
        let addressing = found.optional("OSS_ADDRESSING", addressing, form, Addressing::parse);
        let addressing = addressing.unwrap_or(Addressing::VirtualHosted);
        let signature = args.oss_signature.as_deref();
        let version = "`v4` or `v1`";
        let signature =
            found.optional("OSS_SIGNATURE", signature, version, SignatureVersion::parse);
        let results = folder(found, "UPLOAD_OSS_PATH", present(args.results.as_deref()));
        let photos = present(args.photos.as_deref()).unwrap_or(PHOTOS);
        let photos = folder(found, "CONSOLE_PHOTOS", Some(photos));
        let max_upload_bytes = found.number(
            "CONSOLE_MAX_UPLOAD_BYTES",
            args.max_upload_bytes.as_deref(),
            (1, LARGEST_UPLOAD_BYTES),
        );
        let url_lifetime = found.duration_within(
            "CONSOLE_URL_LIFETIME",
            args.url_lifetime.as_deref(),
            URL_LIFETIMES,
        );
        let region = region?;
        let mut endpoint =
            |name, text: Option<&str>| endpoint(found, name, text, addressing, &region);
        let own = endpoint("OSS_ENDPOINT", args.oss_endpoint.as_deref());
        let public = endpoint("OSS_PUBLIC_ENDPOINT", args.oss_public_endpoint.as_deref());
        let of_region = || Endpoint::for_region(&region, false);
        let (results, photos) = (results?, photos?);
        if results.to_string() == photos.to_string() || inside(&photos, &results) {
            found.add(format!(
                "`CONSOLE_PHOTOS` is `{photos}`: it must not lie in `{results}`, where nothing is \
                 taken for a photo"
            ));
        }
        Some(Self {
            name: name?,
            public: public.or_else(|| own.clone()).unwrap_or_else(of_region),
            endpoint: own.unwrap_or_else(of_region),
            signature: signature.unwrap_or_default(),
            results,
            photos,
            max_upload_bytes: max_upload_bytes.unwrap_or(MAX_UPLOAD_BYTES),
            url_lifetime: url_lifetime.unwrap_or(URL_LIFETIME),
        })
    }
}

impl BucketConfig {
    /// The key of the photo that an event is about: a finished object of the bucket that is no
    /// result.
    pub(crate) fn photo<'a>(&self, event: &'a Event) -> Option<&'a ObjectKey> {
        let address = event.address().ok()?;
        let is_photo = event.name.kind() == oss::event::EventKind::ObjectFinished
            && address.bucket == self.name
            && !self.results.holds(&address.key);
        is_photo.then_some(&address.key)
    }
}

fn inside(folder: &TargetFolder, outer: &TargetFolder) -> bool {
    let key = folder.to_string().parse();
    key.is_ok_and(|key| outer.holds(&key))
}

fn folder(found: &mut Findings, name: &str, path: Option<&str>) -> Option<TargetFolder> {
    let expected = "a folder in the bucket, such as `face-image/target`";
    found.required(name, path, expected, |text| text.parse().ok())
}

fn endpoint(
    found: &mut Findings,
    name: &str,
    text: Option<&str>,
    addressing: Addressing,
    region: &Region,
) -> Option<Endpoint> {
    let url = found.optional(name, text, "`http(s)://host[:port]`", http_url)?;
    Endpoint::new(&url, addressing, region.clone())
        .map_err(|error| {
            found.add(format!(
                "`{name}` with `OSS_ADDRESSING` is of no use: {error}"
            ));
        })
        .ok()
}
