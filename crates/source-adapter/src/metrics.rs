//! What is counted. Labels come from closed sets, never from messages.

mod labels;

use std::hash::Hash;
use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::config::{Limits, Operation, QueueConfig};
pub use labels::{AttemptResult, CallResult, EventOutcome, MessageOutcome, MnsCall, Target};

/// The adapter's counters. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    received: Counter,
    redelivered: Counter,
    messages: Counters<MessageLabels>,
    events: Counters<EventLabels>,
    attempts: Counters<AttemptLabels>,
    calls: Counters<CallLabels>,
    handles_lost: Counter,
    held: Gauge,
    pub(crate) pollers: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MessageLabels {
    outcome: MessageOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    outcome: EventOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    target: Target,
    result: AttemptResult,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    operation: MnsCall,
    result: CallResult,
}

impl Metrics {
    /// Registers the counters; `registry` carries the prefix.
    pub fn new(registry: &mut Registry) -> Self {
        let messages = MessageOutcome::ALL.iter();
        let events = EventOutcome::ALL.iter();
        let metrics = Self {
            received: Counter::default(),
            redelivered: Counter::default(),
            messages: Counters::new(messages.map(|&outcome| MessageLabels { outcome })),
            events: Counters::new(events.map(|&outcome| EventLabels { outcome })),
            attempts: Counters::new(
                pairs(Target::ALL, AttemptResult::ALL)
                    .map(|(target, result)| AttemptLabels { target, result }),
            ),
            calls: Counters::new(
                pairs(MnsCall::ALL, CallResult::ALL)
                    .map(|(operation, result)| CallLabels { operation, result }),
            ),
            handles_lost: Counter::default(),
            held: Gauge::default(),
            pollers: Gauge::default(),
        };
        metrics.register(registry);
        metrics
    }

    fn register(&self, registry: &mut Registry) {
        registry.register(
            "messages_received",
            "Messages received",
            self.received.clone(),
        );
        registry.register(
            "messages_redelivered",
            "Redelivered messages",
            self.redelivered.clone(),
        );
        registry.register(
            "messages",
            "Messages by outcome",
            self.messages.family.clone(),
        );
        registry.register(
            "events",
            "Events by outcome of a delivery",
            self.events.family.clone(),
        );
        registry.register(
            "attempts",
            "Requests to a sink by their result",
            self.attempts.family.clone(),
        );
        registry.register(
            "mns_calls",
            "Calls to MNS by their result",
            self.calls.family.clone(),
        );
        registry.register(
            "handles_lost",
            "Messages whose receipt handle expired while they were processed",
            self.handles_lost.clone(),
        );
        registry.register("messages_held", "Messages in progress", self.held.clone());
        registry.register("pollers", "Running pollers", self.pollers.clone());
    }

    /// Says in constant metrics whose adapter this is, and how much it may hold.
    pub fn describe(
        registry: &mut Registry,
        operation: &Operation,
        queue: &QueueConfig,
        limits: &Limits,
    ) {
        let labels = vec![
            ("name", operation.name.clone()),
            (
                "namespace_name",
                operation.namespace.clone().unwrap_or_default(),
            ),
            ("resource_group", operation.resource_group.clone()),
            ("queue", queue.name.to_string()),
        ];
        registry.register(
            "source",
            "The source object and its queue",
            Info::new(labels),
        );
        let limit = Gauge::<i64>::default();
        limit.set(i64::try_from(limits.in_flight).unwrap_or(i64::MAX));
        registry.register(
            "messages_held_limit",
            "Limit of messages in progress",
            limit,
        );
    }

    pub(crate) fn count_received(&self, dequeue_count: u32) {
        self.received.inc();
        if dequeue_count > 1 {
            self.redelivered.inc();
        }
    }

    pub(crate) fn count_message(&self, outcome: MessageOutcome) {
        self.messages.add(&MessageLabels { outcome }, 1);
    }

    pub(crate) fn count_events(&self, outcome: EventOutcome, count: usize) {
        self.events.add(&EventLabels { outcome }, count as u64);
    }

    pub(crate) fn count_attempt(&self, target: Target, result: AttemptResult) {
        self.attempts.add(&AttemptLabels { target, result }, 1);
    }

    pub(crate) fn count_call(&self, operation: MnsCall, result: CallResult) {
        self.calls.add(&CallLabels { operation, result }, 1);
    }

    pub(crate) fn count_lost_handle(&self) {
        self.handles_lost.inc();
    }

    /// Counts a message as in progress.
    pub(crate) fn hold(&self) -> InProgress<'_> {
        self.held.inc();
        InProgress(self)
    }
}

/// A message in progress, until it is dropped. One that a panic drops is counted as abandoned.
#[derive(Debug)]
pub(crate) struct InProgress<'a>(&'a Metrics);

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.0.held.dec();
        if std::thread::panicking() {
            self.0.count_message(MessageOutcome::Abandoned);
        }
    }
}

/// A family whose counters all exist from the start: the first event of a kind is an increase only if
/// there was a number before it. There are so few that looking through them is faster than a map.
#[derive(Clone, Debug)]
struct Counters<L> {
    family: Family<L, Counter>,
    all: Arc<[(L, Counter)]>,
}

impl<L: Clone + Eq + Hash> Counters<L> {
    fn new(labels: impl Iterator<Item = L>) -> Self {
        let family = Family::<L, Counter>::default();
        let all = labels.map(|labels| {
            let counter = family.get_or_create(&labels).clone();
            (labels, counter)
        });
        Self {
            all: all.collect(),
            family,
        }
    }

    fn add(&self, labels: &L, count: u64) {
        if let Some((_, counter)) = self.all.iter().find(|(known, _)| known == labels) {
            counter.inc_by(count);
        }
    }
}

/// Each of `left` with each of `right`.
fn pairs<A: Copy, B: Copy>(left: &[A], right: &[B]) -> impl Iterator<Item = (A, B)> {
    let pairs_of = move |&left| right.iter().map(move |&right| (left, right));
    left.iter().flat_map(pairs_of)
}
