//! Builds the components, runs them, and shuts them down in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use kube::Client;
use kube::runtime::events::Reporter;
use mns::OpenApiEndpoint;
use prometheus_client::registry::Registry;
use service::credentials::CredentialSource;
use service::{ConnectOptions, HttpClientError, HttpClientMetrics, Readiness, ReadinessCheck};
use source_api::names;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info, warn};
use transport::{Networks, Observer, Reach, RetryPolicy, Transport};

use crate::Args;
use crate::account::CloudIdentity;
use crate::backlog::Backlogs;
use crate::context::{Context, Parts};
use crate::controller::{self, WatchInputs};
use crate::deployment::{AdapterSettings, CloudVariables};
use crate::leader::{Election, Leadership};
use crate::metrics::Metrics;
use crate::recorder::Recorder;
use crate::requeue::RequeuePolicy;
use crate::scaler;
use crate::sink::cluster_domain;

/// How long reconciles in progress may go on after a signal to stop. Below the pod's grace period.
const DRAIN: Duration = Duration::from_secs(15);
/// How long calls of KEDA may go on after that.
const SCALER_DRAIN: Duration = Duration::from_secs(1);

/// Stands by until this process is the leader, and then reconciles sources until `stop` is
/// cancelled.
///
/// # Errors
/// When the configuration cannot be acted on, or the leadership is lost: then the process
/// must end, so that it does not work beside its successor.
pub async fn run(args: Args, stop: CancellationToken) -> anyhow::Result<()> {
    let config = kube::Config::infer()
        .await
        .context("no kubeconfig and no in-cluster configuration")?;
    let namespace = args
        .namespace
        .clone()
        .unwrap_or_else(|| config.default_namespace.clone());
    let client = Client::try_from(config).context("cannot set up the client of the API server")?;
    run_with(client, &namespace, args, stop).await
}

/// As [`run`], with a given client of the API server. The lease is in `namespace`.
///
/// # Errors
/// As for [`run`].
pub async fn run_with(
    client: Client,
    namespace: &str,
    args: Args,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let identity = args.identity.clone().unwrap_or_else(random_identity);
    let mut registry = Registry::default();
    let observer = HttpClientMetrics::new(&mut registry).observer();
    let ours = registry.sub_registry_with_prefix("source_controller");
    let metrics = Metrics::new(ours);
    let backlogs = Backlogs::default();
    ours.register_collector(Box::new(backlogs.clone()));
    let election = Election::new(client.clone(), namespace, &args.lease, &identity);
    let parts = parts(&args, client, metrics, backlogs, &identity, &observer)?;
    let cloud_identity = parts.cloud_identity.clone();
    let (ctx, inputs) = Context::new(parts);
    let ctx = Arc::new(ctx);

    let readiness = Readiness::new();
    let side_stop = CancellationToken::new();
    let side = serve(&args, readiness.clone(), registry, &ctx, &side_stop).await?;
    // Sources that need the identity would otherwise be reported as unready at every start.
    let _refresher = begin(cloud_identity, &stop).await;
    let outcome = work(&args, ctx, inputs, &election, &identity, &stop).await;
    readiness.close();
    side_stop.cancel();
    for listener in side {
        listener.await.context("a listener panicked")?;
    }
    outcome
}

/// For a process outside a cluster, which has no name of its own.
fn random_identity() -> String {
    format!("{}-{}", names::CONTROLLER, uuid::Uuid::new_v4())
}

/// Waits for the leadership and then leads. A process that stands by is as healthy as the leader.
async fn work(
    args: &Args,
    ctx: Arc<Context>,
    inputs: WatchInputs,
    election: &Election,
    identity: &str,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    info!(identity, "waiting for the leader lease");
    let Some(mut leadership) = election.acquire(stop).await else {
        return Ok(());
    };
    let (metrics, backlogs) = (ctx.metrics.clone(), ctx.backlogs.clone());
    metrics.lead(true);
    // The queries for backlogs end with the leadership.
    let queries = AbortOnDropHandle::new(tokio::spawn(async move { backlogs.run().await }));
    let outcome = lead(args, ctx, inputs, &mut leadership, stop).await;
    drop(queries);
    metrics.lead(false);
    leadership.release().await;
    outcome
}

