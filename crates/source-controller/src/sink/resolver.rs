//! Resolves a sink to a URL.

use k8s_openapi::api::core::v1::Service;
use kube::api::{ApiResource, DynamicObject};
use kube::{Api, Client};
use serde_json::Value;
use source_api::{ObjectReference, Sink, Target};
use url::Url;

use super::address::{self, Address};
use super::{Discovery, ResolvedSink, Served, SinkProblem, SinkWatches, both};

/// Resolves sinks.
pub(crate) struct Resolver {
    client: Client,
    discovery: Discovery,
    watches: SinkWatches,
    cluster_domain: String,
}

impl Resolver {
    /// A resolver for objects of the cluster that `client` talks to.
    pub(crate) fn new(client: Client, watches: SinkWatches, cluster_domain: String) -> Self {
        Self {
            discovery: Discovery::new(client.clone()),
            client,
            watches,
            cluster_domain,
        }
    }

    /// What the cluster serves.
    pub(crate) fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// Resolves `sink`; references without a namespace are in `namespace`.
    ///
    /// # Errors
    /// An error of the API server, which may pass. Problems that the user can resolve are the inner
    /// result.
    pub(super) async fn resolve(
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
            is_audience_announced: address.audience.is_some()
                && sink
                    .audience
                    .as_ref()
                    .is_none_or(|it| Some(it) == address.audience.as_ref()),
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
        let read = async {
            let found = services.get_metadata_opt(&object.name).await?;
            Ok(found.map(|_| Value::Null))
        };
        let found = self
            .watches
            .get_or_read(&resource, Some(namespace), &object.name, read)
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

    /// The address that the object announces.
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
        let read = async {
            let found = objects.get_opt(&object.name).await?;
            Ok(found.map(|found| address::part(&found.data)))
        };
        let found = self
            .watches
            .get_or_read(resource, namespace, &object.name, read)
            .await;
        match found {
            Ok(Some(found)) => Ok(address::of(&found, object)),
            Ok(None) => Ok(Err(SinkProblem::not_found(object))),
            Err(error) => forbidden(error, object),
        }
    }
}

/// A missing permission is for the administrator to add; any other error may pass.
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
        is_audience_announced: false,
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
