//! Whether the face API finds a face: one call, with the sample photo.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use face::dataplus::{self, Dataplus};
use face::facebody::{Facebody, FacebodyOptions};
use face::imm::{Imm, ImmOptions};
use face::{Dimensions, Encoded, Photo, StoredFile};
use image::RgbImage;
use jiff::Timestamp;
use manifests::{Backend, Config};
use oss::{Bucket, ObjectKey, PutOptions};
use service::{ConnectOptions, error_line};
use signing::{LiveCredentials, SecretDocument};
use source_controller::doctor::CheckResult;
use tokio::sync::Semaphore;
use transport::{BoxError, Transport};
use url::Url;

const PHOTO: &[u8] = include_bytes!("../../../../../assets/astronaut.jpg");
const SIDE: u32 = 512;
const MEDIA_TYPE: &str = "image/jpeg";
const LIFETIME: Duration = Duration::from_mins(10);

/// The sample photo.
struct Sample {
    stored: Option<Stored>,
}

/// Where the sample photo is for a back end that reads buckets.
struct Stored {
    url: Url,
    bucket: String,
    key: String,
    region: String,
}

impl Photo for Sample {
    fn dimensions(&self) -> Dimensions {
        Dimensions {
            width: SIDE,
            height: SIDE,
        }
    }

    fn stored(&self) -> Option<StoredFile<'_>> {
        let stored = self.stored.as_ref()?;
        Some(StoredFile {
            url: &stored.url,
            bucket: &stored.bucket,
            key: &stored.key,
            region: &stored.region,
            media_type: MEDIA_TYPE,
            size_bytes: PHOTO.len() as u64,
        })
    }

    fn encoded(&self, _max_side: u32) -> Result<Encoded, BoxError> {
        Ok(Encoded {
            bytes: Bytes::from_static(PHOTO),
            media_type: MEDIA_TYPE,
            dimensions: self.dimensions(),
        })
    }

    fn rgb(&self, _max_side: u32) -> Result<RgbImage, BoxError> {
        Ok(image::load_from_memory(PHOTO)?.into_rgb8())
    }
}

/// Shows the sample photo to the back end.
pub(super) async fn examine(
    config: &Config,
    document: &[u8],
    bucket: Option<&Bucket>,
) -> Result<CheckResult> {
    let name = config.face_backend.as_str();
    match (config.face_backend, bucket) {
        (Backend::Local, _) => Ok(CheckResult::Passed(format!("`{name}` needs none"))),
        (Backend::Imm, Some(bucket)) => {
            let backend = backend(config, document)?;
            in_bucket(config, &backend, bucket).await
        }
        (Backend::Imm, None) => {
            let why = "the bucket that the back end reads cannot be used";
            Ok(CheckResult::Skipped(why.to_owned()))
        }
        (Backend::Dataplus | Backend::Facebody, _) => {
            Ok(analyse(name, &backend(config, document)?, None).await)
        }
    }
}

/// The same for a back end that reads buckets. The photo is put among results, which are not
/// processed, and removed.
async fn in_bucket(
    config: &Config,
    backend: &face::Backend,
    bucket: &Bucket,
) -> Result<CheckResult> {
    let id = uuid::Uuid::new_v4().simple();
    let key = format!("{}/mnsoss-doctor-{id}.jpg", config.oss_target_path);
    let key: ObjectKey = key.parse()?;
    let options = PutOptions {
        content_type: Some(MEDIA_TYPE.to_owned()),
        ..PutOptions::default()
    };
    let photo = Bytes::from_static(PHOTO);
    if let Err(error) = bucket.put(&key, photo, &options).await {
        return Ok(CheckResult::Failed(error_line(&error)));
    }
    let url = bucket.presign_get(&key, LIFETIME, Timestamp::now())?;
    let stored = Stored {
        url: url.expose().clone(),
        bucket: bucket.name().to_string(),
        key: key.to_string(),
        region: config.oss_region.clone(),
    };
    let result = analyse(config.face_backend.as_str(), backend, Some(stored)).await;
    let removed = bucket.delete(&key).await;
    removed.with_context(|| format!("cannot remove `{key}`"))?;
    Ok(result)
}

async fn analyse(name: &str, backend: &face::Backend, stored: Option<Stored>) -> CheckResult {
    match backend.analyse(Arc::new(Sample { stored })).await {
        Ok(analysis) if analysis.faces.len() == 1 => {
            CheckResult::Passed(format!("`{name}` finds the face in the sample photo"))
        }
        Ok(analysis) => CheckResult::Failed(format!(
            "`{name}` finds {} faces in the sample photo, which shows one",
            analysis.faces.len()
        )),
        Err(error) => CheckResult::Failed(format!(
            "{}: docs/THREAT_MODEL.md says what the key needs; see `face` in the settings too",
            error_line(&error)
        )),
    }
}

fn backend(config: &Config, document: &[u8]) -> Result<face::Backend> {
    let document = SecretDocument::from_json(str::from_utf8(document)?)?;
    let credentials = LiveCredentials::fixed(document.credentials);
    let transport = Transport::connect(&ConnectOptions::default())?;
    let endpoint = config
        .face_endpoint
        .as_deref()
        .map(Url::parse)
        .transpose()?;
    let cpus = Arc::new(Semaphore::new(1));
    Ok(match config.face_backend {
        Backend::Dataplus => {
            let endpoint = endpoint.map_or_else(|| Url::parse(dataplus::ENDPOINT), Ok)?;
            Dataplus::new(endpoint, credentials, transport, cpus).into()
        }
        Backend::Imm => {
            let project = config.face_imm_project.clone();
            let options = ImmOptions {
                project: project.context("`face.imm-project` is missing")?,
                endpoint,
            };
            Imm::new(options, credentials, transport).into()
        }
        Backend::Facebody | Backend::Local => {
            let mut options = FacebodyOptions::default();
            if let Some(endpoint) = endpoint {
                // Whatever stands in for the service stands in for its bucket too.
                let storage = config.oss_endpoint.as_deref().map(Url::parse);
                options.upload_endpoint = storage.transpose()?;
                options.open_platform_endpoint = endpoint.clone();
                options.endpoint = endpoint;
            }
            Facebody::new(options, credentials, transport, cpus).into()
        }
    })
}
