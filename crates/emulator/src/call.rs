//! The names under which faults and counts know a request: a service and one of its
//! operations.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Makes an enum of operations, whose names are those of its variants.
macro_rules! operations {
    ($(#[$about:meta])* $visibility:vis enum $name:ident { $($(#[$meta:meta])* $operation:ident,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[$meta])* $operation,)*
        }

        impl $name {
            /// The name in the service's documentation.
            $visibility fn name(self) -> &'static str {
                match self {
                    $(Self::$operation => stringify!($operation),)*
                }
            }
        }
    };
}
pub(crate) use operations;

/// An emulated service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Object storage.
    Oss,
    /// Queues and topics.
    Mns,
    /// The MNS OpenAPI.
    MnsOpen,
    /// The face APIs and the services they lean on.
    Face,
}

impl Service {
    /// The lower-case name used in the admin API, in counts and in logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Oss => "oss",
            Self::Mns => "mns",
            Self::MnsOpen => "mns-open",
            Self::Face => "face",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The operation of one request, named as the service's documentation names it.
///
/// Known before the signature is looked at, so that faults and counts cover refused
/// requests too. Operation names come from a closed set; what fits none is `Unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// The service asked.
    pub service: Service,
    /// The operation, for example `ReceiveMessage`.
    pub operation: &'static str,
}

impl Call {
    /// The operation name of requests that fit no operation of the service.
    pub const UNKNOWN: &'static str = "Unknown";

    /// Names an operation of a service.
    #[must_use]
    pub fn new(service: Service, operation: &'static str) -> Self {
        Self { service, operation }
    }
}
