//! The RPC gateway that facebody, openplatform, IMM, the MNS OpenAPI and STS share: parameters,
//! signatures of both kinds, and errors.
//!
//! Parameters may stand in the query or in the form; both kinds of signature look at both.

mod authenticate;
mod error;
pub(crate) mod nonces;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderMap, Request};
use jiff::Timestamp;
use signing::encode;
use uuid::Uuid;

pub(crate) use self::authenticate::MAX_SKEW;
pub(crate) use self::error::{RpcError, error};
use self::nonces::Nonces;
use crate::call::{Call, Service};
use crate::gate::Admitted;
use crate::presented::find;
use crate::shared::Shared;

/// A call of an action, before its caller is known.
#[derive(Debug)]
pub(crate) struct RpcCall {
    /// What to do.
    pub(crate) action: String,
    /// In which version of the API.
    pub(crate) version: String,
    parameters: Vec<(String, String)>,
}

/// A request to an RPC API, before anything of it is checked.
#[derive(Debug)]
pub(crate) struct RpcRequest {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
    /// The id that its answer gets.
    pub(crate) id: String,
}

impl RpcRequest {
    /// Reads a request whole. The error is its answer, if it cannot be read or its body is larger
    /// than `limit_bytes`.
    pub(crate) async fn read(request: Request<Body>, limit_bytes: usize) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let id = Uuid::new_v4().to_string().to_uppercase();
        let Ok(body) = axum::body::to_bytes(body, limit_bytes).await else {
            let message = "The request body is not readable or too large.";
            let error = RpcError::bad("InvalidParameter", message);
            return Err(error.respond(&id, host(&parts.headers)));
        };
        Ok(Self { parts, body, id })
    }
}

/// Takes a call through the gate and checks its signature; `act` then answers it. `operation` gives
/// an action its name in faults and counts.
pub(crate) async fn serve<F>(
    shared: &Shared,
    nonces: &Nonces,
    service: Service,
    request: &RpcRequest,
    operation: impl FnOnce(&str) -> Option<&'static str>,
    act: impl FnOnce(RpcCall, Timestamp) -> F,
) -> Response
where
    F: Future<Output = Result<Response, RpcError>>,
{
    let RpcRequest { parts, body, .. } = request;
    let checked = |rpc: RpcCall, now| async move {
        rpc.authenticate(shared, nonces, parts, body, now)?;
        act(rpc, now).await
    };
    serve_unsigned(shared, service, request, operation, checked).await
}

/// As [`serve`], without a look at signatures: `act` decides who may call.
pub(crate) async fn serve_unsigned<F>(
    shared: &Shared,
    service: Service,
    request: &RpcRequest,
    operation: impl FnOnce(&str) -> Option<&'static str>,
    act: impl FnOnce(RpcCall, Timestamp) -> F,
) -> Response
where
    F: Future<Output = Result<Response, RpcError>>,
{
    let RpcRequest { parts, body, id } = request;
    let host = host(&parts.headers);
    let rpc = RpcCall::read(parts, body);
    let operation = rpc.as_ref().ok().and_then(|rpc| operation(&rpc.action));
    let call = Call::new(service, operation.unwrap_or(Call::UNKNOWN));
    let refusal = |status, code: &str| error(status, code, "injected by the emulator", id, host);
    let answer = |admitted: Admitted| async move {
        let done = async { act(rpc?, admitted.checked_at).await };
        done.await.unwrap_or_else(|error| error.respond(id, host))
    };
    shared.pass(call, parts, Some(body), refusal, answer).await
}

/// The host that the request was sent to, as its header says.
pub(crate) fn host(headers: &HeaderMap) -> &str {
    headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost")
}

impl RpcCall {
    /// Reads the call out of headers, query and form.
    pub(crate) fn read(parts: &Parts, body: &[u8]) -> Result<Self, RpcError> {
        let unreadable = |_| RpcError::bad("InvalidParameter", "A parameter is not UTF-8 text.");
        let query = parts.uri.query().unwrap_or_default();
        let mut parameters = encode::decode_query(query).map_err(unreadable)?;
        parameters.extend(encode::decode_query(&form(parts, body)).map_err(unreadable)?);
        let header = |name: &str| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
        let either = |name: &str, parameter: &str| {
            header(name)
                .or_else(|| find(&parameters, parameter).map(str::to_owned))
                .unwrap_or_default()
        };
        Ok(Self {
            action: either("x-acs-action", "Action"),
            version: either("x-acs-version", "Version"),
            parameters,
        })
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        find(&self.parameters, name)
    }

    /// The value of a parameter that must be there.
    pub(crate) fn require(&self, name: &str) -> Result<&str, RpcError> {
        let missing = || {
            let message = format!("The input parameter {name} that is mandatory is not supplied.");
            RpcError::bad("MissingParameter", message)
        };
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(missing)
    }

    /// Whether a flag is set. The SDKs do not agree on the case of its letters.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

fn form(parts: &Parts, body: &[u8]) -> String {
    let content_type = parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|it| it.to_str().ok());
    let is_form =
        content_type.is_some_and(|it| it.starts_with("application/x-www-form-urlencoded"));
    if is_form {
        String::from_utf8_lossy(body).into_owned()
    } else {
        String::new()
    }
}
