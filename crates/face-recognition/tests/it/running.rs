//! The service as it runs, between a bucket and a face API of the test.

use std::ops::Deref;

use clap::Parser as _;
use face_recognition::Config;
use reqwest::Response;
use serde_json::{Value, json};
use service::{ConnectOptions, http_client};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Respond};

use crate::faces_api::FacesApi;
use crate::objects::Objects;
use crate::pictures::fixture;

/// A running service; ends with the test.
pub(crate) struct Running {
    pub(crate) objects: Objects,
    pub(crate) faces: FacesApi,
    client: Client,
    pub(crate) stop: CancellationToken,
    pub(crate) ended: JoinHandle<anyhow::Result<()>>,
    _api: MockServer,
    _folder: tempfile::TempDir,
}

/// A client that sends events to a service.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
}

impl Deref for Running {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::with(FacesApi::new(), &[]).await
    }

    pub(crate) async fn with(faces: FacesApi, more: &[&str]) -> Self {
        let objects = Objects::default();
        let oss = objects.serve().await;
        let api = serve(faces.clone()).await;
        let folder = tempfile::tempdir().unwrap();
        let announcement = folder.path().join("addresses.json");
        let mut flags = vec![
            "face-recognition".to_owned(),
            "--upload-path=target".to_owned(),
            "--listen=127.0.0.1:0".to_owned(),
            "--oss-addressing=path".to_owned(),
            "--allowed-buckets=photos".to_owned(),
            format!("--announce={}", announcement.display()),
            format!("--oss-endpoint={oss}"),
            format!("--face-endpoint={}", api.uri()),
        ];
        if !more.iter().any(|flag| flag.starts_with("--face-backend")) {
            flags.push("--face-backend=dataplus".to_owned());
        }
        flags.extend(more.iter().map(|&flag| flag.to_owned()));
        let config = Config::try_parse_from(flags).unwrap();
        let credentials = config.check(|name| {
            name.starts_with("ACCESSKEY_")
                .then(|| "key-of-the-test".to_owned())
        });
        let stop = CancellationToken::new();
        let serving = face_recognition::run(config, credentials.unwrap(), stop.clone());
        let ended = tokio::spawn(serving);
        testbed::eventually("the service listens", || announcement.exists()).await;
        let addresses: Value =
            serde_json::from_slice(&std::fs::read(&announcement).unwrap()).unwrap();
        Self {
            objects,
            faces,
            client: Client::new(addresses["http"].as_str().unwrap()),
            stop,
            ended,
            _api: api,
            _folder: folder,
        }
    }

    /// Uploads a photo without an event.
    pub(crate) fn upload(&self, key: &str) -> String {
        self.objects.put(key, fixture("420.jpg"))
    }
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        Self {
            http: http_client(&ConnectOptions::default()).unwrap(),
            url: format!("http://{address}/"),
        }
    }

    /// Sends an event about one key, as the adapter would.
    pub(crate) async fn created(&self, key: &str) -> Response {
        self.send(&document(&[key])).await
    }

    /// Sends an event with this document as JSON.
    pub(crate) async fn send(&self, document: &Value) -> Response {
        self.request()
            .body(document.to_string())
            .send()
            .await
            .unwrap()
    }

    /// A request with the attributes of an event in binary mode.
    pub(crate) fn request(&self) -> reqwest::RequestBuilder {
        self.http
            .post(&self.url)
            .header("ce-specversion", "1.0")
            .header("ce-id", "6F3A-1")
            .header("ce-source", "acs.oss")
            .header("ce-type", "oss:ObjectCreated:PutObject")
            .header("content-type", "application/json")
    }

    /// The address, as `host:port`.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://").trim_end_matches('/')
    }

    /// The value of a sample of the metrics page, 0 if it is not there.
    pub(crate) async fn metric(&self, sample: &str) -> u64 {
        let page = self
            .http
            .get(format!("{}metrics", self.url))
            .send()
            .await
            .unwrap();
        let page = page.text().await.unwrap();
        let line = page.lines().find_map(|line| line.strip_prefix(sample));
        line.map_or(0, |value| value.trim().parse().unwrap())
    }
}

/// A server at its own address.
pub(crate) async fn serve(answers: impl Respond + 'static) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(answers)
        .mount(&server)
        .await;
    server
}

/// The data of a reply.
pub(crate) async fn data(answer: Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

/// `{"events":[…]}` with one `PutObject` event per key.
pub(crate) fn document(keys: &[&str]) -> Value {
    let events: Vec<Value> = keys.iter().map(|key| created(key)).collect();
    json!({ "events": events })
}

/// One event as OSS writes it.
pub(crate) fn created(key: &str) -> Value {
    json!({
        "eventName": "ObjectCreated:PutObject",
        "eventSource": "acs:oss",
        "region": "cn-shanghai",
        "oss": {
            "bucket": { "name": "photos", "ownerIdentity": "42" },
            "object": { "key": key },
        },
    })
}
