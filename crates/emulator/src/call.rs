//! The names under which faults and counts know a request: a service and one of its
//! operations.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is no name of an enum's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownName;

/// Makes an enum whose values have a name on the wire: that of the variant, unless it says another.
macro_rules! named {
    (@name $variant:ident) => { stringify!($variant) };
    (@name $variant:ident $name:literal) => { $name };
    ($(#[$about:meta])* $visibility:vis enum $enum:ident {
        $($(#[$meta:meta])* $variant:ident $(= $name:literal)?,)*
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $enum {
            $($(#[$meta])* $variant,)*
        }

        impl $enum {
            /// The name on the wire.
            $visibility fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $crate::call::named!(@name $variant $($name)?),)*
                }
            }
        }

        impl std::str::FromStr for $enum {
            type Err = $crate::call::UnknownName;

            fn from_str(name: &str) -> Result<Self, $crate::call::UnknownName> {
                let known = [$(Self::$variant,)*];
                let found = known.into_iter().find(|known| known.name() == name);
                found.ok_or($crate::call::UnknownName)
            }
        }
    };
}
pub(crate) use named;

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
    /// Temporary keys.
    Sts,
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
            Self::Sts => "sts",
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
