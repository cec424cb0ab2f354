//! Identity providers and roles for STS: documents in the form that RAM takes.

use axum::extract::{Path, State};
use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;

use super::Acts;
use super::response::{AdminResponse, Outcome, parse};
use crate::sts::identities::{Provider, Role};
use crate::sts::jwt::Jwks;
use crate::sts::trust::{TrustDocument, TrustPolicyError};

/// RAM's own default.
const MAX_SESSION_SECONDS: u32 = 3600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireProvider {
    issuer: String,
    client_ids: Vec<String>,
    jwks: Jwks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRole {
    trust_policy: TrustDocument,
    max_session_seconds: Option<u32>,
}

pub(super) async fn list(State(admin): Acts) -> Outcome {
    let (providers, roles) = admin.shared.identities.list();
    AdminResponse::json(&serde_json::json!({ "oidc_providers": providers, "roles": roles }))
}

pub(super) async fn put_provider(
    State(admin): Acts,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome {
    let WireProvider {
        issuer,
        client_ids,
        jwks,
    } = parse(&headers, &body)?;
    let provider = Provider {
        issuer,
        client_ids,
        jwks,
    };
    admin.shared.identities.put_provider(&name, provider);
    AdminResponse::json(&serde_json::json!({ "arn": admin.shared.identities.provider_arn(&name) }))
}

pub(super) async fn delete_provider(State(admin): Acts, Path(name): Path<String>) -> Outcome {
    AdminResponse::deleted(admin.shared.identities.remove_provider(&name))
}

pub(super) async fn put_role(
    State(admin): Acts,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome {
    let WireRole {
        trust_policy,
        max_session_seconds,
    } = parse(&headers, &body)?;
    let trust = trust_policy
        .try_into()
        .map_err(|error: TrustPolicyError| AdminResponse::refused(&error))?;
    let role = Role {
        id: format!("3{:017}", rand::random::<u64>() % 100_000_000_000_000_000),
        trust,
        max_session_seconds: max_session_seconds.unwrap_or(MAX_SESSION_SECONDS),
    };
    admin.shared.identities.put_role(&name, role);
    AdminResponse::json(&serde_json::json!({ "arn": admin.shared.identities.role_arn(&name) }))
}

pub(super) async fn delete_role(State(admin): Acts, Path(name): Path<String>) -> Outcome {
    AdminResponse::deleted(admin.shared.identities.remove_role(&name))
}
