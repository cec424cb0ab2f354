//! A dead letter sink: takes what the adapter gave up on and keeps the reason.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use events::AttributesReader;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// An event that nobody accepted, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Id of the event, the same at every delivery.
    pub id: String,
    /// `acs:oss:<region>:<account>:<bucket>/<key>`, or empty.
    pub subject: String,
    /// HTTP status of the last attempt.
    pub code: String,
    /// What the sink answered, as text.
    pub reason: String,
}

/// A running dead letter sink on a free port; it ends when dropped.
#[derive(Debug)]
pub struct DeadLetters {
    address: SocketAddr,
    received: Received,
    _server: AbortOnDropHandle<std::io::Result<()>>,
}

type Received = Arc<Mutex<Vec<DeadLetter>>>;

impl DeadLetters {
    /// Starts the sink on the loopback interface.
    ///
    /// # Errors
    /// When no loopback port can be bound.
    pub async fn start() -> Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST.into()).await
    }

    /// Starts the sink at this address of the machine.
    ///
    /// # Errors
    /// When no port of it can be bound.
    pub async fn start_at(host: IpAddr) -> Result<Self> {
        let listener = TcpListener::bind((host, 0))
            .await
            .context("no free port for dead letters")?;
        let address = listener.local_addr()?;
        let received = Received::default();
        let app = Router::new()
            .route("/", post(receive))
            .with_state(received.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self {
            address,
            received,
            _server: AbortOnDropHandle::new(server),
        })
    }

    /// Where to send dead letters.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Everything received so far.
    #[must_use]
    pub fn all(&self) -> Vec<DeadLetter> {
        self.received
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The dead letter of the object `key`, once there is one.
    #[must_use]
    pub fn of_key(&self, key: &str) -> Option<DeadLetter> {
        self.all().into_iter().find(|letter| {
            letter
                .subject
                .split_once('/')
                .is_some_and(|(_bucket, subject_key)| subject_key == key)
        })
    }
}

async fn receive(State(received): State<Received>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Ok(event) = events::from_http(&headers, body) else {
        return StatusCode::BAD_REQUEST;
    };
    let extension = |name| {
        event
            .extension(name)
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    let letter = DeadLetter {
        id: event.id().to_owned(),
        subject: event.subject().unwrap_or_default().to_owned(),
        code: extension("knativeerrorcode"),
        reason: decode(&extension("knativeerrordata")),
    };
    received
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(letter);
    StatusCode::ACCEPTED
}

/// Knative sends the body of the refusing answer in base64.
fn decode(data: &str) -> String {
    match BASE64_STANDARD.decode(data) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
        Err(_) => data.to_owned(),
    }
}
