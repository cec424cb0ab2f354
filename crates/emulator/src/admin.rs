//! The admin API: event rules, faults, counts, credentials, captures.
//!
//! JSON over HTTP, on a listener of its own, without protection: it is for the tests and the
//! person at this machine. A body must say that it is JSON, which a web page of elsewhere
//! cannot do without asking first.
//!
//! | Call | Does |
//! |---|---|
//! | `GET /health` | answers 200 |
//! | `GET /rules`, `PUT`, `GET`, `DELETE /rules/{name}` | event rules, see [`Rule`] |
//! | `GET /hosts`, `PUT`, `DELETE /hosts/{name}` | host names of buckets: `{"bucket"}` |
//! | `POST`, `GET`, `DELETE /faults`, `DELETE /faults/{id}` | misbehaviour, see [`Fault`] |
//! | `GET /stats` | counts by service and operation, see [`Tally`](crate::stats::Tally) |
//! | `GET /credentials`, `PUT`, `GET`, `DELETE /credentials/{id}` | what is accepted: `{"access_key_secret", "security_token", "expires"}`; shows how often an expired key was refused |
//! | `GET /captures` | the last requests, with `--capture` only |

mod answer;
mod credentials;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{delete, get, put};
use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;

use self::answer::{Answer, Outcome, parse};
use crate::faults::Fault;
use crate::mns::Mns;
use crate::oss::Oss;
use crate::rules::{Rule, RuleError, Rules};
use crate::shared::Shared;

/// What the admin API acts on.
#[derive(Debug)]
pub struct Admin {
    shared: Arc<Shared>,
    rules: Arc<Rules>,
    mns: Arc<Mns>,
    oss: Arc<Oss>,
}

type Acts = State<Arc<Admin>>;

impl Admin {
    /// Acts on these.
    #[must_use]
    pub fn new(shared: Arc<Shared>, rules: Arc<Rules>, mns: Arc<Mns>, oss: Arc<Oss>) -> Arc<Self> {
        Arc::new(Self {
            shared,
            rules,
            mns,
            oss,
        })
    }
}

/// Serves the admin API.
pub fn router(admin: Arc<Admin>) -> Router {
    Router::new()
        .route("/health", get(async || Answer::ok()))
        .route("/rules", get(list_rules))
        .route(
            "/rules/{name}",
            put(put_rule).get(get_rule).delete(delete_rule),
        )
        .route("/hosts", get(list_hosts))
        .route("/hosts/{name}", put(put_host).delete(delete_host))
        .route(
            "/faults",
            get(list_faults).post(add_fault).delete(clear_faults),
        )
        .route("/faults/{id}", delete(delete_fault))
        .route("/stats", get(stats))
        .route("/credentials", get(credentials::list))
        .route(
            "/credentials/{id}",
            put(credentials::accept)
                .get(credentials::show)
                .delete(credentials::revoke),
        )
        .route("/captures", get(captures))
        .fallback(async || Answer::missing("no such call"))
        .with_state(admin)
}

async fn list_rules(State(admin): Acts) -> Outcome {
    Answer::json(&admin.rules.list())
}

async fn put_rule(
    State(admin): Acts,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome {
    let rule: Rule = parse(&headers, &body)?;
    let rule = admin
        .rules
        .put(&admin.shared.journal, &name, rule)
        .map_err(|error| match error {
            RuleError::Conflict { .. } | RuleError::TooMany => Answer::conflict(&error),
            RuleError::Journal(_) => Answer::failed(&error),
            error => Answer::refused(&error),
        })?;
    if let Some(topic) = &rule.topic {
        admin
            .mns
            .ensure_topic(topic)
            .map_err(|error| Answer::failed(&error))?;
    }
    Answer::json(&rule)
}

async fn get_rule(State(admin): Acts, Path(name): Path<String>) -> Outcome {
    let rule = admin
        .rules
        .get(&name)
        .ok_or_else(|| Answer::missing("no such rule"))?;
    Answer::json(&rule)
}

async fn delete_rule(State(admin): Acts, Path(name): Path<String>) -> Outcome {
    let deleted = admin.rules.delete(&admin.shared.journal, &name);
    Answer::deleted(deleted.map_err(|error| Answer::failed(&error))?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Host {
    bucket: String,
}

async fn list_hosts(State(admin): Acts) -> Outcome {
    Answer::json(&admin.oss.mapped_hosts())
}

async fn put_host(
    State(admin): Acts,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome {
    let Host { bucket } = parse(&headers, &body)?;
    admin
        .oss
        .map_host(&name, Some(&bucket))
        .map_err(|error| Answer::failed(&error))?;
    Ok(Answer::ok())
}

async fn delete_host(State(admin): Acts, Path(name): Path<String>) -> Outcome {
    admin
        .oss
        .map_host(&name, None)
        .map_err(|error| Answer::failed(&error))?;
    Answer::deleted(true)
}

async fn list_faults(State(admin): Acts) -> Outcome {
    Answer::json(&admin.shared.faults.list())
}

async fn add_fault(State(admin): Acts, headers: HeaderMap, body: Bytes) -> Outcome {
    let fault: Fault = parse(&headers, &body)?;
    let installed = admin
        .shared
        .faults
        .add(fault)
        .map_err(|error| Answer::refused(&error))?;
    Answer::json(&installed)
}

async fn clear_faults(State(admin): Acts) -> Outcome {
    admin.shared.faults.clear();
    Answer::deleted(true)
}

async fn delete_fault(State(admin): Acts, Path(id): Path<String>) -> Outcome {
    let id = id.parse().map_err(|_| Answer::missing("no such fault"))?;
    Answer::deleted(admin.shared.faults.remove(id))
}

async fn stats(State(admin): Acts) -> Outcome {
    Answer::json(&admin.shared.stats.snapshot())
}

async fn captures(State(admin): Acts) -> Outcome {
    let off = || Answer::missing("nothing is captured: start the emulator with --capture");
    Answer::json(&admin.shared.captures.list().ok_or_else(off)?)
}
