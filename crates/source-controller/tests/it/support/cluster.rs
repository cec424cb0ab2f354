//! The cluster that the tests share: a fake API server, and a client of it.

use std::convert::Infallible;
use std::ops::Deref;

use fake_api_server::{Call, FakeApiServer};
use http::Request;
use kube::Client;
use kube::client::Body;

/// An API server in this process.
pub(crate) struct Cluster(FakeApiServer);

impl Cluster {
    pub(crate) fn start() -> Self {
        Self(FakeApiServer::new())
    }

    pub(crate) fn client(&self) -> Client {
        let server = self.0.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        Client::new(service, "default")
    }

    /// The calls since they were last asked for, one line each; of them only what writes.
    pub(crate) fn writes(&self) -> Vec<String> {
        let calls = self.calls();
        calls.iter().filter(|it| it.is_write()).map(line).collect()
    }
}

impl Deref for Cluster {
    type Target = FakeApiServer;

    fn deref(&self) -> &FakeApiServer {
        &self.0
    }
}

/// Method, path without its beginning, and how the body is meant.
pub(crate) fn line(call: &Call) -> String {
    let short = call
        .path
        .replace("/apis/sources.eventing.knative.dev/v1alpha1", "")
        .replace("/apis/", "")
        .replace("/api/v1/", "")
        .replace("/namespaces/shop", "")
        .replace("namespaces/shop/", "");
    let kind = match call.content_type.as_str() {
        "application/apply-patch+yaml" => " (apply)",
        "application/merge-patch+json" => " (merge)",
        _ => "",
    };
    format!("{} {short}{kind}", call.method)
}
