//! The running adapter: pollers, deliveries and the stage that deletes.
//!
//! It ends in a fixed order, whatever the reason: out of service, no new messages,
//! finish what is in progress, release what is not finished in time, delete what is done.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use service::{ConnectOptions, Readiness, ReadinessCheck};
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};
use transport::{Connector, Observer, PostClient};

use crate::app::Connection;
use crate::backoff::Throttle;
use crate::budget::Budget;
use crate::config::{Config, SinkAddress};
use crate::convert::Converter;
use crate::deletion::{DeleteStage, delete_stage};
use crate::delivered_events::DeliveredEvents;
use crate::demand::Demand;
use crate::event_budget::EventBudget;
use crate::metrics::Metrics;
use crate::pipeline::Pipeline;
use crate::poll::{LearnedVisibility, Pollers};
use crate::queue_health::QueueHealth;
use crate::sink::Sink;
use crate::token::Token;
use crate::tokens::Tokens;
use crate::trace::Sampling;

/// Time for the calls that release messages or delete them.
const LAST_CALLS: Duration = Duration::from_secs(4);

/// Everything that is needed to run.
#[derive(Debug)]
pub(crate) struct Adapter {
    pollers: Arc<Pollers>,
    delete_stage: DeleteStage,
    deliveries: TaskTracker,
    stop_polling: CancellationToken,
    abort: CancellationToken,
    poller_count: usize,
    drain_grace: Duration,
}

impl Adapter {
    /// Connects the parts; nothing runs yet.
    ///
    /// # Errors
    /// Permanent: a setting that cannot be acted on.
    pub(crate) fn try_new(
        config: &Config,
        connection: Connection,
        metrics: Metrics,
        queue_part: ReadinessCheck,
        tokens: Tokens,
        observer: Arc<dyn Observer>,
        delivering: Handle,
    ) -> anyhow::Result<Self> {
        let Connection { queue, arn } = connection;
        let (stop_polling, abort) = (CancellationToken::new(), CancellationToken::new());
        let delivered_events = Arc::new(DeliveredEvents::default());
        let throttle = Arc::new(Throttle::default());
        let (deleter, delete_stage) =
            delete_stage(queue.clone(), metrics.clone(), delivered_events.clone());
        let sinks = Sinks::try_new(config, tokens, observer)?;
        let pipeline = Arc::new(Pipeline {
            queue: queue.clone(),
            queue_arn: arn,
            filter: config.filter.clone(),
            converter: Converter::new(
                &config.sink,
                Sampling::of(&config.traces.observability_config),
            ),
            format: config.sink.format,
            sink: sinks.sink,
            dead_letter_sink: sinks.dead_letter_sink,
            delivery: config.delivery.clone(),
            deleter,
            delivered_events,
            throttle: throttle.clone(),
            event_budget: EventBudget::default(),
            metrics: metrics.clone(),
            abort: abort.clone(),
        });
        let deliveries = TaskTracker::new();
        let pollers = Arc::new(Pollers {
            queue,
            pipeline,
            deliveries: deliveries.clone(),
            delivering,
            budget: Budget::new(config.limits.in_flight, config.limits.in_flight_bytes),
            demand: Demand::new(config.limits.pollers),
            throttle,
            health: QueueHealth::new(queue_part),
            visibility: LearnedVisibility::new(),
            metrics,
            stop: stop_polling.clone(),
        });
        Ok(Self {
            pollers,
            delete_stage,
            deliveries,
            stop_polling,
            abort,
            poller_count: config.limits.pollers,
            drain_grace: config.limits.drain_grace,
        })
    }

    /// Runs until `stop` is cancelled or a part ends that should not.
    ///
    /// # Errors
    /// When a part of the adapter, or a task in `background`, ended by itself.
    pub(crate) async fn run(
        self,
        stop: &CancellationToken,
        readiness: &Readiness,
        background: &mut JoinSet<()>,
    ) -> anyhow::Result<()> {
        let mut polling = JoinSet::new();
        for index in 0..self.poller_count {
            polling.spawn(self.pollers.clone().poll(index));
        }
        let mut deleting = JoinSet::new();
        deleting.spawn(self.delete_stage.run());
        // Waiting for the end of a task changes nothing, so every arm may be dropped. A
        // signal comes first: that parts end then is as it should be.
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => Ok(()),
            Some(ended) = polling.join_next() => Err(ended_early("a poller", ended)),
            Some(ended) = deleting.join_next() => Err(ended_early("the delete stage", ended)),
            Some(ended) = background.join_next() => Err(ended_early("a background task", ended)),
        };
        readiness.close();
        self.stop_polling.cancel();
        while polling.join_next().await.is_some() {}
        drain(&self.deliveries, &self.abort, self.drain_grace).await;
        // The last to hand anything over, so the deleting ends by itself.
        drop(self.pollers);
        let _ = timeout(LAST_CALLS, deleting.join_next()).await;
        outcome
    }
}

/// Waits for the deliveries; after `grace` it makes them release their messages.
async fn drain(deliveries: &TaskTracker, abort: &CancellationToken, grace: Duration) {
    deliveries.close();
    if timeout(grace, deliveries.wait()).await.is_ok() {
        info!("every delivery is finished");
        return;
    }
    let messages = deliveries.len();
    warn!(
        messages,
        "releasing {messages} messages that were not delivered in time"
    );
    abort.cancel();
    if timeout(LAST_CALLS, deliveries.wait()).await.is_err() {
        warn!(
            "some messages could not be released; they become visible again when their visibility timeout ends"
        );
    }
}

fn ended_early(what: &str, ended: Result<(), JoinError>) -> anyhow::Error {
    match ended {
        Ok(()) => anyhow!("{what} stopped unexpectedly"),
        Err(error) => anyhow::Error::new(error).context(format!("{what} failed")),
    }
}

/// Where events go.
struct Sinks {
    sink: Sink,
    dead_letter_sink: Option<Sink>,
}

impl Sinks {
    fn try_new(
        config: &Config,
        tokens: Tokens,
        observer: Arc<dyn Observer>,
    ) -> anyhow::Result<Self> {
        let options = ConnectOptions {
            idle_per_host: config.limits.max_requests(),
            ca_certs_pem: config.sink.ca_certs_pem.clone(),
            trust_bundles: config.sink.trust_bundles.clone(),
            ..ConnectOptions::default()
        };
        let connector = Connector::try_new(options).context("cannot use K_CA_CERTS")?;
        let namespace = config.operation.namespace.as_deref();
        let sink = move |address: &SinkAddress, token: Option<Token>| {
            let client = PostClient::try_new(&connector, address.target());
            client
                .and_then(|client| {
                    Sink::try_new(
                        address.clone(),
                        client.observed_by(observer.clone()),
                        config.delivery.timeout(),
                        namespace,
                        config.limits.max_requests(),
                    )
                })
                .map(|sink| sink.with_token(token))
                .context(
                    "cannot make requests from K_SINK, DELIVERY_DEAD_LETTER_SINK and NAMESPACE",
                )
        };
        let dead_letter_sink = config.delivery.dead_letter_sink.as_ref();
        Ok(Self {
            sink: sink(&config.sink.address, tokens.sink)?,
            dead_letter_sink: dead_letter_sink
                .map(|address| sink(address, tokens.dead_letter_sink))
                .transpose()?,
        })
    }
}
