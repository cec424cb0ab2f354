//! Clients for the tests, and a look at what they sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use oss::{Addressing, Bucket, Client, Endpoint, ObjectKey, SignatureVersion};
use signing::oss::{Resource, v1, v4};
use signing::{Credentials, LiveCredentials, encode, time};
use transport::{RetryPolicy, Transport};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) const BUCKET: &str = "face-image";

const REGION: &str = "cn-shanghai";

/// A host of which the clients here know the address.
const HOST: &str = "oss.test";

pub(crate) fn credentials() -> Credentials {
    Credentials::new("LTAItest", "secret-of-the-test")
}

fn fixed() -> LiveCredentials {
    LiveCredentials::fixed(credentials())
}

pub(crate) fn key(text: &str) -> ObjectKey {
    text.parse().unwrap()
}

/// A bucket at `address`, through a client that finds any of the test's names there.
pub(crate) fn bucket_at(
    address: SocketAddr,
    addressing: Addressing,
    signature: SignatureVersion,
) -> Bucket {
    bucket_with(address, addressing, signature, fixed(), 1)
}

pub(crate) fn bucket_with(
    address: SocketAddr,
    addressing: Addressing,
    signature: SignatureVersion,
    credentials: LiveCredentials,
    attempts: u32,
) -> Bucket {
    let retry = RetryPolicy::new(attempts, Duration::from_millis(1), Duration::from_millis(2));
    let names = [HOST.to_owned(), format!("{BUCKET}.{HOST}")];
    let client = names
        .iter()
        .fold(http_client(), |client, name| client.resolve(name, address));
    let transport = Transport::new(client.build().unwrap());
    let url = format!("http://{HOST}").parse().unwrap();
    let endpoint = Endpoint::new(&url, addressing, REGION.parse().unwrap()).unwrap();
    let builder = Client::builder(endpoint.with_signature(signature), credentials);
    let client = builder.retry(retry).build_on(transport);
    client.bucket(BUCKET.parse().unwrap())
}

fn http_client() -> reqwest::ClientBuilder {
    // Every test of this binary shares the process-wide choice of TLS provider.
    let _already_chosen = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
}

/// A server that gives every request the same answer, and a bucket on it.
pub(crate) async fn answering(answer: ResponseTemplate) -> (MockServer, Bucket) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let bucket = bucket_on(&server, 1);
    (server, bucket)
}

pub(crate) fn bucket_on(server: &MockServer, attempts: u32) -> Bucket {
    let (addressing, signature) = (Addressing::VirtualHosted, SignatureVersion::V4);
    bucket_with(*server.address(), addressing, signature, fixed(), attempts)
}

pub(crate) fn xml(status: u16, document: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(document.to_owned(), "application/xml")
}

pub(crate) async fn received(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

/// The only request so far: its target, the headers that are not of the moment, and its body.
pub(crate) async fn only_request(server: &MockServer) -> String {
    let requests = received(server).await;
    assert_eq!(requests.len(), 1);
    shown(&requests[0])
}

/// A request to a bucket by its own name. It must be signed, whatever else it is.
pub(crate) fn shown(request: &Request) -> String {
    let target = &request.url[url::Position::BeforePath..];
    let key = encode::decode(&request.url.path()[1..]).unwrap();
    let key = Some(key.as_str()).filter(|key| !key.is_empty());
    assert!(is_signed(&parts(request), key, &credentials()), "{target}");
    let mut text = format!("{} {target}\n", request.method);
    let mut headers: Vec<_> = request
        .headers
        .iter()
        .filter(|(name, _)| !OF_THE_MOMENT.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    headers.sort();
    text.extend(headers);
    text + &String::from_utf8_lossy(&request.body)
}

fn parts(request: &Request) -> http::request::Parts {
    let target = &request.url[url::Position::BeforePath..];
    let mut parts = http::Request::builder().method(&request.method).uri(target);
    for (name, value) in &request.headers {
        parts = parts.header(name, value);
    }
    parts.body(()).unwrap().into_parts().0
}

const OF_THE_MOMENT: [&str; 7] = [
    "accept",
    "authorization",
    "content-length",
    "host",
    "user-agent",
    "x-oss-date",
    "x-oss-content-sha256",
];

/// Whether a request is what its signature covers: signed again at its date, it stays the same.
pub(crate) fn is_signed(
    parts: &http::request::Parts,
    key: Option<&str>,
    credentials: &Credentials,
) -> bool {
    let resource = Resource {
        bucket: Some(BUCKET),
        key,
    };
    let mut again = parts.clone();
    let query = encode::decode_query(parts.uri.query().unwrap_or_default()).unwrap();
    let query: BTreeMap<_, _> = query.into_iter().collect();
    let seconds = |name| Duration::from_secs(query[name].parse().unwrap());
    if let Some(date) = parts.headers.get("x-oss-date") {
        let date = time::parse_iso_basic(date.to_str().unwrap()).unwrap();
        v4::sign(&mut again, resource, REGION, credentials, date).unwrap();
    } else if let Some(date) = parts.headers.get("date") {
        let date = time::parse_http_date(date.to_str().unwrap()).unwrap();
        v1::sign(&mut again, resource, credentials, date).unwrap();
    } else if let Some(date) = query.get("x-oss-date") {
        let (date, expires) = (
            time::parse_iso_basic(date).unwrap(),
            seconds("x-oss-expires"),
        );
        v4::presign(&mut again, resource, REGION, expires, credentials, date).unwrap();
    } else {
        let (epoch, expires) = (Timestamp::UNIX_EPOCH, seconds("Expires"));
        v1::presign(&mut again, resource, expires, credentials, epoch).unwrap();
    }
    again.uri == parts.uri && again.headers == parts.headers
}
