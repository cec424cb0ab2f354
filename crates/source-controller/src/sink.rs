//! The sink of a source, and its dead letter sink: observe and report.
//!
//! An object's kind is watched from the first time that a source names it, so that a sink that is
//! created late is noticed at once, and an object is read again after each change. A mistake in a
//! sink is a value, for the source's conditions; only errors of the API server are errors.

mod address;
mod discovery;
mod resolver;
mod watches;

use source_api::{
    ConditionStatus, Conditions, DeliveryError, Dependent, Notice, ObjectReference, Severity, Sink,
    SinkError,
};
use thiserror::Error;
use url::Url;

pub use discovery::cluster_domain;
pub(crate) use discovery::{Discovery, Served};
pub(crate) use resolver::Resolver;
pub use watches::Changed;
pub(crate) use watches::{SinkWatches, WatchRequests, follow};

use crate::context::Context;
use crate::error::{ReconcileError, doing};
use crate::reconcile::Observed;
use crate::source::{Identity, ParsedSource};

/// A sink whose address is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedSink {
    /// URL of the sink.
    pub url: Url,
    /// CA certificates in PEM: the user's and those that the object announces.
    pub ca_certs: Option<String>,
    /// The OIDC audience: the user's, else the one that the object announces.
    pub audience: Option<String>,
    /// Whether the object itself announces that audience.
    pub is_audience_announced: bool,
    /// The object, by the API version that the cluster serves; absent for a plain URL.
    pub object: Option<ObjectReference>,
    /// The API version in the source, if the cluster serves only another one.
    pub obsolete_version: Option<String>,
}

/// Why a sink has no address. Retrying helps only after a change in the cluster, and a watch brings
/// every such change.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SinkProblem {
    /// The sink is invalid.
    #[error("{0}")]
    Invalid(SinkError),
    /// The cluster serves no version of the kind.
    #[error(
        "the cluster does not serve `{kind}` of `{api_version}`: install the software that provides it, or correct the sink"
    )]
    NotServed {
        /// As in the source.
        api_version: String,
        /// As in the source.
        kind: String,
    },
    /// There is no such object.
    #[error("{object} does not exist")]
    NotFound {
        /// Kind, namespace and name.
        object: String,
    },
    /// The object has no address, mostly because it is not ready yet.
    #[error("{object} has no address yet")]
    NoAddress {
        /// Kind, namespace and name.
        object: String,
    },
    /// None of the object's addresses has the requested name.
    #[error("{object} has no address named `{address}`")]
    NoSuchAddress {
        /// Kind, namespace and name.
        object: String,
        /// As in the source.
        address: String,
    },
    /// The object announces an invalid URL.
    #[error("{object} announces `{url}`, which is not an http or https URL")]
    BadAddress {
        /// Kind, namespace and name.
        object: String,
        /// As announced.
        url: String,
    },
    /// The controller lacks the permission to read the object.
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

    /// Whether the change that resolves it may be noticed too early: a watch brings a definition
    /// some moments before discovery serves the kind.
    #[must_use]
    pub fn may_show_late(&self) -> bool {
        matches!(self, Self::NotServed { .. })
    }

    fn not_served(object: &ObjectReference) -> Self {
        Self::NotServed {
            api_version: object.api_version.clone(),
            kind: object.kind.clone(),
        }
    }

    fn not_found(object: &ObjectReference) -> Self {
        Self::NotFound {
            object: named(object),
        }
    }

    fn no_address(object: &ObjectReference) -> Self {
        let named = named(object);
        match &object.address {
            Some(address) => Self::NoSuchAddress {
                object: named,
                address: address.clone(),
            },
            None => Self::NoAddress { object: named },
        }
    }

    fn bad_address(object: &ObjectReference, url: &str) -> Self {
        Self::BadAddress {
            object: named(object),
            url: url.to_owned(),
        }
    }

    fn forbidden(object: &ObjectReference) -> Self {
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

/// Resolves a sink.
pub(crate) async fn observe(
    ctx: &Context,
    sink: &Result<Sink, SinkError>,
    identity: &Identity,
) -> Result<Result<ResolvedSink, SinkProblem>, ReconcileError> {
    match sink {
        Ok(sink) => {
            let resolved = ctx.resolver.resolve(sink, &identity.namespace).await;
            doing("looking up the sink", resolved)
        }
        Err(error) => Ok(Err(SinkProblem::Invalid(error.clone()))),
    }
}

/// Resolves the dead letter sink, if the source has one.
pub(crate) async fn observe_dead_letter_sink(
    ctx: &Context,
    parsed: &ParsedSource,
) -> Result<Option<Result<ResolvedSink, SinkProblem>>, ReconcileError> {
    let asked = match &parsed.desired.delivery {
        Ok(delivery) => delivery.dead_letter_sink.clone().map(Ok),
        Err(DeliveryError::DeadLetterSink(error)) => Some(Err(error.clone())),
        Err(_) => None,
    };
    match asked {
        Some(asked) => observe(ctx, &asked, &parsed.identity).await.map(Some),
        None => Ok(None),
    }
}

/// Joins two texts of certificates.
pub(crate) fn both(first: Option<&str>, second: Option<&str>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) if first.trim() == second.trim() => Some(first.to_owned()),
        (Some(first), Some(second)) => Some(format!("{}\n{second}", first.trim_end())),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// Marks `SinkProvided`, `DeadLetterSinkResolved` and `SinkVersionServed`.
pub(crate) fn mark(conditions: &mut Conditions, observed: &Observed) {
    match &observed.sink {
        Ok(sink) => {
            conditions.mark_true(Dependent::SinkProvided);
            mark_version(conditions, sink);
        }
        Err(problem) => mark_problem(conditions, Dependent::SinkProvided, problem),
    }
    match &observed.dead_letter_sink {
        None => {
            let message = "the source has no dead letter sink";
            conditions.mark_true_because(
                Dependent::DeadLetterSinkResolved,
                "DeadLetterSinkNotConfigured",
                message,
            );
        }
        Some(Ok(_)) => conditions.mark_true(Dependent::DeadLetterSinkResolved),
        Some(Err(problem)) => mark_problem(conditions, Dependent::DeadLetterSinkResolved, problem),
    }
}

fn mark_problem(conditions: &mut Conditions, dependent: Dependent, problem: &SinkProblem) {
    conditions.mark_false(dependent, problem.reason(), problem.to_string());
}

fn mark_version(conditions: &mut Conditions, sink: &ResolvedSink) {
    let (Some(asked), Some(object)) = (&sink.obsolete_version, &sink.object) else {
        conditions.clear(Notice::SinkVersionServed);
        return;
    };
    let message = format!(
        "the cluster does not serve {} in `{asked}`; `{}` is used instead",
        object.kind, object.api_version
    );
    conditions.inform(
        Notice::SinkVersionServed,
        Severity::Info,
        ConditionStatus::False,
        "ObsoleteVersion",
        message,
    );
}
