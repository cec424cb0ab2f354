//! What is counted. Labels come from closed sets; no source is named.

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// From a pass that finds all in order to one that runs into its deadline.
const PASS_SECONDS: [f64; 8] = [0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 60.0];

/// The controller's counters. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    passes: Family<PassLabels, Counter>,
    pass_duration: Histogram,
    cloud_calls: Family<CallLabels, Counter>,
    writes: Family<WriteLabels, Counter>,
    leader: Gauge,
}

/// How a pass over a source ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum PassOutcome {
    /// The source is ready.
    Ready,
    /// It is not, and its conditions say why.
    NotReady,
    /// The source is gone.
    Gone,
    /// The pass did not get to its end.
    Failed,
}

/// How a call to MNS ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum CallOutcome {
    /// With an answer.
    Success,
    /// With a refusal for good.
    Refused,
    /// Without an answer, or with one that asks to come back.
    Unavailable,
}

/// What was written in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Written {
    /// A source's status.
    Status,
    /// An adapter's Deployment.
    Deployment,
    /// An `EventType`, written or removed.
    EventType,
    /// A Kubernetes Event.
    Event,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassLabels {
    outcome: PassOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    outcome: CallOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WriteLabels {
    object: Written,
}

impl Metrics {
    /// Registers all counters under the registry's prefix.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            passes: Family::default(),
            pass_duration: Histogram::new(PASS_SECONDS),
            cloud_calls: Family::default(),
            writes: Family::default(),
            leader: Gauge::default(),
        };
        registry.register("passes", "Passes over sources", metrics.passes.clone());
        registry.register_with_unit(
            "pass_duration",
            "Time that a pass took",
            Unit::Seconds,
            metrics.pass_duration.clone(),
        );
        registry.register("mns_calls", "Calls to MNS", metrics.cloud_calls.clone());
        registry.register(
            "writes",
            "Objects written in the cluster",
            metrics.writes.clone(),
        );
        registry.register(
            "leader",
            "Whether this process works",
            metrics.leader.clone(),
        );
        metrics
    }

    /// A pass ended.
    pub fn pass(&self, outcome: PassOutcome, took: Duration) {
        self.passes.get_or_create(&PassLabels { outcome }).inc();
        self.pass_duration.observe(took.as_secs_f64());
    }

    /// A call to MNS ended.
    pub fn cloud_call(&self, outcome: CallOutcome) {
        self.cloud_calls
            .get_or_create(&CallLabels { outcome })
            .inc();
    }

    /// Something was written in the cluster.
    pub fn wrote(&self, object: Written) {
        self.writes.get_or_create(&WriteLabels { object }).inc();
    }

    /// This process has become the leader, or is it no longer.
    pub fn lead(&self, is_leader: bool) {
        self.leader.set(is_leader.into());
    }
}
