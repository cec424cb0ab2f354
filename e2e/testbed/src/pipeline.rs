//! The running pipeline: emulator, face service and adapter that know each other.

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use oss::{ETag, ObjectKey, ObjectMeta, PutOptions};

use crate::binaries::Binaries;
use crate::cloud::{self, Cloud};
use crate::eventually::{Progress, poll_until};
use crate::service::{Service, Settings};
use crate::services::Services;
use crate::sink::{DeadLetter, EventSink};

/// Where the face service notes which version of the photo a result was made of.
const SOURCE_ETAG: &str = "source-etag";
/// Where it notes how many faces it marked.
const FACE_COUNT: &str = "faces";

/// The outcome of an uploaded photo.
#[derive(Debug)]
pub enum Outcome {
    /// The annotated photo lies in the bucket.
    Annotated {
        /// Where.
        target: ObjectKey,
        /// Its metadata.
        meta: ObjectMeta,
    },
    /// The adapter gave up on it and said why.
    Refused(DeadLetter),
}

/// The running pipeline.
///
/// [`stop`](Self::stop) ends it in order; dropping it kills the processes.
#[derive(Debug)]
pub struct Pipeline {
    /// Emulator, face service and adapter.
    pub services: Services,
    /// The cloud as the pipeline's user sees it.
    pub cloud: Cloud,
    /// What the adapter gave up on.
    pub dead_letters: EventSink,
}

impl Pipeline {
    /// Starts the services as processes, makes bucket, topic, queue, subscription and event
    /// rule, and returns once all services say that they are ready.
    ///
    /// # Errors
    /// When a process does not start (with the end of its log) or refuses a call.
    pub async fn start(binaries: &Binaries, settings: Settings) -> Result<Self> {
        let dead_letters = EventSink::accepting().await?;
        let mut services = Services::processes(binaries.clone(), settings)?;
        let cloud = services.start_cloud().await?;
        services.set_dead_letter_sink(&dead_letters.url());
        let (face, adapter) = (Service::FaceRecognition, Service::SourceAdapter);
        services.start(face).await?;
        services.start(adapter).await?;
        services.ready(face).await?;
        services.ready(adapter).await?;
        Ok(Self {
            services,
            cloud,
            dead_letters,
        })
    }

    /// Uploads a photo as its owner would.
    ///
    /// # Errors
    /// When OSS refuses or does not answer.
    pub async fn upload(
        &self,
        key: &ObjectKey,
        photo: Bytes,
        options: &PutOptions,
    ) -> Result<ETag> {
        let put = self.cloud.bucket.put(key, photo, options).await;
        Ok(put.with_context(|| format!("cannot upload `{key}`"))?.etag)
    }

    /// Waits until the photo with this key and `ETag` came back or was given up on.
    ///
    /// # Errors
    /// When neither happens within `deadline`, or OSS does not answer.
    pub async fn outcome(
        &self,
        key: &ObjectKey,
        etag: &ETag,
        deadline: Duration,
    ) -> Result<Outcome> {
        let target = cloud::target_key(key)?;
        let what = format!("a result for `{key}`");
        poll_until(&what, deadline, || async {
            if let Some(meta) = self.cloud.head(&target).await?
                && meta.metadata.get(SOURCE_ETAG) == Some(etag.as_str())
            {
                let target = target.clone();
                return Ok(Progress::Done(Outcome::Annotated { target, meta }));
            }
            if let Some(letter) = self.dead_letters.dead_letter_of(key.as_str()) {
                return Ok(Progress::Done(Outcome::Refused(letter)));
            }
            let logs = self.services.settings.folder.display();
            Ok(Progress::Pending(format!("none; see the logs in `{logs}`")))
        })
        .await
    }

    /// Stops everything in the order of the flow, so that nothing in work is cut.
    ///
    /// # Errors
    /// When a process had to be killed or reports a failure; the others are stopped
    /// all the same.
    pub async fn stop(self) -> Result<()> {
        self.services.stop().await
    }
}

/// How many faces the face service marked, as the result's metadata says.
///
/// # Errors
/// When the metadata does not say.
pub fn face_count(meta: &ObjectMeta) -> Result<u32> {
    let count = meta
        .metadata
        .get(FACE_COUNT)
        .context("the result does not say how many faces it has")?;
    count
        .parse()
        .with_context(|| format!("`{count}` is no number of faces"))
}
