//! Where a source's events go: from what the user wrote to a URL.
//!
//! An object's kind is watched from the first time it is asked for, so that nobody has to
//! wait for a sink that comes late, and an object is looked up again after each change. What is wrong with a sink is a value that tells the user; only trouble with
//! the API server is an error.

mod address;
mod discovery;
mod problem;
mod watches;

use k8s_openapi::api::core::v1::Service;
use kube::api::{ApiResource, DynamicObject};
use kube::{Api, Client};
use serde_json::Value;
use source_api::{
    ConditionStatus, Conditions, DeliveryError, Dependent, Notice, ObjectReference, Severity, Sink,
    SinkError, Target,
};
use url::Url;

use address::Address;
pub use discovery::{Discovery, Served, cluster_domain};
pub use problem::SinkProblem;
pub use watches::{Changed, SinkWatches, WatchRequests, follow};

use crate::context::Context;
use crate::error::{PassError, doing};
use crate::reconcile::Seen;
use crate::source::{Identity, Subject};

/// A sink that can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedSink {
    /// Where events go.
    pub url: Url,
    /// CA certificates in PEM: the user's and those that the object announces.
    pub ca_certs: Option<String>,
    /// The OIDC audience: the user's, else the one that the object announces.
    pub audience: Option<String>,
    /// The object, by the API version that the cluster serves; absent for a plain URL.
    pub object: Option<ObjectReference>,
    /// The API version that the user asked for, if the cluster serves another one only.
    pub obsolete_version: Option<String>,
}

/// Resolves sinks. Cheap to clone.
#[derive(Clone)]
pub struct Resolver {
    client: Client,
    discovery: Discovery,
    watches: SinkWatches,
    cluster_domain: String,
}

impl Resolver {
    /// A resolver for objects of the cluster that `client` talks to.
    #[must_use]
    pub fn new(
        client: Client,
        discovery: Discovery,
        watches: SinkWatches,
        cluster_domain: String,
    ) -> Self {
        Self {
            client,
            discovery,
            watches,
            cluster_domain,
        }
    }

    /// What the cluster serves.
    #[must_use]
    pub fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// Finds out where `sink` is; references without a namespace mean `namespace`.
    ///
    /// # Errors
    /// Trouble with the API server, which may pass. What the user can mend is the inner
    /// result.
    pub async fn resolve(
        &self,
        sink: &Sink,
        namespace: &str,
    ) -> kube::Result<Result<ResolvedSink, SinkProblem>> {
        let (reference, path) = match &sink.target {
            Target::Url(url) => return Ok(Ok(at_url(sink, url))),
            Target::Object {
                reference, path, ..
            } => (reference, path),
        };
        let object = ObjectReference {
            namespace: Some(reference.namespace.as_deref().unwrap_or(namespace).into()),
            ..reference.clone()
        };
        if object.api_version == "v1" && object.kind == "Service" {
            return self.service(sink, object).await;
        }
        let Some(served) = self
            .discovery
            .find(&object.api_version, &object.kind)
            .await?
        else {
            return Ok(Err(SinkProblem::not_served(&object)));
        };
        let address = match self.address(&object, &served).await? {
            Ok(address) => address,
            Err(problem) => return Ok(Err(problem)),
        };
        let obsolete_version =
            (served.resource.api_version != object.api_version).then(|| object.api_version.clone());
        let object = ObjectReference {
            api_version: served.resource.api_version,
            ..object
        };
        let resolved = ResolvedSink {
            url: address.url.clone(),
            ca_certs: both(sink.ca_certs.as_deref(), address.ca_certs.as_deref()),
            audience: sink.audience.clone().or(address.audience),
            object: Some(object),
            obsolete_version,
        };
        Ok(with_path(resolved, sink, path.is_some()))
    }

    /// A Kubernetes Service has no address in its status, only a name in the cluster's DNS.
    async fn service(
        &self,
        sink: &Sink,
        object: ObjectReference,
    ) -> kube::Result<Result<ResolvedSink, SinkProblem>> {
        let namespace = object.namespace.as_deref().unwrap_or_default();
        let services: Api<Service> = Api::namespaced(self.client.clone(), namespace);
        let resource = ApiResource::erase::<Service>(&());
        let look = async {
            let found = services.get_metadata_opt(&object.name).await?;
            Ok(found.map(|_| Value::Null))
        };
        let found = self
            .watches
            .look(&resource, Some(namespace), &object.name, look)
            .await;
        match found {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Err(SinkProblem::not_found(&object))),
            Err(error) => return forbidden(error, &object),
        }
        let scheme = if sink.ca_certs.is_some() {
            "https"
        } else {
            "http"
        };
        let url = format!(
            "{scheme}://{}.{namespace}.svc.{}/",
            object.name, self.cluster_domain
        );
        let Ok(url) = Url::parse(&url) else {
            return Ok(Err(SinkProblem::bad_address(&object, &url)));
        };
        let resolved = ResolvedSink {
            object: Some(object),
            ..at_url(sink, &url)
        };
        Ok(with_path(resolved, sink, true))
    }

    /// What the object announces.
    async fn address(
        &self,
        object: &ObjectReference,
        served: &Served,
    ) -> kube::Result<Result<Address, SinkProblem>> {
        let namespace = object.namespace.as_deref().filter(|_| served.is_namespaced);
        let (client, resource) = (self.client.clone(), &served.resource);
        let objects: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, resource),
            None => Api::all_with(client, resource),
        };
        let look = async {
            let found = objects.get_opt(&object.name).await?;
            Ok(found.map(|found| address::part(&found.data)))
        };
        let found = self
            .watches
            .look(resource, namespace, &object.name, look)
            .await;
        match found {
            Ok(Some(found)) => Ok(address::of(&found, object)),
            Ok(None) => Ok(Err(SinkProblem::not_found(object))),
            Err(error) => forbidden(error, object),
        }
    }
}

