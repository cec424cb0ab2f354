//! Calls that are not carried out, and their responses.

use std::str::FromStr;

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Serialize;

/// A call that is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RpcError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl RpcError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// The caller's doing.
    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The caller is unknown.
    pub(crate) fn unauthenticated(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// No such thing.
    pub(crate) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// Not beside the state that is there.
    pub(crate) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// The action of a name, if there is one.
    pub(crate) fn action<A: FromStr>(name: &str) -> Result<A, Self> {
        let message = "Specified api is not found, please check your url and method.";
        name.parse()
            .map_err(|_| Self::not_found("InvalidAction.NotFound", message))
    }

    /// The API has no such version.
    pub(crate) fn no_such_version() -> Self {
        Self::bad(
            "InvalidVersion",
            "Specified parameter Version is not valid.",
        )
    }

    /// Our own doing.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    /// The answer to the caller.
    pub(crate) fn respond(&self, request_id: &str, host: &str) -> Response {
        error(self.status, self.code, &self.message, request_id, host)
    }
}

/// An error answer with any status and code.
pub(crate) fn error(
    status: StatusCode,
    code: &str,
    message: &str,
    request_id: &str,
    host: &str,
) -> Response {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Document<'a> {
        request_id: &'a str,
        host_id: &'a str,
        code: &'a str,
        message: &'a str,
    }
    let document = Document {
        request_id,
        host_id: host,
        code,
        message,
    };
    (status, axum::Json(document)).into_response()
}
