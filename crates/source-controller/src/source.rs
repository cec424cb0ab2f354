//! What a source asks for, parsed once per pass.
//!
//! The API server's rules refuse nonsense at the door, but an object may be older than the
//! rules. So nothing here fails as a whole: each part is what it should be, or says what is
//! wrong with it, and the other parts are still acted on.

use kube::ResourceExt as _;
use source_api::{Delivery, DeliveryError, MnsOssSource, Sink, SinkError, Target};

use crate::mns::{Supply, SupplyError, supply};

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

/// The source that a pass is about.
#[derive(Debug)]
pub struct Subject {
    /// As the API server has it.
    pub source: MnsOssSource,
    /// Which one it is.
    pub identity: Identity,
    /// What it asks for.
    pub wish: Wish,
}

/// What a source asks for.
#[derive(Debug)]
pub struct Wish {
    /// Where events go.
    pub sink: Result<Sink, SinkError>,
    /// How they are delivered.
    pub delivery: Result<Delivery, DeliveryError>,
    /// Where they come from.
    pub supply: Result<Supply, SupplyError>,
}

impl Subject {
    /// A source, parsed.
    #[must_use]
    pub fn new(source: MnsOssSource) -> Self {
        let identity = Identity::of(&source);
        let wish = Wish::of(&source, &identity);
        Self {
            source,
            identity,
            wish,
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
}

impl Wish {
    /// Parses a source's `spec`.
    #[must_use]
    pub fn of(source: &MnsOssSource, identity: &Identity) -> Self {
        let spec = &source.spec;
        let delivery = spec.delivery.as_ref();
        Self {
            sink: Sink::try_from(&spec.sink),
            delivery: delivery.map_or_else(|| Ok(Delivery::default()), Delivery::try_from),
            supply: supply(source, identity),
        }
    }

    /// Whether the sink is given in the form for which Knative itself makes no `EventType`s.
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
