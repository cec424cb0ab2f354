//! Services stopped and started over HTTP, for tests that are no Rust: `POST /stop/<name>` and
//! `POST /start/<name>`, with the names of the binaries.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use http::StatusCode;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::console::ConsolePipeline;
use crate::service::Service;

/// A server that stops and starts the parts of a pipeline. It ends when dropped.
#[derive(Debug)]
pub struct Control {
    url: String,
    _server: AbortOnDropHandle<()>,
}

impl Control {
    /// Serves on a free port of the loopback interface.
    ///
    /// # Errors
    /// When nothing can be bound.
    pub async fn start(pipeline: Arc<ConsolePipeline>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new()
            .route("/{action}/{name}", post(act))
            .with_state(pipeline);
        let server = async move {
            // It ends with its owner only.
            let _ = axum::serve(listener, router).await;
        };
        Ok(Self {
            url,
            _server: AbortOnDropHandle::new(tokio::spawn(server)),
        })
    }

    /// Its base URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

async fn act(
    State(pipeline): State<Arc<ConsolePipeline>>,
    Path((action, name)): Path<(String, String)>,
) -> (StatusCode, String) {
    let mut services = Service::ALL.into_iter();
    let service = services.find(|service| service.name() == name);
    let done = match (action.as_str(), service) {
        ("stop", Some(service)) => pipeline.services.halt(service).await,
        ("start", Some(service)) => pipeline.services.start(service).await,
        ("stop", None) if name == "console" => pipeline.kill_console().await,
        ("start", None) if name == "console" => pipeline.start_console().await,
        _ => return (StatusCode::NOT_FOUND, format!("no `{action}` of `{name}`")),
    };
    match done {
        Ok(()) => (StatusCode::OK, String::new()),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")),
    }
}
