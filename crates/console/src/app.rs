//! Puts the parts together, serves, and takes them down in order.

use std::sync::Arc;

use anyhow::Context as _;
use axum::{Router, middleware};
use http::HeaderValue;
use jiff::Timestamp;

use prometheus_client::registry::Registry;
use service::credentials::CredentialSource;
use service::{ConnectOptions, Limits, Readiness};
use signing::LiveCredentials;
use tokio_util::sync::CancellationToken;
use tracing::info;
use transport::Transport;

use crate::broadcaster::Broadcaster;
use crate::config::{Access, Config, QueueConfig};
use crate::console::{Console, QueueView, RateLimits, Shared};
use crate::gallery::Gallery;
use crate::journey::Journeys;
use crate::session::Sessions;
use crate::source::Source;
use crate::status::StatusHistory;
use crate::{api, page, security};

/// Serves the page until `stop` is cancelled.
///
/// # Errors
/// When the configuration cannot be acted on: no credentials, an address in use.
pub async fn run(
    config: Config,
    access: Access,
    credentials: CredentialSource,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Config {
        bucket,
        queue,
        operation,
        ..
    } = config;
    let listener = service::bind(operation.address(), "--listen").await?;
    let address = listener.local_addr()?;
    let transport = Transport::connect(&ConnectOptions::default())?;
    let opened = credentials.open(transport.clone()).await?;
    let queue = open_queue(
        queue,
        opened.url.as_deref(),
        &opened.credentials,
        &transport,
    )?;
    let open = |endpoint: oss::Endpoint| {
        let client = oss::Client::builder(endpoint, opened.credentials.clone());
        client
            .build_on(transport.clone())
            .bucket(bucket.name.clone())
    };
    let public = bucket.browsers_endpoint()?;
    let policy = security::policy(&public.origin(&bucket.name));
    let policy = policy.context("the bucket's address fits no header")?;
    let broadcaster = Arc::new(Broadcaster::new());
    let console = Arc::new(Console {
        bucket: open(bucket.own_endpoint()?),
        public: open(public),
        settings: bucket,
        events_host: access.events_host.clone(),
        sessions: Sessions::new(access),
        journeys: Journeys::new(Arc::clone(&broadcaster), Timestamp::now()),
        gallery: Gallery::default(),
        status: StatusHistory::new(queue.mns.is_some(), queue.source.is_some()),
        queue,
        broadcaster,
        rate_limits: RateLimits::default(),
        stop: stop.clone(),
    });
    let readiness = Readiness::new();
    let router = router(&console, policy).merge(service::health::router(
        readiness.clone(),
        Arc::new(Registry::default()),
    ));
    if let Some(path) = &operation.announce {
        service::announce(path, &[("http", address)])?;
    }
    info!(http = %address, "the page is at {address}");
    let watching = tokio::spawn(Arc::clone(&console).watch());
    let listing = tokio::spawn(Arc::clone(&console).keep_gallery());
    let keeping = tokio::spawn({
        let stop = stop.clone();
        async move { opened.refresher.run(&stop).await }
    });
    service::serve(listener, router, Limits::default(), stop).await;
    readiness.close();
    let ended = tokio::try_join!(watching, listing, keeping);
    ended.context("background work ended in a defect")?;
    Ok(())
}

fn router(console: &Shared, policy: HeaderValue) -> Router {
    Router::new()
        .merge(page::router())
        .merge(api::router(Arc::clone(console)))
        .layer(middleware::from_fn_with_state(policy, security::headers))
}

/// How the queue is found, if there is one to be shown.
fn open_queue(
    settings: QueueConfig,
    mounted_url: Option<&str>,
    credentials: &LiveCredentials,
    transport: &Transport,
) -> anyhow::Result<QueueView> {
    let QueueConfig {
        endpoint,
        name,
        source,
    } = settings;
    if name.is_none() && source.is_none() {
        return Ok(QueueView::default());
    }
    let mounted = || mounted_url.map(str::parse).transpose();
    let endpoint = match endpoint {
        Some(endpoint) => Some(endpoint),
        None => mounted().context("the mounted Secret names no URL of MNS")?,
    };
    let endpoint = endpoint.context(
        "there is a queue to be shown, but neither `MNS_ENDPOINT` nor the mounted Secret says where \
         MNS is",
    )?;
    let client = mns::Client::builder(endpoint, credentials.clone());
    let source = source.map(Source::in_cluster).transpose();
    Ok(QueueView {
        mns: Some(client.build_on(transport.clone())),
        name,
        source: source.context("`CONSOLE_SOURCE` is set")?,
    })
}
