//! The source in a cluster: its status names the queue and counts the adapter's pods.
//!
//! One object is read, by plain HTTP and with the pod's own account, which may do nothing else.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, StatusCode};
use mns::QueueName;
use serde::Deserialize;
use thiserror::Error;
use transport::{Call, ConnectOptions, HttpClientError, Replay, Transport, TransportError};

/// The API server, by the name that every cluster gives it.
const API_SERVER: &str = "https://kubernetes.default.svc";
/// Where a pod finds its account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const DEADLINE: Duration = Duration::from_secs(5);
/// As much as the API server takes of an object.
const RESPONSE_BYTES: usize = 3 << 20;

/// A source in the namespace of the pod that this process runs in.
#[derive(Debug)]
pub(crate) struct Source {
    name: String,
    server: String,
    account: PathBuf,
    transport: Transport,
}

/// What the controller reports of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SourceStatus {
    /// The queue that it receives from.
    pub(crate) queue: Option<QueueName>,
    /// How many pods its adapter has.
    pub(crate) adapters: Option<u32>,
}

/// Why a source could not be read.
#[derive(Debug, Error)]
pub(crate) enum SourceError {
    /// The process does not run in a pod, or its pod has no account.
    #[error("cannot read the account of this pod at `{path}`")]
    Account {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The certificate of the API server cannot be checked.
    #[error("cannot trust the API server")]
    Trust(#[from] HttpClientError),
    /// The API server did not answer.
    #[error("no answer from the API server")]
    Unanswered(#[from] TransportError),
    /// The API server refused.
    #[error("the API server answers {status} to `get mnsosssources {name}`")]
    Rejection { status: StatusCode, name: String },
    /// The answer is no source.
    #[error("the API server's answer is no source")]
    Unreadable(#[from] serde_json::Error),
}

#[derive(Debug, Default, Deserialize)]
struct Object {
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
struct Status {
    queue: Option<String>,
    consumers: Option<u32>,
}

impl Source {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// Permanent: the process does not run in a pod with an account.
    pub(crate) fn in_cluster(name: String) -> Result<Self, SourceError> {
        Self::at(API_SERVER.to_owned(), ACCOUNT.into(), name)
    }

    fn at(server: String, account: PathBuf, name: String) -> Result<Self, SourceError> {
        let path = account.join("ca.crt");
        let ca_certs = std::fs::read_to_string(&path);
        let options = ConnectOptions {
            ca_certs_pem: Some(ca_certs.map_err(|source| SourceError::Account { path, source })?),
            ..ConnectOptions::default()
        };
        Ok(Self {
            transport: Transport::connect(&options)?,
            name,
            server,
            account,
        })
    }

    /// Reads what the controller reports now.
    ///
    /// # Errors
    /// They may pass: rights are given, and API servers come back.
    pub(crate) async fn status(&self) -> Result<SourceStatus, SourceError> {
        // Kubernetes puts a new token there every hour or so.
        let token = self.account("token").await?;
        let namespace = self.account("namespace").await?;
        let Self { server, name, .. } = self;
        let url = format!(
            "{server}/apis/sources.eventing.knative.dev/v1alpha1/namespaces/{namespace}/mnsosssources/{name}"
        );
        let call = Call::new(DEADLINE, RESPONSE_BYTES).replay(Replay::Safe);
        let request = || {
            let bearer = format!("Bearer {token}");
            Request::get(&url)
                .header(AUTHORIZATION, bearer)
                .body(Bytes::new())
        };
        let answer = self.transport.send(&call, request).await?;
        if !answer.status().is_success() {
            return Err(SourceError::Rejection {
                status: answer.status(),
                name: name.clone(),
            });
        }
        let Object { status } = serde_json::from_slice(answer.body())?;
        let queue = status.queue.as_deref();
        Ok(SourceStatus {
            queue: queue.and_then(|name| QueueName::try_new(name).ok()),
            adapters: status.consumers,
        })
    }

    async fn account(&self, file: &str) -> Result<String, SourceError> {
        let path = self.account.join(file);
        let text = tokio::fs::read_to_string(&path).await;
        let text = text.map_err(|source| SourceError::Account { path, source })?;
        Ok(text.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::extract::Path;
    use axum::response::IntoResponse as _;
    use axum::routing::get;
    use http::HeaderMap;
    use tokio::net::TcpListener;

    use super::*;

    const PATH: &str =
        "/apis/sources.eventing.knative.dev/v1alpha1/namespaces/photos/mnsosssources/{name}";

    async fn api_server() -> String {
        let answer = |Path(name): Path<String>, headers: HeaderMap| async move {
            if headers[AUTHORIZATION] != "Bearer the token" {
                return StatusCode::UNAUTHORIZED.into_response();
            }
            let body = match name.as_str() {
                "faces" => r#"{"spec":{},"status":{"queue":"mnsoss-photos","consumers":3}}"#,
                "new" => "{}",
                _ => return StatusCode::FORBIDDEN.into_response(),
            };
            body.into_response()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route(PATH, get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    fn account() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let certificate = rcgen::generate_simple_self_signed(vec!["kubernetes".to_owned()]);
        let certificate = certificate.unwrap().cert.pem();
        for (file, text) in [
            ("token", "the token\n"),
            ("namespace", "photos"),
            ("ca.crt", &certificate),
        ] {
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        folder
    }

    #[tokio::test]
    async fn the_status_is_read_with_the_pods_own_account() {
        let (server, account) = (api_server().await, account());
        let of = |name: &str| {
            let source = Source::at(server.clone(), account.path().into(), name.to_owned());
            let source = source.unwrap();
            async move { source.status().await }
        };
        let expected = SourceStatus {
            queue: QueueName::try_new("mnsoss-photos").ok(),
            adapters: Some(3),
        };
        assert_eq!(of("faces").await.unwrap(), expected);
        assert_eq!(of("new").await.unwrap(), SourceStatus::default());
        let refused = of("other").await.unwrap_err().to_string();
        assert!(refused.contains("403 Forbidden"), "{refused}");
    }

    #[tokio::test]
    async fn outside_of_a_pod_there_is_no_account() {
        let nowhere = PathBuf::from("/nowhere/account");
        let error = Source::at(API_SERVER.to_owned(), nowhere, "faces".to_owned()).unwrap_err();
        let told = service::error_line(&error);
        assert!(
            told.starts_with("cannot read the account of this pod at `/nowhere/account/ca.crt`"),
            "{told}"
        );
    }
}
