//! Setting the scene: in containers if that can be, else in processes, and it says why.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use mns::{QueueAttributes, VisibilityTimeout};
use tempfile::TempDir;
use testbed::{Admin, Binaries, Cloud, DeadLetters, EmulatorAddresses};
use tokio::sync::RwLock;

use super::Scene;
use crate::args::Isolation;
use crate::counts::Counts;
use crate::keyring::Keyring;
use crate::launch::{Service, Wiring};
use crate::ledger::Ledger;
use crate::photos::Photo;
use crate::relay::{Mischief, Relay, Witness};
use crate::schedule::Slowness;
use crate::site::{Containers, Engine, Housing, Processes, Site};

/// A site without services, and what it is.
struct Ground {
    site: Site,
    folder: TempDir,
    isolation: String,
    reason: String,
}

impl Scene {
    /// Builds what is to run, and starts it.
    ///
    /// # Errors
    /// When something does not build or start. If the choice is ours, containers that do
    /// not come up are no error but the reason to take processes.
    pub(crate) async fn open(
        isolation: Isolation,
        slowness: Slowness,
        photos: &Arc<Vec<Photo>>,
    ) -> Result<Self> {
        if isolation == Isolation::Processes {
            return processes("as was asked for", slowness, Arc::clone(photos)).await;
        }
        let contained = containers(slowness, Arc::clone(photos)).await;
        match (contained, isolation) {
            (Err(error), Isolation::Auto) => {
                let reason = format!("no containers here: {error:#}");
                processes(&reason, slowness, Arc::clone(photos)).await
            }
            (contained, _) => contained,
        }
    }
}

async fn containers(slowness: Slowness, photos: Arc<Vec<Photo>>) -> Result<Scene> {
    let engine = Engine::detect().await?;
    let folder = folder()?;
    let containers = Containers::new(engine, folder.path().to_owned()).await?;
    let places = containers.places();
    let site = Site::new(places, Housing::Containers(containers))?;
    let ground = Ground {
        site,
        folder,
        isolation: "containers".to_owned(),
        reason: format!("{} runs them here", engine.name()),
    };
    populate(ground, slowness, photos).await
}

async fn processes(reason: &str, slowness: Slowness, photos: Arc<Vec<Photo>>) -> Result<Scene> {
    let binaries = Binaries::build().await?;
    let folder = folder()?;
    let places = Processes::places().await?;
    let processes = Processes::new(binaries, folder.path().to_owned());
    let ground = Ground {
        site: Site::new(places, Housing::Processes(processes))?,
        folder,
        isolation: "processes".to_owned(),
        reason: reason.to_owned(),
    };
    populate(ground, slowness, photos).await
}

/// A folder with room for the emulator's data and for a Secret.
fn folder() -> Result<TempDir> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let allow = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode));
    allow(folder.path(), 0o755)?;
    // The emulator's image has a user of its own, and it writes.
    for (name, mode) in [("data", 0o777), ("secret", 0o755)] {
        let path = folder.path().join(name);
        std::fs::create_dir(&path)?;
        allow(&path, mode)?;
    }
    Ok(folder)
}

/// Starts the services, each after what it needs.
async fn populate(ground: Ground, slowness: Slowness, photos: Arc<Vec<Photo>>) -> Result<Scene> {
    let Ground {
        mut site,
        folder,
        isolation,
        reason,
    } = ground;
    // First, because a network has no gateway to listen at before its first container.
    site.furnish(Service::Emulator, &Wiring::default()).await?;
    site.start(Service::Emulator).await?;
    let (admin, cloud) = cloud(&site, slowness).await?;
    let keyring = Keyring::new(folder.path().join("secret"), admin.clone()).await?;

    let (ledger, mischief) = (Arc::new(Ledger::default()), Arc::new(Mischief::default()));
    let places = site.places.clone();
    let events = Witness::Events(Arc::clone(&ledger));
    let sink = Relay::start(places.host, places.face, events, Arc::clone(&mischief)).await?;
    let analyses = Witness::Analyses(Arc::clone(&ledger), photos);
    let face_api = Relay::start(places.host, places.faces, analyses, Arc::default()).await?;
    let dead_letters = DeadLetters::start_at(places.host).await?;
    let wiring = Wiring {
        face_api: face_api.url(),
        sink: sink.url(),
        dead_letters: dead_letters.url(),
        delivery_timeout: slowness.delivery_timeout,
    };
    for service in [Service::Face, Service::Adapter] {
        site.furnish(service, &wiring).await?;
        site.start(service).await?;
    }
    Ok(Scene {
        is_of_containers: isolation == "containers",
        site,
        admin,
        cloud,
        dead_letters,
        ledger,
        counts: Counts::default(),
        isolation,
        reason,
        keyring,
        slowness,
        mischief,
        presence: RwLock::default(),
        _relays: [sink, face_api],
        _folder: folder,
    })
}

/// Everything that a user would make in the consoles.
async fn cloud(site: &Site, slowness: Slowness) -> Result<(Admin, Cloud)> {
    let places = &site.places;
    let http = service::http_client(&service::ConnectOptions::default())?;
    let admin = Admin::new(http.clone(), &places.admin);
    let addresses = EmulatorAddresses {
        oss: places.oss.clone(),
        mns: places.mns.clone(),
        face: places.faces.clone(),
        admin: places.admin.clone(),
    };
    let cloud = Cloud::provision(&http, &addresses, &admin).await?;
    let attributes = QueueAttributes {
        visibility_timeout: Some(VisibilityTimeout::saturating(slowness.visibility)),
        ..QueueAttributes::default()
    };
    cloud.queue.set_attributes(&attributes).await?;
    Ok((admin, cloud))
}
