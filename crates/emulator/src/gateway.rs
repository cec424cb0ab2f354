//! The RPC gateway that facebody, openplatform, IMM, the MNS OpenAPI and STS share: parameters,
//! signatures of both kinds, and errors.
//!
//! Parameters may stand in the query or in the form; both kinds of signature look at both.

pub(crate) mod nonces;

use std::str::FromStr;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderMap, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use signing::{AccessKeyId, SecurityToken, encode};
use uuid::Uuid;

use self::nonces::Nonces;
use crate::call::{Call, Service};
use crate::gate::Admitted;
use crate::keys::KeyError;
use crate::presented::{PresentedError, acs3, find, rpc};
use crate::shared::Shared;

/// How far the time of a request may be from the time it arrives.
pub(crate) const MAX_SKEW: SignedDuration = SignedDuration::from_mins(15);

/// A call of an action, by nobody in particular yet.
#[derive(Debug)]
pub(crate) struct RpcCall {
    /// What to do.
    pub(crate) action: String,
    /// In which version of the API.
    pub(crate) version: String,
    parameters: Vec<(String, String)>,
}

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

    /// Nobody knows the caller.
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

    /// Checks who sent the call and when.
    fn authenticate(
        &self,
        shared: &Shared,
        nonces: &Nonces,
        parts: &Parts,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), RpcError> {
        let proof = if parts.headers.contains_key(AUTHORIZATION) {
            Proof::of_headers(parts, body)
        } else {
            Proof::of_parameters(parts, &self.parameters)
        };
        let proof = proof?.ok_or_else(|| {
            RpcError::bad(
                "MissingParameter",
                "AccessKeyId is mandatory for this action.",
            )
        })?;
        proof.check(shared, nonces, now)
    }
}

/// What a call shows to prove who sent it, in either kind of signature.
struct Proof {
    presented: Presented,
    string_to_sign: String,
}

enum Presented {
    Acs3(acs3::Presented),
    Rpc(rpc::Presented),
}

impl Proof {
    fn of_headers(parts: &Parts, body: &[u8]) -> Result<Option<Self>, RpcError> {
        let Some(presented) = acs3::Presented::from_request(parts).map_err(|it| unreadable(&it))?
        else {
            return Ok(None);
        };
        if !presented.covers(body) {
            return Err(mismatch());
        }
        let string_to_sign = presented.string_to_sign(parts).map_err(|_| mismatch())?;
        Ok(Some(Self {
            presented: Presented::Acs3(presented),
            string_to_sign,
        }))
    }

    fn of_parameters(
        parts: &Parts,
        parameters: &[(String, String)],
    ) -> Result<Option<Self>, RpcError> {
        let presented = rpc::Presented::from_parameters(parameters);
        let Some(presented) = presented.map_err(|it| unreadable(&it))? else {
            return Ok(None);
        };
        let string_to_sign = signing::rpc::string_to_sign(&parts.method, parameters);
        Ok(Some(Self {
            presented: Presented::Rpc(presented),
            string_to_sign,
        }))
    }

    fn check(&self, shared: &Shared, nonces: &Nonces, now: Timestamp) -> Result<(), RpcError> {
        let (id, token, nonce, signed_at) = self.claims();
        if now.duration_since(signed_at).abs() > MAX_SKEW {
            let message = "Specified time stamp or date value is expired.";
            return Err(RpcError::bad("InvalidTimeStamp.Expired", message));
        }
        let credentials = shared
            .keys
            .find(id.as_str(), token, now)
            .map_err(unacceptable)?;
        let secret = credentials.access_key_secret();
        let matches = match &self.presented {
            Presented::Acs3(presented) => presented.matches(&self.string_to_sign, secret),
            Presented::Rpc(presented) => presented.matches(&self.string_to_sign, secret),
        };
        if !matches {
            return Err(mismatch());
        }
        if !nonces.use_up(nonce, now) {
            let message = "Specified signature nonce was used already.";
            return Err(RpcError::bad("SignatureNonceUsed", message));
        }
        Ok(())
    }

    fn claims(&self) -> (&AccessKeyId, Option<&SecurityToken>, &str, Timestamp) {
        match &self.presented {
            Presented::Acs3(it) => (
                &it.access_key_id,
                it.security_token.as_ref(),
                &it.nonce,
                it.signed_at,
            ),
            Presented::Rpc(it) => (
                &it.access_key_id,
                it.security_token.as_ref(),
                &it.nonce,
                it.signed_at,
            ),
        }
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

fn mismatch() -> RpcError {
    let message = "Specified signature is not matched with our calculation.";
    RpcError::bad("SignatureDoesNotMatch", message)
}

fn unreadable(error: &PresentedError) -> RpcError {
    match error {
        PresentedError::MissingDate | PresentedError::Missing { .. } => {
            RpcError::bad("MissingParameter", error.to_string())
        }
        PresentedError::MalformedDate { .. } => {
            RpcError::bad("InvalidTimeStamp.Format", error.to_string())
        }
        _ => RpcError::bad("IncompleteSignature", error.to_string()),
    }
}

fn unacceptable(error: KeyError) -> RpcError {
    match error {
        KeyError::Unknown => RpcError::not_found(
            "InvalidAccessKeyId.NotFound",
            "Specified access key is not found.",
        ),
        KeyError::Token => {
            let code = "InvalidSecurityToken.MismatchWithAccessKey";
            RpcError::bad(code, "Specified SecurityToken mismatch with the AccessKey.")
        }
        KeyError::Expired => RpcError::bad(
            "InvalidSecurityToken.Expired",
            "Specified SecurityToken is expired.",
        ),
    }
}
