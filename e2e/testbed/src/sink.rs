//! A sink of events: keeps what it gets and answers as its owner says.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use events::{AttributesReader, Event};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

/// A running sink on a free port; it ends with its last clone.
#[derive(Debug, Clone)]
pub struct EventSink {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Delivery>>>,
    _server: Arc<AbortOnDropHandle<std::io::Result<()>>>,
}

/// One request with an event.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The headers of the request.
    pub headers: HeaderMap,
    /// The event.
    pub event: Event,
}

/// The response of the sink, and its delay.
#[derive(Debug, Clone)]
pub struct SinkResponse {
    /// The status.
    pub status: StatusCode,
    /// How long the answer takes.
    pub after: Duration,
    /// The header `retry-after`.
    pub retry_after: Option<&'static str>,
    /// The body.
    pub body: &'static str,
}

impl SinkResponse {
    /// An answer that comes at once and says no more. A number that is no status becomes 500.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            after: Duration::ZERO,
            retry_after: None,
            body: "",
        }
    }

    /// The same, later.
    #[must_use]
    pub fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }
}

/// An event that the adapter gave up on, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Id of the event, the same at every delivery.
    pub id: String,
    /// `acs:oss:<region>:<account>:<bucket>/<key>`, or empty.
    pub subject: String,
    /// HTTP status of the last attempt.
    pub code: String,
    /// The response of the sink, as text.
    pub reason: String,
}

/// Decides about an event and how often its id has come, counted from 1.
type Respond = dyn Fn(&Event, usize) -> SinkResponse + Send + Sync;

#[derive(Clone)]
struct Shared {
    received: Arc<Mutex<Vec<Delivery>>>,
    respond: Arc<Respond>,
}

impl EventSink {
    /// A sink on the loopback interface that accepts everything.
    ///
    /// # Errors
    /// When no port of it can be bound.
    pub async fn accepting() -> Result<Self> {
        Self::accepting_at(Ipv4Addr::LOCALHOST.into()).await
    }

    /// The same at this address of the machine.
    ///
    /// # Errors
    /// When no port of it can be bound.
    pub async fn accepting_at(host: IpAddr) -> Result<Self> {
        let accept = |_: &Event, _| SinkResponse::status(202);
        Self::listen(host, Arc::new(accept)).await
    }

    /// A sink on the loopback interface that answers what `respond` says of each event and of
    /// how often its id has come, counted from 1.
    ///
    /// # Errors
    /// When no port of it can be bound.
    pub async fn responding(
        respond: impl Fn(&Event, usize) -> SinkResponse + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::listen(Ipv4Addr::LOCALHOST.into(), Arc::new(respond)).await
    }

    async fn listen(host: IpAddr, respond: Arc<Respond>) -> Result<Self> {
        let listener = TcpListener::bind((host, 0)).await;
        let listener = listener.context("no free port for a sink")?;
        let address = listener.local_addr()?;
        let received = Arc::default();
        let shared = Shared {
            received: Arc::clone(&received),
            respond,
        };
        let app = Router::new().fallback(receive).with_state(shared);
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self {
            address,
            received,
            _server: Arc::new(AbortOnDropHandle::new(server)),
        })
    }

    /// Where it listens, as `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Where to send events.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/events", self.address)
    }

    /// The requests with events so far.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.received.lock().clone()
    }

    /// The events so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let received = self.received.lock();
        received.iter().map(|it| it.event.clone()).collect()
    }

    /// How many events came so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.received.lock().len()
    }

    /// Every event so far, as a dead letter.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.received.lock().iter().map(dead_letter).collect()
    }

    /// The dead letter of the object `key`, once there is one.
    #[must_use]
    pub fn dead_letter_of(&self, key: &str) -> Option<DeadLetter> {
        self.dead_letters().into_iter().find(|letter| {
            let subject = letter.subject.split_once('/');
            subject.is_some_and(|(_bucket, subject_key)| subject_key == key)
        })
    }
}

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let Ok(event) = events::from_http(&headers, body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let count = {
        let mut received = shared.received.lock();
        let before = received.iter().filter(|it| it.event.id() == event.id());
        let count = before.count() + 1;
        let event = event.clone();
        received.push(Delivery { headers, event });
        count
    };
    let SinkResponse {
        status,
        after,
        retry_after,
        body,
    } = (shared.respond)(&event, count);
    sleep(after).await;
    let mut response = (status, body).into_response();
    if let Some(retry_after) = retry_after {
        let retry_after = HeaderValue::from_static(retry_after);
        response.headers_mut().insert("retry-after", retry_after);
    }
    response
}

fn dead_letter(Delivery { event, .. }: &Delivery) -> DeadLetter {
    let extension = |name| {
        let value = event.extension(name).map(ToString::to_string);
        value.unwrap_or_default()
    };
    DeadLetter {
        id: event.id().to_owned(),
        subject: event.subject().unwrap_or_default().to_owned(),
        code: extension("knativeerrorcode"),
        reason: decode(&extension("knativeerrordata")),
    }
}

/// Knative sends the body of the refusing answer in base64.
fn decode(data: &str) -> String {
    match BASE64_STANDARD.decode(data) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
        Err(_) => data.to_owned(),
    }
}
