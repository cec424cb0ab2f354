//! What every request goes through: headers that tell the browser what the page may do, and for
//! everything behind the sign-in, the session.

use std::time::Instant;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use serde_json::json;

use crate::console::Shared;
use crate::session::is_of_another_site;

const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A refusal with a status and one line for people.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) status: StatusCode,
    pub(crate) reason: String,
    retry_after: Option<u64>,
}

impl Rejection {
    pub(crate) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            retry_after: None,
        }
    }

    pub(crate) fn bad(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    /// Too often; `seconds` is when to come again.
    pub(crate) fn too_often(seconds: u64) -> Self {
        let reason = format!("too many requests: try again in {seconds} seconds");
        Self {
            retry_after: Some(seconds),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, reason)
        }
    }

    /// A service behind the console does not answer as it should.
    pub(crate) fn behind(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, service::error_line(error))
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.reason }));
        let mut response = (self.status, body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Admits only requests with a session, and no changes by other sites.
pub(crate) async fn signed_in(
    State(console): State<Shared>,
    mut request: Request,
    next: Next,
) -> Result<Response, Rejection> {
    let rate = console.rate_limits.api.try_acquire(1, Instant::now());
    rate.map_err(Rejection::too_often)?;
    let sessions = &console.sessions;
    let session = sessions.session(request.headers(), Timestamp::now());
    let session =
        session.ok_or_else(|| Rejection::new(StatusCode::UNAUTHORIZED, "sign in first"))?;
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes
        && (is_of_another_site(request.headers())
            || !sessions.shows_csrf(&session, request.headers()))
    {
        let reason = "the request does not come from the page: load it again";
        return Err(Rejection::new(StatusCode::FORBIDDEN, reason));
    }
    request.extensions_mut().insert(session);
    Ok(next.run(request).await)
}

/// The headers of every response. Without a header of its own, no response is cached.
pub(crate) async fn headers(
    State(policy): State<HeaderValue>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = HeaderValue::from_static;
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
        (X_FRAME_OPTIONS, fixed("DENY")),
        (REFERRER_POLICY, fixed("no-referrer")),
        (OPENER, fixed("same-origin")),
        (RESOURCE, fixed("same-origin")),
        (
            PERMISSIONS,
            fixed("camera=(), geolocation=(), microphone=()"),
        ),
    ] {
        headers.insert(name, value);
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What the page may load: its own files, and the bucket at `origin`. No text becomes code.
pub(crate) fn policy(origin: &str) -> Option<HeaderValue> {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; \
         img-src 'self' blob: {origin}; connect-src 'self' {origin}; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    );
    HeaderValue::try_from(policy).ok()
}
