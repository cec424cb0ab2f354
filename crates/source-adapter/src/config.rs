//! What the adapter was told to do, checked once.
//!
//! Every mistake is reported, each with what to set. Credentials are not part of it:
//! they change while the process runs.

mod address;
mod delivery;
mod limits;
mod operation;
mod overrides;
mod queue;
mod sink;

use service::Findings;

use crate::Args;
use crate::filter::Filter;
pub use address::SinkAddress;
pub use delivery::{Delivery, Growth};
pub use limits::Limits;
pub(crate) use limits::{MAX_BATCH, MAX_MESSAGE_BYTES};
pub use operation::Operation;
pub use overrides::Overrides;
pub use queue::QueueConfig;
pub use service::ConfigError;
pub use sink::{Format, Payload, SinkConfig};

/// Everything the adapter needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where events go.
    pub sink: SinkConfig,
    /// What happens when a delivery fails.
    pub delivery: Delivery,
    /// Where events come from.
    pub queue: QueueConfig,
    /// Which events are delivered.
    pub filter: Filter,
    /// How much is done at one time.
    pub limits: Limits,
    /// What operators see.
    pub operation: Operation,
}

impl Config {
    /// Checks the arguments. An empty value counts as absent.
    ///
    /// # Errors
    /// Permanent; names every bad or missing setting and what it should be.
    pub fn from_args(args: Args) -> Result<Self, ConfigError> {
        let Args {
            sink,
            delivery,
            queue,
            filter,
            limits,
            operation,
            telemetry: _,
        } = args;
        let mut found = Findings::default();
        let sink = SinkConfig::check(&mut found, sink, delivery.delivery_format.as_deref());
        let delivery = Delivery::check(&mut found, &delivery);
        let queue = QueueConfig::check(&mut found, queue);
        let filter = Filter::check(&mut found, filter);
        let limits = Limits::check(&mut found, &limits);
        let operation = Operation::check(&mut found, operation);
        let (Some(sink), Some(queue)) = (sink, queue) else {
            return Err(found.into());
        };
        found.none()?;
        Ok(Self {
            sink,
            delivery,
            queue,
            filter,
            limits,
            operation,
        })
    }
}
