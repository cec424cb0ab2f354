//! One call that was made, for tests that count calls.

use std::collections::BTreeMap;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Collected};
use hyper::body::Body;
use serde_json::Value;

use crate::path::ResourcePath;

/// One call that was made.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Its path, without the query.
    pub path: String,
    /// Its query; of parameters that occur twice the last.
    pub query: BTreeMap<String, String>,
    /// How the body is meant.
    pub content_type: String,
    /// What the answer should be like.
    pub accept: String,
    /// The body; `null` if it is empty or no JSON.
    pub body: Value,
}

impl Call {
    pub(crate) async fn read<B: Body>(request: Request<B>) -> Self {
        let (parts, body) = request.into_parts();
        // A body that breaks off is none.
        let body = body.collect().await.map(Collected::to_bytes);
        let body = body
            .ok()
            .and_then(|body| serde_json::from_slice(&body).ok());
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let header = |name: HeaderName| {
            let value = parts.headers.get(name).and_then(|it| it.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        Self {
            query: url::form_urlencoded::parse(query).into_owned().collect(),
            content_type: header(CONTENT_TYPE),
            accept: header(ACCEPT),
            path: parts.uri.path().to_owned(),
            method: parts.method,
            body: body.unwrap_or_default(),
        }
    }

    /// The verb, as in a Role: `get`, `list`, `watch`, `create`, `update`, `patch` or
    /// `delete`.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        let is_list = ResourcePath::parse(&self.path).is_some_and(|path| path.name.is_none());
        match self.method.as_str() {
            _ if self.is_watch() => "watch",
            "GET" if is_list => "list",
            "GET" => "get",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => "other",
        }
    }

    /// The resource, as in a Role: `deployments`, `mnsosssources/status`; `discovery` for a
    /// path that names none.
    #[must_use]
    pub fn resource(&self) -> String {
        match ResourcePath::parse(&self.path) {
            None => "discovery".to_owned(),
            Some(path) => match path.subresource {
                Some(subresource) => format!("{}/{subresource}", path.plural),
                None => path.plural,
            },
        }
    }

    /// Whether it asks to change something.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.method != Method::GET
    }

    pub(crate) fn is_watch(&self) -> bool {
        let watch = self.query.get("watch").map(String::as_str);
        matches!(watch, Some("true" | "1"))
    }

    pub(crate) fn is_apply(&self) -> bool {
        self.content_type.starts_with("application/apply-patch")
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.query.get("dryRun").is_some_and(|it| it == "All")
    }

    /// Whether metadata alone is asked for.
    pub(crate) fn wants_metadata(&self) -> bool {
        self.accept.contains("as=PartialObjectMetadata")
    }
}
