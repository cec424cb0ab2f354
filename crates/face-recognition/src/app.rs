//! Builds the service's parts, serves, and shuts down in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::routing::post;
use face::dataplus::Dataplus;
use face::facebody::{Facebody, FacebodyOptions};
use face::imm::{Imm, ImmOptions};
use face::local::{Analyser, Local};
use face::{Backend, dataplus};
use prometheus_client::registry::Registry;
use service::credentials::CredentialSource;
use service::traces::Identity;
use service::{ConnectOptions, HttpClientMetrics, Readiness};
use signing::LiveCredentials;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};
use transport::Transport;
use url::Url;

use crate::config::{BackendKind, Config, Faces, Limits, Operation, Output, Storage};
use crate::handler::{self, AppState};
use crate::keyed_mutex::KeyedMutex;
use crate::memory_budget::MemoryBudget;
use crate::metrics::Metrics;
use crate::pipeline::Pipeline;
use crate::storage::Buckets;
use crate::temporary;

/// Takes events until `stop` is cancelled, then finishes what is in progress.
///
/// # Errors
/// When the configuration cannot be acted on: no credentials, an address in use.
pub async fn run(
    config: Config,
    credentials: CredentialSource,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Config {
        storage,
        faces,
        output,
        limits,
        operation,
        telemetry: _,
        traces: _,
    } = config;
    let (listener, health_listener) = listen(&operation).await?;
    let address = listener.local_addr()?;
    let options = ConnectOptions {
        idle_per_host: limits.max_events,
        ..ConnectOptions::default()
    };
    let mut registry = Registry::default();
    let observer = HttpClientMetrics::new(&mut registry).observer();
    let transport = Transport::connect(&options)?.observed_by(observer);
    let opened = credentials.open(transport.clone()).await?;
    temporary::refuse(faces.backend, &opened.credentials)?;

    let metrics = Metrics::new(registry.sub_registry_with_prefix("face"));
    let pipeline = pipeline(
        storage,
        &faces,
        output,
        limits,
        &opened.credentials,
        &transport,
        metrics,
    )?;
    let state = AppState {
        pipeline: Arc::new(pipeline),
        slots: Arc::new(Semaphore::new(limits.max_events)),
        bodies: MemoryBudget::new(Limits::EVENT_MEMORY),
        tasks: TaskTracker::new(),
        stop: stop.clone(),
    };
    info!(
        memory.bytes = limits.memory_bytes(),
        "up to {} MiB of memory at these limits",
        limits.memory_bytes() >> 20
    );
    let readiness = Readiness::new();
    let health = service::health::router(readiness.clone(), Arc::new(registry));
    let router = router(state.clone()).merge(health.clone());
    info!(http = %address, face.backend = faces.backend.name(),
        "taking events at {address}, faces by `{}`", faces.backend.name());
    // Health is served as long as events are in progress, for the kubelet's probes.
    let health_stop = CancellationToken::new();
    let health = health_listener.map(|listener| {
        tokio::spawn(service::health::serve_alone(
            listener,
            health,
            health_stop.clone(),
        ))
    });
    let part = readiness.check("credentials");
    let keeper = tokio::spawn({
        let stop = stop.clone();
        async move {
            let keeping = opened.refresher.run(&stop);
            let watching = temporary::watch(faces.backend, &opened.credentials, &part, &stop);
            tokio::join!(keeping, watching);
        }
    });
    serve(listener, router, limits, &state, &readiness).await;
    health_stop.cancel();
    if let Some(health) = health {
        health
            .await
            .context("the health listener ended in a defect")?;
    }
    keeper
        .await
        .context("keeping the credentials fresh ended unexpectedly")
}

/// What the service is called in traces.
#[must_use]
pub fn identity() -> Identity {
    Identity {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        attributes: BTreeMap::new(),
    }
}

fn router(state: AppState) -> Router {
    Router::new()
        .route("/", post(handler::event).options(handler::options))
        .with_state(state)
}

