//! Problems with a sink, for the user to read.

use source_api::{ObjectReference, SinkError};
use thiserror::Error;

/// Why a sink cannot be sent to. Trying again helps only after a change in the cluster, and a
/// watch brings every such change.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SinkProblem {
    /// The user wrote a sink that is invalid.
    #[error("{0}")]
    Invalid(SinkError),
    /// No version of the kind is known to the cluster.
    #[error(
        "the cluster does not know `{kind}` of `{api_version}`: install what provides it, or correct the sink"
    )]
    NotServed {
        /// As asked for.
        api_version: String,
        /// As asked for.
        kind: String,
    },
    /// There is no such object.
    #[error("{object} does not exist")]
    NotFound {
        /// Kind, namespace and name.
        object: String,
    },
    /// The object does not say where it is, mostly because it is not ready yet.
    #[error("{object} has no address yet")]
    NoAddress {
        /// Kind, namespace and name.
        object: String,
    },
    /// None of the object's addresses has the name asked for.
    #[error("{object} has no address named `{address}`")]
    NoSuchAddress {
        /// Kind, namespace and name.
        object: String,
        /// As asked for.
        address: String,
    },
    /// The object announces something that is no URL.
    #[error("{object} announces `{url}`, which is not an http or https URL")]
    BadAddress {
        /// Kind, namespace and name.
        object: String,
        /// As announced.
        url: String,
    },
    /// The controller lacks the right to read the object.
    #[error(
        "the controller may not read {object}: label a ClusterRole that allows it with `duck.knative.dev/addressable: \"true\"`"
    )]
    Forbidden {
        /// Kind, namespace and name.
        object: String,
    },
}

impl SinkProblem {
    /// The problem in one word, for a condition.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(SinkError::Empty) => "SinkEmpty",
            Self::Invalid(_) => "SinkInvalid",
            Self::NotServed { .. } | Self::NotFound { .. } => "NotFound",
            Self::NoAddress { .. } | Self::NoSuchAddress { .. } => "AddressNotFound",
            Self::BadAddress { .. } => "AddressInvalid",
            Self::Forbidden { .. } => "Forbidden",
        }
    }

    /// Whether the change that mends it may be noticed too early: a watch brings a definition
    /// some moments before discovery serves the kind.
    #[must_use]
    pub fn may_show_late(&self) -> bool {
        matches!(self, Self::NotServed { .. })
    }

    pub(super) fn not_served(object: &ObjectReference) -> Self {
        Self::NotServed {
            api_version: object.api_version.clone(),
            kind: object.kind.clone(),
        }
    }

    pub(super) fn not_found(object: &ObjectReference) -> Self {
        Self::NotFound {
            object: named(object),
        }
    }

    pub(super) fn no_address(object: &ObjectReference) -> Self {
        let named = named(object);
        match &object.address {
            Some(address) => Self::NoSuchAddress {
                object: named,
                address: address.clone(),
            },
            None => Self::NoAddress { object: named },
        }
    }

    pub(super) fn bad_address(object: &ObjectReference, url: &str) -> Self {
        Self::BadAddress {
            object: named(object),
            url: url.to_owned(),
        }
    }

    pub(super) fn forbidden(object: &ObjectReference) -> Self {
        Self::Forbidden {
            object: named(object),
        }
    }
}

fn named(object: &ObjectReference) -> String {
    let ObjectReference {
        kind,
        name,
        namespace,
        ..
    } = object;
    match namespace {
        Some(namespace) => format!("{kind} `{namespace}/{name}`"),
        None => format!("{kind} `{name}`"),
    }
}