/// Works as the leader until `stop` is cancelled or the leadership is lost.
async fn lead(
    args: &Args,
    ctx: Arc<Context>,
    inputs: WatchInputs,
    leadership: &mut Leadership,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    // Reconciles run in tasks of their own; dropping the controller aborts them.
    let work = controller::run(ctx, inputs, args.concurrency, stop.clone());
    let work = async {
        tokio::pin!(work);
        // Cancel-safe: `work` is polled by reference.
        tokio::select! {
            () = &mut work => return,
            () = stop.cancelled() => {}
        }
        if timeout(DRAIN, work).await.is_err() {
            warn!("aborting reconciles that did not finish in time");
        }
    };
    // When one ends, the other is dropped: no reconcile may go on without the lease.
    tokio::select! {
        () = work => anyhow::ensure!(stop.is_cancelled(), "the controller stopped unexpectedly"),
        lost = leadership.renew_until_lost() => return Err(lost.into()),
    }
    info!("stopped");
    Ok(())
}

/// Addresses to which connections to MNS and its OpenAPI may go.
pub(crate) fn reach(private: Networks) -> Reach {
    Reach::public_and(private, is_vendors_host)
}

fn is_vendors_host(host: &str) -> bool {
    mns::Endpoint::is_vendors_host(host) || OpenApiEndpoint::is_vendors_host(host)
}

/// Gets the first keys of the controller's own identity. A task then keeps them fresh until
/// the guard is dropped.
async fn begin(identity: Option<CloudIdentity>, stop: &CancellationToken) -> Option<DropGuard> {
    let identity = identity?;
    let first = stop.run_until_cancelled(identity.begin()).await?;
    let kept = CancellationToken::new();
    tokio::spawn({
        let kept = kept.clone();
        async move { kept.run_until_cancelled(identity.keep(first)).await }
    });
    Some(kept.drop_guard())
}

fn parts(
    args: &Args,
    client: Client,
    metrics: Metrics,
    backlogs: Backlogs,
    identity: &str,
    observer: &Arc<dyn Observer>,
) -> anyhow::Result<Parts> {
    // The endpoint of MNS comes from a Secret, so a user chooses it.
    let allowed = args.endpoints.allow_private_endpoints.clone();
    let options = ConnectOptions {
        idle_per_host: args.concurrency.into(),
        reach: reach(allowed),
        ..ConnectOptions::default()
    };
    let retry = RetryPolicy::new(2, Duration::from_millis(100), Duration::from_secs(1));
    let reporter = Reporter {
        controller: names::CONTROLLER.to_owned(),
        instance: Some(identity.to_owned()),
    };
    let connect = |options: &ConnectOptions| {
        Transport::connect(options).map(|it| it.observed_by(observer.clone()))
    };
    Ok(Parts {
        transport: connect(&options)?.with_retry(retry),
        cloud_identity: cloud_identity(args, &options, retry, connect)?,
        recorder: Recorder::new(client.clone(), reporter),
        adapter: AdapterSettings {
            image: args.adapter_image.clone(),
            log_filter: args.adapter_log_filter.clone(),
            log_format: args.adapter_log_format.clone(),
            otlp_endpoint: args.adapter_otlp_endpoint.clone(),
            traces_sampling_rate: args.adapter_traces_sampling_rate.clone(),
            template_keys: args.allow_template_keys.clone(),
            cloud: args.cloud.clone(),
        },
        requeue: RequeuePolicy::new(args.resync),
        metrics,
        backlogs,
        watched_namespaces: args.watched_namespaces.clone(),
        cluster_domain: cluster_domain(args.cluster_domain.as_deref()),
        knative_namespace: args.knative_namespace.clone(),
        open_api: args.endpoints.mns_open_endpoint.clone(),
        scaler_address: args.scaler.scaler_address.clone(),
        client,
    })
}

