//! The controller's metrics. Labels come from closed sets; no source is named.

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// From a reconcile that changes nothing to one that reaches its deadline.
const RECONCILE_SECONDS: [f64; 8] = [0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 60.0];

/// The controller's counters. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    reconciles: Family<ReconcileLabels, Counter>,
    reconcile_duration: Histogram,
    mns_calls: Family<CallLabels, Counter>,
    scaler_calls: Family<CallLabels, Counter>,
    writes: Family<WriteLabels, Counter>,
    leader: Gauge,
}

/// How a reconcile ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum ReconcileOutcome {
    /// The source is ready.
    Ready,
    /// It is not, and its conditions say why.
    NotReady,
    /// The source was deleted.
    Gone,
    /// The reconcile ended early.
    Failed,
}

/// How a call to MNS ended, or one of KEDA to the scaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum CallOutcome {
    /// It succeeded.
    Success,
    /// It was refused permanently.
    Refused,
    /// There was no response, or one that asks for a retry.
    Unavailable,
}

/// What was written in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum WrittenObject {
    /// A source's status.
    Status,
    /// An adapter's Deployment.
    Deployment,
    /// An `EventType`, written or removed.
    EventType,
    /// The source's own ServiceAccount, created or removed.
    ServiceAccount,
    /// The ConfigMap with the certificates that an adapter trusts.
    TrustBundle,
    /// A `ScaledObject`, written or removed.
    ScaledObject,
    /// A Kubernetes Event.
    Event,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReconcileLabels {
    outcome: ReconcileOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    outcome: CallOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WriteLabels {
    object: WrittenObject,
}

impl Metrics {
    /// Registers all counters under the registry's prefix.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            reconciles: Family::default(),
            reconcile_duration: Histogram::new(RECONCILE_SECONDS),
            mns_calls: Family::default(),
            scaler_calls: Family::default(),
            writes: Family::default(),
            leader: Gauge::default(),
        };
        registry.register(
            "reconciles",
            "Reconciles of sources",
            metrics.reconciles.clone(),
        );
        registry.register_with_unit(
            "reconcile_duration",
            "Duration of reconciles",
            Unit::Seconds,
            metrics.reconcile_duration.clone(),
        );
        registry.register("mns_calls", "Calls to MNS", metrics.mns_calls.clone());
        registry.register(
            "scaler_calls",
            "Calls of KEDA to the external scaler",
            metrics.scaler_calls.clone(),
        );
        registry.register(
            "writes",
            "Objects written in the cluster",
            metrics.writes.clone(),
        );
        registry.register(
            "leader",
            "Whether this process is the leader",
            metrics.leader.clone(),
        );
        metrics
    }

    /// A reconcile ended.
    pub fn reconciled(&self, outcome: ReconcileOutcome, took: Duration) {
        self.reconciles
            .get_or_create(&ReconcileLabels { outcome })
            .inc();
        self.reconcile_duration.observe(took.as_secs_f64());
    }

    /// A call to MNS ended.
    pub fn mns_call(&self, outcome: CallOutcome) {
        self.mns_calls.get_or_create(&CallLabels { outcome }).inc();
    }

    /// A call of KEDA ended.
    pub fn scaler_call(&self, outcome: CallOutcome) {
        let labels = CallLabels { outcome };
        self.scaler_calls.get_or_create(&labels).inc();
    }

    /// Something was written in the cluster.
    pub fn wrote(&self, object: WrittenObject) {
        self.writes.get_or_create(&WriteLabels { object }).inc();
    }

    /// This process has become the leader, or is no longer the leader.
    pub fn lead(&self, is_leader: bool) {
        self.leader.set(is_leader.into());
    }
}
