//! What is counted. Labels come from closed sets, never from messages.

mod labels;

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
    messages: Family<MessageLabels, Counter>,
    events: Family<EventLabels, Counter>,
    attempts: Family<AttemptLabels, Counter>,
    calls: Family<CallLabels, Counter>,
    handles_lost: Counter,
    pub(crate) held: Gauge,
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
        let metrics = Self {
            received: Counter::default(),
            redelivered: Counter::default(),
            messages: Family::default(),
            events: Family::default(),
            attempts: Family::default(),
            calls: Family::default(),
            handles_lost: Counter::default(),
            held: Gauge::default(),
            pollers: Gauge::default(),
        };
        metrics.register(registry);
        metrics.start_at_zero();
        metrics
    }

    /// The first event of a kind is an increase only if there was a number before it.
    fn start_at_zero(&self) {
        for &outcome in MessageOutcome::ALL {
            drop(self.messages.get_or_create(&MessageLabels { outcome }));
        }
        for &outcome in EventOutcome::ALL {
            drop(self.events.get_or_create(&EventLabels { outcome }));
        }
        for &target in Target::ALL {
            for &result in AttemptResult::ALL {
                drop(
                    self.attempts
                        .get_or_create(&AttemptLabels { target, result }),
                );
            }
        }
        for &operation in MnsCall::ALL {
            for &result in CallResult::ALL {
                drop(self.calls.get_or_create(&CallLabels { operation, result }));
            }
        }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register(
            "messages_received",
            "Messages received",
            self.received.clone(),
        );
        registry.register(
            "messages_redelivered",
            "Messages received not for the first time",
            self.redelivered.clone(),
        );
        registry.register(
            "messages",
            "Messages by what became of them",
            self.messages.clone(),
        );
        registry.register(
            "events",
            "Events by what became of them at a delivery",
            self.events.clone(),
        );
        registry.register(
            "attempts",
            "Requests to a sink by their result",
            self.attempts.clone(),
        );
        registry.register(
            "mns_calls",
            "Calls to MNS by their result",
            self.calls.clone(),
        );
        registry.register(
            "handles_lost",
            "Messages that became visible to others while in work",
            self.handles_lost.clone(),
        );
        registry.register("messages_held", "Messages in work", self.held.clone());
        registry.register("pollers", "Pollers at work", self.pollers.clone());
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
            "Messages that may be in work at one time",
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
        self.messages
            .get_or_create(&MessageLabels { outcome })
            .inc();
    }

    pub(crate) fn count_events(&self, outcome: EventOutcome, count: usize) {
        if count > 0 {
            self.events
                .get_or_create(&EventLabels { outcome })
                .inc_by(count as u64);
        }
    }

    pub(crate) fn count_attempt(&self, target: Target, result: AttemptResult) {
        self.attempts
            .get_or_create(&AttemptLabels { target, result })
            .inc();
    }

    pub(crate) fn count_call(&self, operation: MnsCall, result: CallResult) {
        self.calls
            .get_or_create(&CallLabels { operation, result })
            .inc();
    }

    pub(crate) fn count_lost_handle(&self) {
        self.handles_lost.inc();
    }
}