/// A refusal for lack of rights is the administrator's to mend; anything else may pass.
fn forbidden<T>(
    error: kube::Error,
    object: &ObjectReference,
) -> kube::Result<Result<T, SinkProblem>> {
    match error {
        kube::Error::Api(status) if status.is_forbidden() => {
            Ok(Err(SinkProblem::forbidden(object)))
        }
        other => Err(other),
    }
}

fn at_url(sink: &Sink, url: &Url) -> ResolvedSink {
    ResolvedSink {
        url: url.clone(),
        ca_certs: sink.ca_certs.clone(),
        audience: sink.audience.clone(),
        object: None,
        obsolete_version: None,
    }
}

/// Resolves the user's relative reference against the object's address.
fn with_path(
    resolved: ResolvedSink,
    sink: &Sink,
    has_path: bool,
) -> Result<ResolvedSink, SinkProblem> {
    if !has_path {
        return Ok(resolved);
    }
    let url = sink.resolve(&resolved.url).map_err(SinkProblem::Invalid)?;
    Ok(ResolvedSink { url, ..resolved })
}

/// Two lots of certificates as one.
pub(crate) fn both(first: Option<&str>, second: Option<&str>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) if first.trim() == second.trim() => Some(first.to_owned()),
        (Some(first), Some(second)) => Some(format!("{}\n{second}", first.trim_end())),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

pub(crate) async fn look(
    ctx: &Context,
    sink: &Result<Sink, SinkError>,
    identity: &Identity,
) -> Result<Result<ResolvedSink, SinkProblem>, PassError> {
    match sink {
        Ok(sink) => {
            let resolved = ctx.resolver.resolve(sink, &identity.namespace).await;
            doing("looking up the sink", resolved)
        }
        Err(error) => Ok(Err(SinkProblem::Invalid(error.clone()))),
    }
}

pub(crate) async fn look_for_dead_letters(
    ctx: &Context,
    subject: &Subject,
) -> Result<Option<Result<ResolvedSink, SinkProblem>>, PassError> {
    let asked = match &subject.wish.delivery {
        Ok(delivery) => delivery.dead_letter_sink.clone().map(Ok),
        Err(DeliveryError::DeadLetterSink(error)) => Some(Err(error.clone())),
        Err(_) => None,
    };
    match asked {
        Some(asked) => look(ctx, &asked, &subject.identity).await.map(Some),
        None => Ok(None),
    }
}

pub(crate) fn mark(conditions: &mut Conditions, sink: &Result<ResolvedSink, SinkProblem>) {
    match sink {
        Ok(resolved) => {
            conditions.mark_true(Dependent::SinkProvided);
            version(conditions, resolved);
        }
        Err(problem) => {
            conditions.mark_false(
                Dependent::SinkProvided,
                problem.reason(),
                problem.to_string(),
            );
        }
    }
}

fn version(conditions: &mut Conditions, sink: &ResolvedSink) {
    let (Some(asked), Some(object)) = (&sink.obsolete_version, &sink.object) else {
        conditions.clear(Notice::SinkVersionServed);
        return;
    };
    let message = format!(
        "the cluster does not serve {} in `{asked}`; `{}` is used in its place",
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

pub(crate) fn mark_dead_letter_sink(conditions: &mut Conditions, seen: &Seen) {
    let dependent = Dependent::DeadLetterSinkResolved;
    match &seen.dead_letter_sink {
        None => {
            let message = "no dead letter sink is asked for";
            conditions.mark_true_because(dependent, "DeadLetterSinkNotConfigured", message);
        }
        Some(Ok(_)) => conditions.mark_true(dependent),
        Some(Err(problem)) => {
            conditions.mark_false(dependent, problem.reason(), problem.to_string());
        }
    }
}

/// A sink that announces an audience refuses every event without a token, and the adapter has
/// no token to show.
pub(crate) fn mark_identity(conditions: &mut Conditions, seen: &Seen) {
    let dependent = Dependent::OidcIdentityCreated;
    let asks = |sink: Option<&Result<ResolvedSink, SinkProblem>>| {
        sink.and_then(|sink| sink.as_ref().ok())
            .is_some_and(|sink| sink.audience.is_some())
    };
    let (sink, field) = if asks(Some(&seen.sink)) {
        ("sink", "sinkAudience")
    } else if asks(seen.dead_letter_sink.as_ref()) {
        ("dead letter sink", "deadLetterSinkAudience")
    } else {
        // The words of Knative's own sources.
        let reason = "authentication-oidc feature disabled";
        conditions.mark_true_because(dependent, reason, "no sink expects tokens");
        return;
    };
    let message = format!(
        "the {sink} expects tokens for the audience in `status.{field}`, and this source has none: turn \
         `authentication-oidc` off in Knative, or choose a sink without an audience"
    );
    conditions.mark_false(dependent, "OIDCNotSupported", message);
}
