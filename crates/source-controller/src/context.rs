//! Clients, caches and settings that all reconciles share.

use kube::Client;
use mns::{Endpoint, EventRule, OpenApiEndpoint};
use signing::{Credentials, LiveCredentials};
use transport::Transport;

use crate::account::{CloudIdentity, KnownAccounts, OpenedSecret};
use crate::backlog::Backlogs;
use crate::cache::{RecentObservations, WatchCache};
use crate::config_maps::ConfigMaps;
use crate::controller::WatchInputs;
use crate::deployment::{AdapterSettings, Deployments};
use crate::metrics::Metrics;
use crate::mns::{Account, CircuitBreaker, ObservedMns};
use crate::pending_writes::PendingWrites;
use crate::recorder::Recorder;
use crate::requeue::RequeuePolicy;
use crate::sink::{Resolver, SinkWatches};
use crate::watched_namespaces::WatchedNamespaces;

/// Clients, caches and settings that all reconciles share.
pub struct Context {
    pub(crate) client: Client,
    pub(crate) transport: Transport,
    pub(crate) recorder: Recorder,
    pub(crate) adapter: AdapterSettings,
    pub(crate) requeue: RequeuePolicy,
    pub(crate) metrics: Metrics,
    pub(crate) watched_namespaces: WatchedNamespaces,
    pub(crate) resolver: Resolver,
    pub(crate) deployments: Deployments,
    pub(crate) config_maps: ConfigMaps,
    pub(crate) pending_writes: PendingWrites,
    pub(crate) secrets: WatchCache<OpenedSecret>,
    pub(crate) cloud_identity: Option<CloudIdentity>,
    pub(crate) recent_mns: RecentObservations<ObservedMns>,
    pub(crate) recent_rules: RecentObservations<Option<EventRule>>,
    pub(crate) known_accounts: KnownAccounts,
    pub(crate) backlogs: Backlogs,
    pub(crate) scaler_address: Option<String>,
    open_api: Option<OpenApiEndpoint>,
    circuit_breaker: CircuitBreaker,
}

/// The parts of a [`Context`] that differ between a process and a test.
pub struct Parts {
    /// Client of the API server.
    pub client: Client,
    /// Sends to MNS. It repeats nothing for long: a reconcile is repeated anyway.
    pub transport: Transport,
    /// The controller's own identity in the cloud, if it has one.
    pub cloud_identity: Option<CloudIdentity>,
    /// Writes Kubernetes events.
    pub recorder: Recorder,
    /// Settings that all adapters have in common.
    pub adapter: AdapterSettings,
    /// When to reconcile again.
    pub requeue: RequeuePolicy,
    /// The controller's metrics.
    pub metrics: Metrics,
    /// The queues whose backlogs are exported as metrics.
    pub backlogs: Backlogs,
    /// The namespaces whose sources are reconciled.
    pub watched_namespaces: WatchedNamespaces,
    /// DNS domain of the cluster.
    pub cluster_domain: String,
    /// Namespace of Knative Eventing.
    pub knative_namespace: String,
    /// The OpenAPI of MNS, if it is not the vendor's in each region.
    pub open_api: Option<OpenApiEndpoint>,
    /// Host and port at which KEDA reaches the controller's scaler, if it has one.
    pub scaler_address: Option<String>,
}

impl Context {
    /// A context with empty caches, and the inputs of its controller's watches.
    #[must_use]
    pub fn new(parts: Parts) -> (Self, WatchInputs) {
        let Parts {
            client,
            transport,
            cloud_identity,
            recorder,
            adapter,
            requeue,
            metrics,
            backlogs,
            watched_namespaces,
            cluster_domain,
            knative_namespace,
            open_api,
            scaler_address,
        } = parts;
        let (watches, sinks) = SinkWatches::channel(watched_namespaces.clone());
        let (config_maps, config_map_writers) =
            ConfigMaps::new(watched_namespaces.clone(), knative_namespace);
        let context = Self {
            resolver: Resolver::new(client.clone(), watches, cluster_domain),
            deployments: Deployments::new(client.clone(), watched_namespaces.clone()),
            config_maps,
            pending_writes: PendingWrites::default(),
            secrets: WatchCache::default(),
            recent_mns: RecentObservations::new(requeue.resync()),
            recent_rules: RecentObservations::new(requeue.resync()),
            known_accounts: KnownAccounts::default(),
            open_api,
            circuit_breaker: CircuitBreaker::default(),
            client,
            transport,
            cloud_identity,
            recorder,
            adapter,
            requeue,
            metrics,
            backlogs,
            watched_namespaces,
            scaler_address,
        };
        let inputs = WatchInputs {
            config_maps: config_map_writers,
            sinks,
        };
        (context, inputs)
    }

    /// Forgets a source that was deleted.
    pub(crate) fn forget(&self, uid: &str) {
        self.deployments.forget(uid);
        self.pending_writes.forget(uid);
        self.recent_mns.forget(uid);
        self.recent_rules.forget(uid);
        self.known_accounts.forget(uid);
        self.backlogs.forget(uid);
        self.requeue.forget(uid);
    }

    /// The account of a user's key.
    pub(crate) fn account(&self, endpoint: Endpoint, credentials: Credentials) -> Account {
        let credentials = LiveCredentials::fixed(credentials);
        self.account_by(endpoint, credentials, self.transport.clone())
    }

    /// The account of credentials that may be replaced.
    pub(crate) fn account_by(
        &self,
        endpoint: Endpoint,
        credentials: LiveCredentials,
        transport: Transport,
    ) -> Account {
        Account::new(
            endpoint,
            credentials,
            transport,
            self.open_api.clone(),
            self.circuit_breaker.clone(),
            self.metrics.clone(),
        )
    }
}
