//! Bodies of the admin API: JSON in, JSON out, one line of text in `error` when refused.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::journal::JournalError;

/// An answer, for use as the error type too.
#[derive(Debug)]
pub(super) struct AdminResponse {
    status: StatusCode,
    body: String,
}

pub(super) type Outcome = Result<AdminResponse, AdminResponse>;

impl AdminResponse {
    /// 200 with nothing to say.
    pub(super) fn ok() -> Self {
        Self {
            status: StatusCode::OK,
            body: "{}".to_owned(),
        }
    }

    /// 200 with a value.
    pub(super) fn json(value: &impl Serialize) -> Outcome {
        let body = serde_json::to_string(value).map_err(|error| Self::failed(&error))?;
        Ok(Self {
            status: StatusCode::OK,
            body,
        })
    }

    /// 204, or 404 if there was nothing to delete.
    pub(super) fn deleted(existed: bool) -> Outcome {
        if existed {
            return Ok(Self {
                status: StatusCode::NO_CONTENT,
                body: String::new(),
            });
        }
        Err(Self::missing("nothing of that name"))
    }

    /// 404.
    pub(super) fn missing(message: &str) -> Self {
        Self::error(StatusCode::NOT_FOUND, message)
    }

    /// 400: what was sent makes no sense.
    pub(super) fn refused(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::error(StatusCode::BAD_REQUEST, &error.to_string())
    }

    /// 409: what was sent makes sense, but not beside what is there.
    pub(super) fn conflict(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::error(StatusCode::CONFLICT, &error.to_string())
    }

    /// 500: the emulator is in trouble.
    pub(super) fn failed(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "an admin call failed");
        Self::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
    }

    fn error(status: StatusCode, message: &str) -> Self {
        Self {
            status,
            body: serde_json::json!({ "error": message }).to_string(),
        }
    }
}

impl From<JournalError> for AdminResponse {
    fn from(error: JournalError) -> Self {
        Self::failed(&error)
    }
}

impl IntoResponse for AdminResponse {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

/// Reads a body that says it is JSON.
pub(super) fn parse<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<T, AdminResponse> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|given| given.starts_with("application/json")) {
        let message = "send `Content-Type: application/json`";
        return Err(AdminResponse::error(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            message,
        ));
    }
    serde_json::from_slice(body).map_err(|error| AdminResponse::refused(&error))
}
