//! Which credentials are accepted, changed while the emulator runs. Secrets go in and never
//! come out.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use axum::extract::{Path, State};
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use signing::Credentials;

use super::Acts;
use super::response::{AdminResponse, Outcome, parse};
use crate::keys::Accepted;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accept {
    access_key_secret: String,
    security_token: Option<String>,
    expires: Option<Timestamp>,
}

pub(super) async fn list(State(admin): Acts) -> Outcome {
    AdminResponse::json(
        &admin
            .shared
            .keys
            .list()
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
    )
}

/// The public facts about a key.
#[derive(Serialize)]
struct Shown {
    expires: Option<Timestamp>,
    refused: u64,
}

pub(super) async fn show(State(admin): Acts, Path(id): Path<String>) -> Outcome {
    let key = admin.shared.keys.accepted(&id);
    let Accepted {
        expires, refused, ..
    } = key.ok_or_else(|| AdminResponse::missing("no such key"))?;
    AdminResponse::json(&Shown {
        expires,
        refused: refused.load(Ordering::Relaxed),
    })
}

pub(super) async fn accept(
    State(admin): Acts,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome {
    let Accept {
        access_key_secret,
        security_token,
        expires,
    } = parse(&headers, &body)?;
    let permanent = Credentials::new(id, access_key_secret);
    let credentials = match security_token {
        Some(token) => permanent.with_security_token(token),
        None => permanent,
    };
    admin.shared.keys.accept(credentials, expires);
    Ok(AdminResponse::ok())
}

pub(super) async fn revoke(State(admin): Acts, Path(id): Path<String>) -> Outcome {
    AdminResponse::deleted(admin.shared.keys.revoke(&id))
}
