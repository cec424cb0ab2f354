//! HTTP/1.1 asks each request to name the host it is for, once (RFC 9112, 3.2).
//!
//! A request without, or with two, may be read otherwise by a proxy on the way than here.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::HOST;
use http::{StatusCode, Version};

/// Answers requests that break the rule with 400.
pub(super) async fn required(request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        let reason = "the request needs one `Host` header\n";
        return (StatusCode::BAD_REQUEST, reason).into_response();
    }
    next.run(request).await
}