/// Serves, then waits for work whose client has gone away, all within one grace period.
async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    state: &AppState,
    readiness: &Readiness,
) {
    let bounds = service::Limits {
        drain_grace: limits.drain_grace,
        max_connections: Limits::CONNECTIONS,
        ..service::Limits::default()
    };
    let closing = async {
        state.stop.cancelled().await;
        readiness.close();
        Instant::now() + limits.drain_grace
    };
    let serving = service::serve(listener, router, bounds, state.stop.clone());
    let (_drained, deadline) = tokio::join!(serving, closing);
    state.tasks.close();
    match timeout_at(deadline, state.tasks.wait()).await {
        Ok(()) => info!("every event is finished"),
        Err(_elapsed) => warn!(
            events = state.tasks.len(),
            "events in progress are abandoned; they will be delivered again"
        ),
    }
}

/// The listener for events, and that for health if it has its own.
async fn listen(operation: &Operation) -> anyhow::Result<(TcpListener, Option<TcpListener>)> {
    let listener = service::bind(operation.address(), "--listen").await?;
    let mut addresses = vec![("http", listener.local_addr()?)];
    let mut health = None;
    if let Some(address) = operation.health_listen {
        let listener = service::bind(address, "--health-listen").await?;
        addresses.push(("health", listener.local_addr()?));
        health = Some(listener);
    }
    if let Some(path) = &operation.announce {
        service::announce(path, &addresses)?;
    }
    Ok((listener, health))
}

fn pipeline(
    storage: Storage,
    faces: &Faces,
    output: Output,
    limits: Limits,
    credentials: &LiveCredentials,
    transport: &Transport,
    metrics: Metrics,
) -> anyhow::Result<Pipeline> {
    let cpus = Arc::new(Semaphore::new(limits.cpus));
    let backend = backend(faces, &storage, credentials, transport, &cpus)?;
    Ok(Pipeline {
        buckets: Buckets::new(storage.clone(), credentials.clone(), transport.clone()),
        storage,
        limits,
        url_lifetime: faces.url_lifetime,
        attributes: faces.attributes,
        output,
        backend,
        cpus,
        readers: Arc::new(Semaphore::new(limits.cpus)),
        calls: Arc::new(Semaphore::new(faces.max_calls)),
        files: MemoryBudget::new(limits.file_memory),
        pixels: MemoryBudget::new(limits.pixel_memory),
        results: KeyedMutex::new(),
        metrics,
    })
}

fn backend(
    faces: &Faces,
    storage: &Storage,
    credentials: &LiveCredentials,
    transport: &Transport,
    cpus: &Arc<Semaphore>,
) -> anyhow::Result<Backend> {
    let endpoint = faces.endpoint.as_ref();
    let (credentials, transport, cpus) = (credentials.clone(), transport.clone(), cpus.clone());
    Ok(match faces.backend {
        BackendKind::Dataplus => {
            let endpoint = match endpoint {
                Some(endpoint) => endpoint.clone(),
                None => Url::parse(dataplus::ENDPOINT)?,
            };
            Dataplus::new(endpoint, credentials, transport, cpus).into()
        }
        BackendKind::Facebody => {
            let mut options = FacebodyOptions::default();
            if let Some(endpoint) = endpoint {
                options.endpoint = endpoint.clone();
                // Whatever stands in for the service stands in for its bucket too.
                options.upload_endpoint.clone_from(&storage.endpoint);
            }
            if let Some(endpoint) = faces.open_platform_endpoint.as_ref().or(endpoint) {
                options.open_platform_endpoint = endpoint.clone();
            }
            Facebody::new(options, credentials, transport, cpus).into()
        }
        BackendKind::Imm => {
            let project = faces.imm_project.clone();
            let options = ImmOptions {
                project: project.context("`FACE_IMM_PROJECT` is missing")?,
                endpoint: endpoint.cloned(),
            };
            Imm::new(options, credentials, transport).into()
        }
        BackendKind::Local => {
            let threads = cpus.available_permits();
            Local::new(Analyser::new(faces.local()?, threads), cpus).into()
        }
    })
}
