//! Starting everything: in containers if that can be, else as processes, and it says why.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use mns::{QueueAttributes, VisibilityTimeout};
use tempfile::TempDir;
use testbed::{
    Binaries, Engine, EventSink, FaultInjector, Keys, Proxy, Service, Services, Settings,
};
use tokio::sync::RwLock;

use super::Environment;
use crate::args::Isolation;
use crate::counts::Counts;
use crate::credentials::CredentialRotation;
use crate::ledger::Ledger;
use crate::photos::Photo;
use crate::recorder::LedgerRecorder;
use crate::schedule::Slowness;

/// Services that do not run yet, and what they will run in.
struct Prepared {
    services: Services,
    folder: TempDir,
    isolation: &'static str,
    reason: String,
}

impl Environment {
    /// Builds what is to run, and starts it.
    ///
    /// # Errors
    /// When something does not build or start. If the choice is ours, containers that do
    /// not come up are no error but the reason to take processes.
    pub(crate) async fn start(
        isolation: Isolation,
        slowness: Slowness,
        photos: &Arc<Vec<Photo>>,
    ) -> Result<Self> {
        if isolation == Isolation::Processes {
            let prepared = processes("as was asked for".to_owned()).await?;
            return start_all(prepared, slowness, photos).await;
        }
        let contained = async { start_all(containers().await?, slowness, photos).await };
        match (contained.await, isolation) {
            (Err(error), Isolation::Auto) => {
                let prepared = processes(format!("no containers here: {error:#}")).await?;
                start_all(prepared, slowness, photos).await
            }
            (contained, _) => contained,
        }
    }

    /// Whether services are containers, with a network of their own.
    pub(super) fn is_of_containers(&self) -> bool {
        self.isolation == CONTAINERS
    }
}

const CONTAINERS: &str = "containers";

async fn containers() -> Result<Prepared> {
    let engine = Engine::detect_runner().await?;
    let (folder, settings) = folder()?;
    Ok(Prepared {
        services: Services::containers(engine, settings).await?,
        folder,
        isolation: CONTAINERS,
        reason: format!("{} runs them here", engine.name()),
    })
}

async fn processes(reason: String) -> Result<Prepared> {
    let binaries = Binaries::build().await?;
    let (folder, mut settings) = folder()?;
    settings.data = Some(folder.path().join("data"));
    settings.keys = Keys::Secret(folder.path().join("secret"));
    Ok(Prepared {
        services: Services::processes(binaries, settings)?,
        folder,
        isolation: "processes",
        reason,
    })
}

/// A folder with room for the emulator's data and for a Secret, and settings for it.
fn folder() -> Result<(TempDir, Settings)> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let allow = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode));
    allow(folder.path(), 0o755)?;
    // The emulator's image has a user of its own, and it writes.
    for (name, mode) in [("data", 0o777), ("secret", 0o755)] {
        let path = folder.path().join(name);
        std::fs::create_dir(&path)?;
        allow(&path, mode)?;
    }
    let settings = Settings::new(folder.path().to_owned());
    Ok((folder, settings))
}

/// Starts the services, each after what it needs.
async fn start_all(
    prepared: Prepared,
    slowness: Slowness,
    photos: &Arc<Vec<Photo>>,
) -> Result<Environment> {
    let Prepared {
        mut services,
        folder,
        isolation,
        reason,
    } = prepared;
    // First, because a network has no gateway to listen at before its first container.
    let cloud = services.start_cloud().await?;
    let attributes = QueueAttributes {
        visibility_timeout: Some(VisibilityTimeout::saturating(slowness.visibility)),
        ..QueueAttributes::default()
    };
    cloud.queue.set_attributes(&attributes).await?;
    let (secret, admin) = (folder.path().join("secret"), cloud.account.admin.clone());
    let credentials = CredentialRotation::start(secret, admin).await?;

    let (host, ledger) = (services.host(), Arc::<Ledger>::default());
    let analyses = LedgerRecorder::Analyses(Arc::clone(&ledger), Arc::clone(photos));
    let face_api = services.addresses().face_api;
    let face_api = Proxy::start(host, face_api, Arc::new(analyses), Arc::default()).await?;
    let face_endpoint = ("FACE_ENDPOINT".to_owned(), face_api.url());
    services.settings.face_env.extend([face_endpoint]);
    services.start(Service::FaceRecognition).await?;

    let sink_faults = Arc::<FaultInjector>::default();
    let deliveries = Arc::new(LedgerRecorder::Deliveries(Arc::clone(&ledger)));
    let face = services.addresses().face_recognition;
    let sink = Proxy::start(host, face, deliveries, Arc::clone(&sink_faults)).await?;
    let dead_letters = EventSink::accepting_at(host).await?;
    let delivery = delivery(sink.url(), slowness.delivery_timeout);
    services.settings.adapter_env.extend(delivery);
    services.set_dead_letter_sink(&dead_letters.url());
    services.start(Service::SourceAdapter).await?;
    Ok(Environment {
        services,
        cloud,
        dead_letters,
        ledger,
        counts: Counts::default(),
        isolation,
        reason,
        credentials,
        slowness,
        sink_faults,
        emulator_presence: RwLock::default(),
        _proxies: [sink, face_api],
        _folder: folder,
    })
}

/// How the adapter delivers. A photo may meet more trouble here than in a year: it is to be
/// tried until the trouble ends, and without long waits, for the sake of the run's time.
fn delivery(sink: String, timeout: Duration) -> BTreeMap<String, String> {
    let variables = [
        ("K_SINK", sink),
        ("DELIVERY_RETRY", "1000".to_owned()),
        ("DELIVERY_BACKOFF_POLICY", "linear".to_owned()),
        ("DELIVERY_BACKOFF_DELAY", "PT0.3S".to_owned()),
        ("DELIVERY_TIMEOUT", format!("PT{}S", timeout.as_secs())),
    ];
    variables
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}
