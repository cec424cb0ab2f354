//! A sink that keeps what it got and answers as the test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use events::{AttributesReader as _, Event};
use tokio::net::TcpListener;
use tokio::time::sleep;

/// What the sink answers, and after how long.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) after: Duration,
    pub(crate) retry_after: Option<&'static str>,
    pub(crate) body: &'static str,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        Self {
            status,
            after: Duration::ZERO,
            retry_after: None,
            body: "",
        }
    }

    pub(crate) fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }
}

type Decide = dyn Fn(&Event, usize) -> Answer + Send + Sync;

/// A running sink; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct FakeSink {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<(HeaderMap, Event)>>>,
    decide: Arc<Decide>,
}

impl FakeSink {
    /// `decide` gets each event and how often its id has come, counted from 1.
    pub(crate) async fn start(
        decide: impl Fn(&Event, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sink = Self {
            address,
            received: Arc::default(),
            decide: Arc::new(decide),
        };
        let router = axum::Router::new()
            .route("/events", post(take))
            .with_state(sink.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        sink
    }

    pub(crate) async fn accepting() -> Self {
        Self::start(|_, _| Answer::status(202)).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/events", self.address)
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.received
            .lock()
            .unwrap()
            .iter()
            .map(|(_, event)| event.clone())
            .collect()
    }

    pub(crate) fn headers(&self) -> Vec<HeaderMap> {
        self.received
            .lock()
            .unwrap()
            .iter()
            .map(|(headers, _)| headers.clone())
            .collect()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.events()
            .iter()
            .map(|event| event.id().to_owned())
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.received.lock().unwrap().len()
    }
}

async fn take(State(sink): State<FakeSink>, headers: HeaderMap, body: Bytes) -> Response {
    let event = events::from_http(&headers, body).unwrap();
    let count = {
        let mut received = sink.received.lock().unwrap();
        received.push((headers, event.clone()));
        received
            .iter()
            .filter(|(_, other)| other.id() == event.id())
            .count()
    };
    let Answer {
        status,
        after,
        retry_after,
        body,
    } = (sink.decide)(&event, count);
    sleep(after).await;
    let mut response = (status, body).into_response();
    if let Some(retry_after) = retry_after {
        response
            .headers_mut()
            .insert("retry-after", retry_after.parse().unwrap());
    }
    response
}
