//! The running pipeline: emulator, face service and adapter that know each other.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use oss::{ETag, ObjectKey, ObjectMeta, PutOptions};
use tokio::time::{Instant, sleep};

use crate::addresses::{EmulatorAddresses, ServiceAddress};
use crate::admin::Admin;
use crate::binaries::Binaries;
use crate::dead_letters::{DeadLetter, DeadLetters};
use crate::emulated::Emulated;
use crate::launch;
use crate::process::Process;
use crate::provision::{self, Cloud};

/// How often a result is asked for while it is not there yet.
const POLL: Duration = Duration::from_millis(20);
/// A healthy start takes milliseconds; this is for a machine that is busy compiling.
const READY_DEADLINE: Duration = Duration::from_mins(1);
/// Where the face service notes which version of the photo a result was made of.
const SOURCE_ETAG: &str = "source-etag";
/// Where it notes how many faces it marked.
const FACE_COUNT: &str = "faces";

/// Who finds the faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaceBackend {
    /// The emulated `/face/attribute`.
    Dataplus,
    /// The emulated `RecognizeFace`.
    Facebody,
    /// The detector inside the face service.
    Local,
}

impl FaceBackend {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dataplus => "dataplus",
            Self::Facebody => "facebody",
            Self::Local => "local",
        }
    }
}

/// What kind of pipeline to start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder for logs and announcements; it must exist.
    pub folder: PathBuf,
    /// Who finds the faces.
    pub backend: FaceBackend,
    /// The emulator keeps its state here; in memory if `None`.
    pub data: Option<PathBuf>,
    /// Fixed, documented ports for the emulator in place of free ones.
    pub fixed_ports: bool,
    /// Filter of the log lines of all processes.
    pub log: String,
    /// The emulator keeps the last requests for its admin API, signatures and all.
    pub capture: bool,
    /// More environment for the face service.
    pub face_env: BTreeMap<String, String>,
    /// More environment for the adapter.
    pub adapter_env: BTreeMap<String, String>,
}

impl Settings {
    /// The defaults, with logs and announcements in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            backend: FaceBackend::Dataplus,
            data: None,
            fixed_ports: false,
            log: "info".to_owned(),
            capture: false,
            face_env: BTreeMap::new(),
            adapter_env: BTreeMap::new(),
        }
    }
}

/// What became of an uploaded photo.
#[derive(Debug)]
pub enum Outcome {
    /// The annotated photo lies in the bucket.
    Annotated {
        /// Where.
        target: ObjectKey,
        /// Its metadata.
        meta: ObjectMeta,
    },
    /// The pipeline gave up on it and said why.
    Refused(DeadLetter),
}

/// The running pipeline.
///
/// [`stop`](Self::stop) ends it in order; dropping it kills the processes.
#[derive(Debug)]
pub struct Stage {
    /// The emulator's addresses.
    pub addresses: EmulatorAddresses,
    /// The emulator's admin API.
    pub admin: Admin,
    /// The cloud as the pipeline's user sees it.
    pub cloud: Cloud,
    /// What the adapter gave up on.
    pub dead_letters: DeadLetters,
    /// The adapter's address for health and metrics.
    pub adapter_address: String,
    /// The face service's address.
    pub face_address: String,
    adapter: Process,
    face: Process,
    emulator: Process,
}

impl Stage {
    /// Starts the processes, makes bucket, topic, queue, subscription and event rule,
    /// and returns once all of them say that they are ready.
    ///
    /// # Errors
    /// When a process does not start (with the end of its log) or refuses a call.
    pub async fn start(binaries: &Binaries, settings: &Settings) -> Result<Self> {
        let dead_letters = DeadLetters::start().await?;
        let Emulated {
            addresses,
            admin,
            cloud,
            http,
            process: emulator,
        } = Emulated::start(binaries, settings).await?;

        let face = launch::face_recognition(binaries, settings, &addresses);
        let (face, ServiceAddress { http: face_address }) = Process::start(face).await?;
        let sink = format!("http://{face_address}/");
        let adapter = launch::source_adapter(
            binaries,
            settings,
            &addresses,
            &sink,
            Some(&dead_letters.url()),
        );
        let (
            adapter,
            ServiceAddress {
                http: adapter_address,
            },
        ) = Process::start(adapter).await?;
        let stage = Self {
            addresses,
            admin,
            cloud,
            dead_letters,
            adapter_address,
            face_address,
            adapter,
            face,
            emulator,
        };
        stage.ready(&http).await?;
        Ok(stage)
    }

    async fn ready(&self, http: &reqwest::Client) -> Result<()> {
        for (process, address) in [
            (&self.face, &self.face_address),
            (&self.adapter, &self.adapter_address),
        ] {
            let give_up = Instant::now() + READY_DEADLINE;
            let url = format!("http://{address}/readiness");
            while !http
                .get(&url)
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                if Instant::now() > give_up {
                    bail!(
                        "`{}` did not become ready: {}",
                        process.name(),
                        process.last_log_line()
                    );
                }
                sleep(POLL).await;
            }
        }
        Ok(())
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
        let target = provision::target_key(key)?;
        let give_up = Instant::now() + deadline;
        loop {
            if let Some(meta) = self.cloud.head(&target).await?
                && meta
                    .metadata
                    .get(SOURCE_ETAG)
                    .is_some_and(|source| source == etag.as_str())
            {
                return Ok(Outcome::Annotated { target, meta });
            }
            if let Some(letter) = self.dead_letters.of_key(key.as_str()) {
                return Ok(Outcome::Refused(letter));
            }
            if Instant::now() > give_up {
                bail!(
                    "no result for `{key}` within {deadline:?}; see the logs in `{}`",
                    self.face.folder().display()
                );
            }
            sleep(POLL).await;
        }
    }

    /// Stops everything in the order of the flow, so that nothing in work is cut.
    ///
    /// # Errors
    /// When a process had to be killed or reports a failure; the others are stopped
    /// all the same.
    pub async fn stop(self) -> Result<()> {
        let adapter = self.adapter.stop().await;
        let face = self.face.stop().await;
        let emulator = self.emulator.stop().await;
        adapter.and(face).and(emulator)
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
