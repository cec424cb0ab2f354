//! What every pass shares.

use kube::Client;
use kube::runtime::events::Recorder;
use mns::Endpoint;
use signing::Credentials;
use source_api::MnsOssSource;
use transport::Transport;

use crate::cache::Answers;
use crate::deployment::{AdapterSettings, Adapters};
use crate::metrics::Metrics;
use crate::mns::{Account, CloudMemory, Silence};
use crate::own_writes::OwnWrites;
use crate::requeue::Pace;
use crate::scope::Scope;
use crate::secret::{Accounts, Opened};
use crate::sink::Resolver;

/// What every pass shares.
pub struct Context {
    /// The way to the API server.
    pub client: Client,
    /// Finds sinks.
    pub resolver: Resolver,
    /// The way to MNS. It repeats nothing for long: a pass is repeated anyway.
    pub transport: Transport,
    /// Writes Kubernetes Events.
    pub recorder: Recorder,
    /// What all adapters have in common.
    pub adapter: AdapterSettings,
    /// When to look again.
    pub pace: Pace,
    /// What operators see.
    pub metrics: Metrics,
    /// Which sources there are to keep.
    pub scope: Scope,
    pub(crate) adapters: Adapters,
    pub(crate) sources: OwnWrites<MnsOssSource>,
    pub(crate) secrets: Answers<Opened>,
    pub(crate) cloud_memory: CloudMemory,
    pub(crate) accounts: Accounts,
    silence: Silence,
}

/// The parts of a [`Context`] that differ between a process and a test.
pub struct Parts {
    /// See [`Context::client`].
    pub client: Client,
    /// See [`Context::resolver`].
    pub resolver: Resolver,
    /// See [`Context::transport`].
    pub transport: Transport,
    /// See [`Context::recorder`].
    pub recorder: Recorder,
    /// See [`Context::adapter`].
    pub adapter: AdapterSettings,
    /// See [`Context::pace`].
    pub pace: Pace,
    /// See [`Context::metrics`].
    pub metrics: Metrics,
    /// See [`Context::scope`].
    pub scope: Scope,
}

impl Context {
    /// A context with no memories.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts {
            client,
            resolver,
            transport,
            recorder,
            adapter,
            pace,
            metrics,
            scope,
        } = parts;
        let cloud_memory = CloudMemory::new(pace.resync());
        Self {
            adapters: Adapters::new(client.clone(), scope.clone()),
            sources: OwnWrites::default(),
            secrets: Answers::default(),
            client,
            resolver,
            transport,
            recorder,
            adapter,
            pace,
            metrics,
            scope,
            cloud_memory,
            accounts: Accounts::default(),
            silence: Silence::default(),
        }
    }

    /// Forgets a source that is gone.
    pub fn forget(&self, uid: &str) {
        self.adapters.forget(uid);
        self.sources.forget(uid);
        self.cloud_memory.forget(uid);
        self.accounts.forget(uid);
        self.pace.forget(uid);
    }

    pub(crate) fn account(&self, endpoint: Endpoint, credentials: Credentials) -> Account {
        Account::new(
            endpoint,
            credentials,
            self.transport.clone(),
            self.silence.clone(),
            self.metrics.clone(),
        )
    }
}
