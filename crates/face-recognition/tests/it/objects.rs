//! A bucket behind a socket: enough of OSS for one service, and a record of what was asked.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State as Shared};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, Response, Uri};
use percent_encoding::percent_decode_str;
use rand::Rng as _;
use rand::rngs::StdRng;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// The bucket, shared by the test and the server.
#[derive(Clone, Default)]
pub(crate) struct Objects(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Object>,
    calls: Vec<String>,
    refusals: BTreeMap<String, (u16, &'static str)>,
    holds: BTreeMap<String, Hold>,
    latency: Option<(Duration, StdRng)>,
}

/// A call that has come and takes effect only when it is told to.
#[derive(Clone)]
pub(crate) struct Hold {
    come: Arc<Semaphore>,
    let_go: Arc<Semaphore>,
}

impl Hold {
    /// Waits until the call is there.
    pub(crate) async fn come(&self) {
        self.come.acquire().await.unwrap().forget();
    }

    /// Lets the call take effect.
    pub(crate) fn let_go(&self) {
        self.let_go.add_permits(1);
    }
}

/// An object of the bucket.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) content: Bytes,
    pub(crate) etag: String,
    /// `content-type` and `x-oss-meta-…`.
    pub(crate) headers: BTreeMap<String, String>,
}

impl Objects {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Serves the bucket at its own address for as long as the test runs.
    pub(crate) async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .fallback(call)
            .layer(DefaultBodyLimit::disable())
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    pub(crate) fn put(&self, key: &str, content: impl Into<Bytes>) -> String {
        self.put_with(key, content, BTreeMap::new())
    }

    pub(crate) fn put_with(
        &self,
        key: &str,
        content: impl Into<Bytes>,
        headers: BTreeMap<String, String>,
    ) -> String {
        let content = content.into();
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let etag = format!("{:032X}", hasher.finish());
        let object = Object {
            content,
            etag: etag.clone(),
            headers,
        };
        self.state().objects.insert(key.to_owned(), object);
        etag
    }

    pub(crate) fn get(&self, key: &str) -> Option<Object> {
        self.state().objects.get(key).cloned()
    }

    pub(crate) fn remove(&self, key: &str) {
        self.state().objects.remove(key);
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// Refuses `METHOD key` from now on.
    pub(crate) fn refuse(&self, call: &str, status: u16, code: &'static str) {
        self.state()
            .refusals
            .insert(call.to_owned(), (status, code));
    }

    /// Holds the next `METHOD key` up.
    pub(crate) fn hold(&self, call: &str) -> Hold {
        let hold = Hold {
            come: Arc::new(Semaphore::new(0)),
            let_go: Arc::new(Semaphore::new(0)),
        };
        self.state().holds.insert(call.to_owned(), hold.clone());
        hold
    }

    /// Lets every call wait from now on, for a random time of at most `longest`.
    pub(crate) fn delay(&self, longest: Duration, random: StdRng) {
        self.state().latency = Some((longest, random));
    }

    /// `METHOD key` of every call, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }
}

/// One request to the bucket.
async fn call(
    Shared(objects): Shared<Objects>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<axum::body::Body> {
    let path = percent_decode_str(uri.path()).decode_utf8().unwrap();
    let key = path.strip_prefix("/photos/").unwrap_or(&path).to_owned();
    // As with OSS, what was sent takes effect even if nobody waits for the answer.
    let work = async move { objects.call(&method, &key, &headers, body).await };
    let answer = tokio::spawn(work).await.unwrap();
    answer.map(axum::body::Body::from)
}

impl Objects {
    async fn call(
        &self,
        method: &Method,
        key: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Response<Bytes> {
        let call = format!("{method} {key}");
        let (hold, latency) = {
            let mut state = self.state();
            state.calls.push(call.clone());
            let latency = state.latency.as_mut();
            let latency = latency.map(|(longest, random)| longest.mul_f64(random.random()));
            (state.holds.remove(&call), latency.unwrap_or_default())
        };
        if let Some(hold) = hold {
            hold.come.add_permits(1);
            hold.let_go.acquire().await.unwrap().forget();
        }
        sleep(latency).await;
        self.answer(method, key, headers, body)
    }

    fn answer(
        &self,
        method: &Method,
        key: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Response<Bytes> {
        let refusal = self
            .state()
            .refusals
            .get(&format!("{method} {key}"))
            .copied();
        if let Some((status, code)) = refusal {
            return refused(status, code);
        }
        if *method == Method::PUT {
            let kept = headers.iter().filter(|(name, _)| {
                *name == "content-type" || name.as_str().starts_with("x-oss-meta-")
            });
            let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
            let kept = kept.map(|(name, value)| (name.to_string(), text(value)));
            let etag = self.put_with(key, body, kept.collect());
            return Response::builder()
                .header("etag", quoted(&etag))
                .body(Bytes::new())
                .unwrap();
        }
        match self.get(key) {
            Some(object) => object.answer(headers),
            None => refused(404, "NoSuchKey"),
        }
    }
}

impl Object {
    fn answer(&self, headers: &HeaderMap) -> Response<Bytes> {
        let header = |name| headers.get(name).map(|value| value.to_str().unwrap());
        if header("if-match").is_some_and(|tag| tag != quoted(&self.etag)) {
            return refused(412, "PreconditionFailed");
        }
        let mut answer = Response::builder().header("etag", quoted(&self.etag));
        for (name, value) in &self.headers {
            answer = answer.header(name.as_str(), value.as_str());
        }
        let Some(range) = header("range") else {
            return answer.body(self.content.clone()).unwrap();
        };
        let (first, last) = range
            .strip_prefix("bytes=")
            .unwrap()
            .split_once('-')
            .unwrap();
        let range = first.parse::<usize>().unwrap()..last.parse::<usize>().unwrap() + 1;
        let whole = self.content.len();
        let place = format!("bytes {}-{}/{whole}", range.start, range.end - 1);
        answer
            .status(206)
            .header("content-range", place)
            .body(self.content.slice(range))
            .unwrap()
    }
}

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

fn refused(status: u16, code: &str) -> Response<Bytes> {
    let document = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    Response::builder()
        .status(status)
        .header("content-type", "application/xml")
        .header("x-oss-err", BASE64_STANDARD.encode(&document))
        .body(document.into())
        .unwrap()
}
