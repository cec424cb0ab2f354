//! One pipeline per test, and what tests ask of it.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use oss::{ETag, ObjectKey, ObjectMeta, PutOptions};
use tempfile::TempDir;
use testbed::{Binaries, Outcome, Samples, Settings, Stage, content_type, scrape};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

/// A healthy pipeline needs well under a second per photo; this is for a machine that
/// runs all tests at one time.
const DEADLINE: Duration = Duration::from_mins(2);

static BINARIES: OnceCell<Binaries> = OnceCell::const_new();

/// A running pipeline with its folder.
pub(crate) struct Pipeline {
    pub(crate) stage: Stage,
    _folder: TempDir,
}

/// The binaries, built once for all tests.
pub(crate) async fn binaries() -> &'static Binaries {
    BINARIES.get_or_try_init(Binaries::build).await.unwrap()
}

/// Starts a pipeline; `adjust` changes the defaults.
pub(crate) async fn pipeline(adjust: impl FnOnce(&mut Settings)) -> Pipeline {
    let binaries = binaries().await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(folder.path().to_owned());
    adjust(&mut settings);
    let stage = Stage::start(binaries, &settings).await.unwrap();
    Pipeline {
        stage,
        _folder: folder,
    }
}

/// The portrait that comes with the repository.
pub(crate) fn portrait() -> Bytes {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/astronaut.jpg");
    std::fs::read(path).unwrap().into()
}

impl Pipeline {
    pub(crate) async fn upload(&self, key: &str, photo: Bytes) -> (ObjectKey, ETag) {
        let options = PutOptions {
            content_type: content_type(&photo).map(str::to_owned),
            ..PutOptions::default()
        };
        let key: ObjectKey = key.parse().unwrap();
        let etag = self.stage.upload(&key, photo, &options).await.unwrap();
        (key, etag)
    }

    /// Uploads a photo and waits for what becomes of it.
    pub(crate) async fn send(&self, key: &str, photo: Bytes) -> Outcome {
        let (key, etag) = self.upload(key, photo).await;
        self.stage.outcome(&key, &etag, DEADLINE).await.unwrap()
    }

    /// Uploads a photo that must come back, and returns the result.
    pub(crate) async fn annotate(&self, key: &str, photo: Bytes) -> (ObjectMeta, Bytes) {
        match self.send(key, photo).await {
            Outcome::Annotated { target, meta } => {
                (meta, self.stage.cloud.read(&target).await.unwrap())
            }
            Outcome::Refused(letter) => panic!("`{key}` was refused: {letter:?}"),
        }
    }

    /// All keys in the bucket, in order.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let page = self
            .stage
            .cloud
            .bucket
            .list(&oss::ListRequest::default(), None)
            .await
            .unwrap();
        page.objects
            .iter()
            .map(|object| object.key.to_string())
            .collect()
    }

    /// Waits until the queue is empty: everything that was uploaded has been dealt with.
    pub(crate) async fn settled(&self) {
        let give_up = Instant::now() + DEADLINE;
        while self.stage.cloud.backlog().await.unwrap() > 0 {
            assert!(Instant::now() < give_up, "messages are left in the queue");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// How often the emulated service was called.
    pub(crate) async fn calls(&self, service: &str, operation: &str) -> u64 {
        let stats = self.stage.admin.stats().await.unwrap();
        stats[service][operation]["calls"]
            .as_u64()
            .unwrap_or_default()
    }

    /// The face service's metrics.
    pub(crate) async fn face_metrics(&self) -> Samples {
        let http = service::http_client(&service::ConnectOptions::default()).unwrap();
        scrape(&http, &self.stage.face_address).await.unwrap()
    }

    /// Stops everything, which must be clean.
    pub(crate) async fn stop(self) {
        self.stage.stop().await.unwrap();
    }
}
