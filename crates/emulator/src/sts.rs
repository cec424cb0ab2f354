//! STS (version 2015-04-01), as far as pods use it: `AssumeRoleWithOIDC`.
//!
//! That call is not signed; the token is the proof. Providers and roles are made by the admin
//! API. The keys that are issued are accepted by every service until they end, whatever the
//! role's permissions are: there are no policies.

pub mod identities;
pub mod jwt;
pub mod trust;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::Request;
use jiff::{SignedDuration, Timestamp};
use rand::Rng as _;
use rand::distr::Alphanumeric;
use serde::Serialize;
use signing::Credentials;

use self::identities::Refused;
use self::jwt::{Claims, TokenError};
use crate::call::Service;
use crate::gateway::{self, RpcCall, RpcError, RpcRequest};
use crate::shared::Shared;

const VERSION: &str = "2015-04-01";
/// The one action that is played.
const ACTION: &str = "AssumeRoleWithOIDC";
/// A token has at most 20,000 characters.
const BODY_LIMIT_BYTES: usize = 128 * 1024;
const MAX_TOKEN_LENGTH: usize = 20_000;
const MIN_SECONDS: u32 = 900;
const USUAL_SECONDS: u32 = 3600;
const MAX_POLICY_LENGTH: usize = 2048;

/// Serves STS over HTTP.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(handle).with_state(shared)
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let request = match RpcRequest::read(request, BODY_LIMIT_BYTES).await {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let act = async |call: RpcCall, now| assume_role(&shared, &call, &request.id, now);
    gateway::serve_unsigned(&shared, Service::Sts, &request, operation, act).await
}

fn operation(action: &str) -> Option<&'static str> {
    (action == ACTION).then_some(ACTION)
}

fn assume_role(
    shared: &Shared,
    call: &RpcCall,
    request_id: &str,
    now: Timestamp,
) -> Result<Response, RpcError> {
    if operation(&call.action).is_none() {
        let message = "Specified api is not found, please check your url and method.";
        return Err(RpcError::not_found("InvalidAction.NotFound", message));
    }
    if call.version != VERSION {
        return Err(RpcError::no_such_version());
    }
    let asked = Asked::read(call)?;
    let assumed = shared
        .identities
        .assume(asked.role_arn, asked.provider_arn, asked.token, now)
        .map_err(refused)?;
    if asked.seconds > assumed.max_session_seconds {
        return Err(duration_out_of_range(assumed.max_session_seconds));
    }
    let expires = now + SignedDuration::from_secs(asked.seconds.into());
    let answer = Answer {
        request_id,
        token_info: TokenInfo::of(assumed.claims),
        assumed_role_user: AssumedRoleUser {
            arn: format!("{}/{}", asked.role_arn, asked.session),
            assumed_role_id: format!("{}:{}", assumed.role_id, asked.session),
        },
        credentials: Issued::new(expires),
    };
    let key = answer.credentials.credentials();
    shared.keys.accept(key, Some(expires));
    Ok(axum::Json(answer).into_response())
}

/// What a call asks for.
struct Asked<'a> {
    role_arn: &'a str,
    provider_arn: &'a str,
    token: &'a str,
    session: &'a str,
    seconds: u32,
}

impl<'a> Asked<'a> {
    fn read(call: &'a RpcCall) -> Result<Self, RpcError> {
        let asked = Self {
            role_arn: call.require("RoleArn")?,
            provider_arn: call.require("OIDCProviderArn")?,
            token: call.require("OIDCToken")?,
            session: call.require("RoleSessionName")?,
            seconds: match call.get("DurationSeconds") {
                None | Some("") => USUAL_SECONDS,
                Some(text) => text.parse().unwrap_or_default(),
            },
        };
        if asked.seconds < MIN_SECONDS {
            return Err(duration_out_of_range(USUAL_SECONDS));
        }
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".@-_".contains(&byte);
        if !((2..=64).contains(&asked.session.len()) && asked.session.bytes().all(is_part)) {
            let message = "The parameter RoleSessionName is wrongly formed.";
            return Err(RpcError::bad("InvalidParameter.RoleSessionName", message));
        }
        if asked.token.len() > MAX_TOKEN_LENGTH {
            return Err(refused(TokenError::Content.into()));
        }
        if let Some(policy) = call.get("Policy") {
            require_policy(policy)?;
        }
        Ok(asked)
    }
}

/// A policy must be JSON of the right size; it takes no right away, because there are none.
fn require_policy(policy: &str) -> Result<(), RpcError> {
    if policy.len() > MAX_POLICY_LENGTH {
        let message = "The parameter Policy is too long.";
        return Err(RpcError::bad("InvalidParameter.PolicySize", message));
    }
    let parsed = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(policy);
    if !policy.is_empty() && parsed.is_err() {
        let message = "The parameter Policy has not passed grammar check.";
        return Err(RpcError::bad("InvalidParameter.PolicyGrammar", message));
    }
    Ok(())
}

fn duration_out_of_range(max: u32) -> RpcError {
    let message = format!("The Min/Max value of DurationSeconds is {MIN_SECONDS}s/{max}s.");
    RpcError::bad("InvalidParameter.DurationSeconds", message)
}

fn refused(refused: Refused) -> RpcError {
    match refused {
        Refused::NoRole => {
            RpcError::not_found("EntityNotExist.Role", "The specified Role not exists.")
        }
        refused => RpcError::unauthenticated(refused.code(), refused.to_string()),
    }
}

fn random_text(length: usize) -> String {
    let letters = rand::rng().sample_iter(Alphanumeric);
    letters.take(length).map(char::from).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    request_id: &'a str,
    #[serde(rename = "OIDCTokenInfo")]
    token_info: TokenInfo,
    assumed_role_user: AssumedRoleUser,
    credentials: Issued,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TokenInfo {
    subject: String,
    issuer: String,
    client_ids: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuance_time: Option<String>,
    expiration_time: String,
    verification_info: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AssumedRoleUser {
    arn: String,
    assumed_role_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Issued {
    access_key_id: String,
    access_key_secret: String,
    security_token: String,
    expiration: String,
}

impl Issued {
    /// A new key.
    fn new(expires: Timestamp) -> Self {
        Self {
            access_key_id: format!("STS.{}", random_text(24)),
            access_key_secret: random_text(44),
            security_token: random_text(344),
            expiration: to_text(expires),
        }
    }

    fn credentials(&self) -> Credentials {
        Credentials::new(&self.access_key_id, &self.access_key_secret)
            .with_security_token(&self.security_token)
    }
}

impl TokenInfo {
    fn of(claims: Claims) -> Self {
        Self {
            client_ids: claims.audience.join(","),
            issuance_time: claims.issued_at.map(to_text),
            expiration_time: to_text(claims.expires),
            subject: claims.subject,
            issuer: claims.issuer,
            verification_info: "Success",
        }
    }
}

fn to_text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
