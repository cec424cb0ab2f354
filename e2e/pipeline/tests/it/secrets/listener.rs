//! Listens to what is said: a sink that keeps each request and its answer, as received.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// A sink on a free port; it ends when dropped.
pub(super) struct Listener {
    address: SocketAddr,
    shared: Arc<Shared>,
    _server: AbortOnDropHandle<std::io::Result<()>>,
}

struct Shared {
    heard: Mutex<Vec<String>>,
    /// Who gets the requests; nobody if empty.
    next: Option<String>,
    http: reqwest::Client,
}

impl Listener {
    /// Passes what it hears on to `next`, or takes it if there is none.
    pub(super) async fn start(next: Option<String>, http: reqwest::Client) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            heard: Mutex::default(),
            next,
            http,
        });
        let app = Router::new().fallback(hear).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            address,
            shared,
            _server: AbortOnDropHandle::new(server),
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Every request and every answer, one text each.
    pub(super) fn heard(&self) -> Vec<String> {
        self.shared.heard.lock().unwrap().clone()
    }
}

async fn hear(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    shared.keep(&headers, &body);
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::ACCEPTED;
    let Some(next) = &shared.next else {
        return answer;
    };
    let passed = shared.http.post(next).headers(headers).body(body);
    let response = passed.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.unwrap();
    shared.keep(&headers, &body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    *answer.body_mut() = Body::from(body);
    answer
}

impl Shared {
    fn keep(&self, headers: &HeaderMap, body: &[u8]) {
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut lines = vec![lossy(body)];
        for (name, value) in headers {
            lines.push(format!("{name}: {}", lossy(value.as_bytes())));
            // A dead letter carries the refusal in base64.
            lines.push(lossy(&BASE64_STANDARD.decode(value).unwrap_or_default()));
        }
        let text = lines.join("\n");
        self.heard.lock().unwrap().push(text);
    }
}
