//! Puts the parts together, runs them, and takes them down in order.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use mns::{Client, Endpoint, Queue};
use prometheus_client::registry::Registry;
use service::credentials::{CredentialRefresher, CredentialSource};
use service::traces::Identity;
use service::{ConnectOptions, HttpClientMetrics, Readiness};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::info;
use transport::{Observer, Transport};

use crate::adapter::Adapter;
use crate::config::{Config, MAX_BATCH, Operation, QueueConfig};
use crate::metrics::Metrics;
use crate::tokens::Tokens;

/// Receives and deletes here, and delivers on `delivering`, until `stop` is cancelled.
///
/// # Errors
/// When the configuration cannot be acted on, or a part ends that should not. Trouble
/// with the queue or the sink is no reason to end.
pub async fn run(
    config: Config,
    delivering: Handle,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut registry = Registry::default();
    let observer = HttpClientMetrics::new(&mut registry).observer();
    let adapter_metrics = registry.sub_registry_with_prefix("adapter");
    Metrics::describe(
        adapter_metrics,
        &config.operation,
        &config.queue,
        &config.limits,
    );
    let metrics = Metrics::new(adapter_metrics);
    let readiness = Readiness::new();
    let queue_part = readiness.check("queue");

    let listener = listen(&config.operation).await?;
    let address = listener.local_addr()?;
    let (connection, keeper) = connect(&config.queue, config.limits.pollers, &observer).await?;
    let (tokens, token_keepers) = Tokens::open(&config).await?;
    let adapter = Adapter::try_new(
        &config, connection, metrics, queue_part, tokens, observer, delivering,
    )?;

    let background_stop = CancellationToken::new();
    let mut background = JoinSet::new();
    background.spawn(service::health::serve_alone(
        listener,
        service::health::router(readiness.clone(), Arc::new(registry)),
        background_stop.clone(),
    ));
    background.spawn(keep(keeper, background_stop.clone()));
    for keeper in token_keepers {
        let stop = background_stop.clone();
        background.spawn(async move { keeper.run(&stop).await });
    }
    info!(mns.queue = %config.queue.name, sink = %config.sink.address, http = %address,
        "delivering from queue `{}` to {}, health at {address}", config.queue.name, config.sink.address);

    let outcome = adapter.run(&stop, &readiness, &mut background).await;
    background_stop.cancel();
    while background.join_next().await.is_some() {}
    outcome
}

/// What the adapter is called in traces: Knative's names for a source.
#[must_use]
pub fn identity(config: &Config) -> Identity {
    let Operation {
        namespace,
        name,
        resource_group,
        ..
    } = &config.operation;
    let namespace = namespace.clone().unwrap_or_default();
    let attributes = [
        ("k8s.namespace.name", namespace.clone()),
        ("kn.source.namespace", namespace),
        ("kn.source.name", name.clone()),
        ("kn.source.resourcegroup", resource_group.clone()),
    ];
    let is_said = |attribute: &(_, String)| !attribute.1.is_empty();
    Identity {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        attributes: attributes.into_iter().filter(is_said).collect(),
    }
}

async fn keep(keeper: CredentialRefresher, stop: CancellationToken) {
    keeper.run(&stop).await;
}

async fn listen(operation: &Operation) -> anyhow::Result<TcpListener> {
    let listener = service::bind(operation.listen, "--listen").await?;
    if let Some(path) = &operation.announce {
        service::announce(path, &[("http", listener.local_addr()?)])?;
    }
    Ok(listener)
}

/// The queue, ready to be called.
pub(crate) struct Connection {
    pub(crate) queue: Queue,
    /// Its name for others, as far as the endpoint tells it.
    pub(crate) arn: String,
}

async fn connect(
    config: &QueueConfig,
    pollers: usize,
    observer: &Arc<dyn Observer>,
) -> anyhow::Result<(Connection, CredentialRefresher)> {
    let QueueConfig {
        endpoint,
        name,
        access_token_file,
    } = config;
    let options = ConnectOptions {
        idle_per_host: pollers + MAX_BATCH,
        ..ConnectOptions::default()
    };
    let transport = Transport::connect(&options)?.observed_by(observer.clone());
    let source =
        CredentialSource::from_vars(access_token_file.clone(), "MNS_ACCESS_TOKEN_FILE", |name| {
            std::env::var(name).ok()
        })?;
    let opened = source.open(transport.clone()).await?;
    let endpoint: Endpoint = match (endpoint, opened.url) {
        (Some(endpoint), _) => endpoint.clone(),
        (None, Some(url)) => url
            .parse()
            .context("the `url` of the mounted Secret is not an endpoint of MNS")?,
        (None, None) => {
            return Err(anyhow!(
                "`MNS_ENDPOINT` is missing: set it, or mount a Secret with a `url`"
            ));
        }
    };
    let arn = endpoint
        .queue_arn(name)
        .unwrap_or_else(|| format!("queues/{name}"));
    let client = Client::builder(endpoint, opened.credentials).build_on(transport);
    let queue = client.queue(name.clone());
    Ok((Connection { queue, arn }, opened.refresher))
}
