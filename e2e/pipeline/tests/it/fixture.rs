//! One pipeline per test, and what tests ask of it.

use std::ops::Deref;
use std::time::Duration;

use bytes::Bytes;
use oss::{ETag, ObjectKey, ObjectMeta, PutOptions};
use tempfile::TempDir;
use testbed::metrics::{Samples, scrape};
use testbed::{Binaries, Outcome, Pipeline, Settings, content_type};
use tokio::sync::OnceCell;

/// A healthy pipeline needs well under a second per photo; this is for a machine that
/// runs all tests at one time.
pub(crate) const DEADLINE: Duration = Duration::from_mins(2);

static BINARIES: OnceCell<Binaries> = OnceCell::const_new();

/// A running pipeline with its folder.
pub(crate) struct Fixture {
    pipeline: Pipeline,
    _folder: TempDir,
}

/// The binaries, built once for all tests.
pub(crate) async fn binaries() -> &'static Binaries {
    BINARIES.get_or_try_init(Binaries::build).await.unwrap()
}

/// Starts a pipeline; `adjust` changes the defaults.
pub(crate) async fn pipeline(adjust: impl FnOnce(&mut Settings)) -> Fixture {
    let binaries = binaries().await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(folder.path().to_owned());
    adjust(&mut settings);
    Fixture {
        pipeline: Pipeline::start(binaries, settings).await.unwrap(),
        _folder: folder,
    }
}

/// The portrait that comes with the repository.
pub(crate) fn portrait() -> Bytes {
    std::fs::read(testbed::sample()).unwrap().into()
}

/// The people whom the owner of a photo names.
pub(crate) fn options(photo: &[u8]) -> PutOptions {
    PutOptions {
        content_type: content_type(photo).map(str::to_owned),
        ..PutOptions::default()
    }
}

impl Deref for Fixture {
    type Target = Pipeline;

    fn deref(&self) -> &Pipeline {
        &self.pipeline
    }
}

impl Fixture {
    pub(crate) async fn upload(&self, key: &str, photo: Bytes) -> (ObjectKey, ETag) {
        let options = options(&photo);
        let key: ObjectKey = key.parse().unwrap();
        let etag = self.pipeline.upload(&key, photo, &options).await.unwrap();
        (key, etag)
    }

    /// Uploads a photo and waits for what becomes of it.
    pub(crate) async fn send(&self, key: &str, photo: Bytes) -> Outcome {
        let (key, etag) = self.upload(key, photo).await;
        self.outcome(&key, &etag, DEADLINE).await.unwrap()
    }

    /// Uploads a photo that must come back, and returns the result.
    pub(crate) async fn annotate(&self, key: &str, photo: Bytes) -> (ObjectMeta, Bytes) {
        match self.send(key, photo).await {
            Outcome::Annotated { target, meta } => (meta, self.cloud.read(&target).await.unwrap()),
            Outcome::Refused(letter) => panic!("`{key}` was refused: {letter:?}"),
        }
    }

    /// All keys in the bucket, in order.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let list = oss::ListRequest::default();
        let page = self.cloud.bucket.list(&list, None).await.unwrap();
        let objects = page.objects.iter();
        objects.map(|object| object.key.to_string()).collect()
    }

    /// Waits until the queue is empty: everything that was uploaded has been dealt with.
    pub(crate) async fn settled(&self) {
        self.cloud.drained(DEADLINE).await.unwrap();
    }

    /// How often the emulated service was called.
    pub(crate) async fn calls(&self, service: &str, operation: &str) -> u64 {
        let stats = self.cloud.account.admin.stats().await.unwrap();
        stats[service][operation]["calls"]
            .as_u64()
            .unwrap_or_default()
    }

    /// The face service's metrics.
    pub(crate) async fn face_metrics(&self) -> Samples {
        let address = self.services.addresses().face_recognition;
        scrape(&self.services.http, &address).await.unwrap()
    }

    /// Stops everything, which must be clean.
    pub(crate) async fn stop(self) {
        self.pipeline.stop().await.unwrap();
    }
}