/// The controller's own identity, if a namespace may use it.
fn cloud_identity(
    args: &Args,
    options: &ConnectOptions,
    retry: RetryPolicy,
    connect: impl Fn(&ConnectOptions) -> Result<Transport, HttpClientError>,
) -> anyhow::Result<Option<CloudIdentity>> {
    let namespaces = args.cloud_identity_namespaces.clone();
    if namespaces.is_empty() {
        return Ok(None);
    }
    let CloudVariables {
        oidc_provider_arn,
        sts_endpoint,
        sts_region,
        vpc_endpoint_enabled,
    } = args.cloud.clone();
    let source = CredentialSource::from_vars(None, "nothing", |name| match name {
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN" => oidc_provider_arn.clone(),
        "ALIBABA_CLOUD_STS_ENDPOINT" => sts_endpoint.clone(),
        "ALIBABA_CLOUD_STS_REGION" => sts_region.clone(),
        "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED" => vpc_endpoint_enabled.clone(),
        name => std::env::var(name).ok(),
    });
    let source = source.context(
        "CLOUD_IDENTITY_NAMESPACES lists namespaces, but the controller has no identity in the cloud",
    )?;
    let allowed = args.endpoints.allow_private_endpoints.clone();
    let reach = Reach::only(allowed, is_vendors_host);
    let options = ConnectOptions {
        reach,
        ..options.clone()
    };
    let transport = connect(&options)?.with_retry(retry);
    let sts = connect(&ConnectOptions::default())?;
    Ok(Some(CloudIdentity::new(namespaces, source, sts, transport)))
}

/// Starts the listeners: for health, and for KEDA if the scaler is enabled. The tasks end with
/// `stop`.
async fn serve(
    args: &Args,
    readiness: Readiness,
    registry: Registry,
    ctx: &Arc<Context>,
    stop: &CancellationToken,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    // Added before the first probe.
    let scaler = args.scaler.scaler_listen;
    let scaler = scaler.map(|listen| (listen, readiness.check("scaler")));
    let listener: TcpListener = service::bind(args.listen, "--listen").await?;
    let address = listener.local_addr()?;
    let mut addresses = vec![("http", address)];
    info!(http = %address, "health at {address}");
    let router = service::health::router(readiness, Arc::new(registry));
    let health = service::health::serve_alone(listener, router, stop.clone());
    let mut tasks = vec![tokio::spawn(health)];
    if let Some((listen, check)) = scaler {
        let listener: TcpListener = service::bind(listen, "--scaler-listen").await?;
        let address = listener.local_addr()?;
        addresses.push(("scaler", address));
        info!(scaler = %address, "external scaler for KEDA at {address}");
        tasks.push(tokio::spawn(answer(
            listener,
            ctx.clone(),
            check,
            stop.clone(),
        )));
    }
    if let Some(path) = &args.announce {
        service::announce(path, &addresses)?;
    }
    Ok(tasks)
}

/// Serves KEDA until `stop`, and then for a moment the calls in progress.
async fn answer(
    listener: TcpListener,
    ctx: Arc<Context>,
    check: ReadinessCheck,
    stop: CancellationToken,
) {
    check.ready();
    let stopped = stop.clone();
    let answered = async {
        if let Err(error) = scaler::serve(listener, ctx, stop).await {
            let line = service::error_line(&error);
            error!(error = line, "the external scaler stopped: {line}");
            check.not_ready("its listener is broken");
        }
    };
    let ended = async {
        stopped.cancelled().await;
        sleep(SCALER_DRAIN).await;
    };
    // Cancel-safe: KEDA repeats the calls that are cut then, to another replica.
    tokio::select! {
        () = answered => {}
        () = ended => {}
    }
}
