//! What a client can tell of the server.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers outside the test functions fail tests too"
)]

mod deployments;
mod objects;
mod watches;

use bytes::Bytes;
use fake_api_server::{Answer, FakeApiServer};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;

const LIST: &str = "/apis/example.com/v1/namespaces/shop/widgets";
const WIDGET: &str = "/apis/example.com/v1/namespaces/shop/widgets/a";

const APPLY: &str = "application/apply-patch+yaml";
const MERGE: &str = "application/merge-patch+json";
const JSON: &str = "application/json";

async fn ask(
    server: &FakeApiServer,
    method: Method,
    uri: &str,
    content_type: &str,
    body: Value,
) -> Response<Answer> {
    let body = if body.is_null() {
        Bytes::new()
    } else {
        Bytes::from(body.to_string())
    };
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header("content-type", content_type)
        .body(Full::new(body))
        .unwrap();
    server.answer(request).await
}

/// Status and document of an answer.
async fn call(
    server: &FakeApiServer,
    method: Method,
    uri: &str,
    content_type: &str,
    body: Value,
) -> (u16, Value) {
    let response = ask(server, method, uri, content_type, body).await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn get(server: &FakeApiServer, uri: &str) -> (u16, Value) {
    call(server, Method::GET, uri, JSON, Value::Null).await
}
