//! The desired state of a source, parsed once per reconcile.
//!
//! The API server's rules reject invalid sources, but an object may be older than the rules. So
//! parsing does not fail as a whole: each field is parsed or has an error of its own, and the other
//! fields still take effect.

use kube::ResourceExt as _;
use mns::{EventRuleName, NameError, QueueName, SubscriptionName, TopicName};
use source_api::{
    Autoscaling, AutoscalingError, Delivery, DeliveryError, EventRuleSpec, MnsOssSource, Origin,
    OriginError, Sink, SinkError, Target, names,
};
use thiserror::Error;

/// Which source it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Namespace of the source.
    pub namespace: String,
    /// Name of the source.
    pub name: String,
    /// The uid of the source: another source of the same name has another one.
    pub uid: String,
}

/// A source and its desired state.
#[derive(Debug)]
pub struct ParsedSource {
    /// As the API server has it.
    pub source: MnsOssSource,
    /// Which one it is.
    pub identity: Identity,
    /// Its desired state.
    pub desired: Desired,
}

/// The desired state of a source.
#[derive(Debug)]
pub struct Desired {
    /// Where events go.
    pub sink: Result<Sink, SinkError>,
    /// How they are delivered.
    pub delivery: Result<Delivery, DeliveryError>,
    /// Where they come from.
    pub queue: Result<DesiredQueue, DesiredQueueError>,
    /// How KEDA scales the adapter, if annotations request it.
    pub autoscaling: Result<Option<Autoscaling>, AutoscalingError>,
}

/// The queue that a source receives from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DesiredQueue {
    /// A queue that the controller creates and subscribes to a topic.
    Subscribed(SubscribedQueue),
    /// A queue that the controller creates, and an event rule that delivers into it.
    Ruled(RuledQueue),
    /// A queue that the user names. The controller never changes it.
    Given(QueueName),
}

/// A queue that the controller creates, and its subscription to a topic of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscribedQueue {
    /// The topic.
    pub topic: TopicName,
    /// The queue.
    pub queue: QueueName,
    /// The subscription. It has the queue's name.
    pub subscription: SubscriptionName,
}

/// A queue that the controller creates, and its event rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuledQueue {
    /// The queue.
    pub queue: QueueName,
    /// Name of the event rule.
    pub rule: EventRuleName,
    /// Content of the event rule.
    pub spec: EventRuleSpec,
}

/// Why a source has no queue to receive from. Permanent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DesiredQueueError {
    /// The source names no origin, or two.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// MNS does not accept the name.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl ParsedSource {
    /// Parses a source.
    #[must_use]
    pub fn new(source: MnsOssSource) -> Self {
        let identity = Identity::of(&source);
        let desired = Desired::of(&source, &identity);
        Self {
            source,
            identity,
            desired,
        }
    }
}

impl Identity {
    /// The identity of a source that the API server has stored.
    #[must_use]
    pub fn of(source: &MnsOssSource) -> Self {
        Self {
            namespace: source.namespace().unwrap_or_default(),
            name: source.name_any(),
            uid: source.uid().unwrap_or_default(),
        }
    }

    /// The name of the adapter's objects, which the uid makes unique.
    pub(crate) fn adapter_name(&self) -> String {
        names::adapter(&self.name, &self.uid)
    }
}

impl Desired {
    fn of(source: &MnsOssSource, identity: &Identity) -> Self {
        let spec = &source.spec;
        let delivery = spec.delivery.as_ref();
        Self {
            sink: Sink::try_from(&spec.sink),
            delivery: delivery.map_or_else(|| Ok(Delivery::default()), Delivery::try_from),
            queue: DesiredQueue::of(source, identity),
            autoscaling: match spec.consumers {
                // A paused source is not scaled.
                0 => Ok(None),
                _ => Autoscaling::try_of(source.annotations()),
            },
        }
    }

    /// Whether the sink is given in the form for which Knative itself creates no `EventType`s.
    #[must_use]
    pub fn has_legacy_sink(&self) -> bool {
        self.sink.as_ref().is_ok_and(|sink| {
            matches!(
                sink.target,
                Target::Object {
                    is_legacy: true,
                    ..
                }
            )
        })
    }
}

impl DesiredQueue {
    fn of(source: &MnsOssSource, identity: &Identity) -> Result<Self, DesiredQueueError> {
        match source.spec.origin()? {
            Origin::EventRule(spec) => Ok(Self::Ruled(RuledQueue::of(spec, identity)?)),
            Origin::Topic(topic) => Ok(Self::Subscribed(SubscribedQueue::of(topic, identity)?)),
            Origin::Queue(queue) => Ok(Self::Given(QueueName::try_new(queue)?)),
        }
    }

    /// Name of the queue.
    #[must_use]
    pub fn name(&self) -> &QueueName {
        match self {
            Self::Subscribed(subscribed) => &subscribed.queue,
            Self::Ruled(ruled) => &ruled.queue,
            Self::Given(queue) => queue,
        }
    }

    /// Name of the queue, if it is the controller's.
    pub(crate) fn owned(&self) -> Option<&QueueName> {
        match self {
            Self::Subscribed(_) | Self::Ruled(_) => Some(self.name()),
            Self::Given(_) => None,
        }
    }

    /// The queue and the subscription, if there is one.
    pub(crate) fn subscribed(&self) -> Option<&SubscribedQueue> {
        match self {
            Self::Subscribed(subscribed) => Some(subscribed),
            Self::Ruled(_) | Self::Given(_) => None,
        }
    }

    /// The queue and the event rule, if there is one.
    pub(crate) fn ruled(&self) -> Option<&RuledQueue> {
        match self {
            Self::Ruled(ruled) => Some(ruled),
            Self::Subscribed(_) | Self::Given(_) => None,
        }
    }
}

impl SubscribedQueue {
    fn of(topic: &str, identity: &Identity) -> Result<Self, NameError> {
        let queue = names::queue(&identity.namespace, &identity.name, &identity.uid);
        Ok(Self {
            topic: TopicName::try_new(topic)?,
            subscription: SubscriptionName::try_new(&queue)?,
            queue: QueueName::try_new(queue)?,
        })
    }
}

impl RuledQueue {
    fn of(spec: &EventRuleSpec, identity: &Identity) -> Result<Self, NameError> {
        let Identity {
            namespace,
            name,
            uid,
        } = identity;
        // Without the fields that do not change the rule.
        let content = EventRuleSpec {
            region: None,
            events: spec.events().into_iter().map(str::to_owned).collect(),
            ..spec.clone()
        };
        let rule = names::event_rule(namespace, name, uid, &content);
        Ok(Self {
            queue: QueueName::try_new(names::queue(namespace, name, uid))?,
            rule: EventRuleName::try_new(rule)?,
            spec: spec.clone(),
        })
    }
}
