//! The admin API: event rules, faults, limits, counts, credentials, captures.
//!
//! JSON over HTTP, on a listener of its own, without protection: it is for the tests and the
//! person at this machine. A body must say that it is JSON, which a web page of elsewhere
//! cannot do without asking first.
//!
//! | Call | Does |
//! |---|---|
//! | `GET /health` | answers 200 |
//! | `GET /rules`, `PUT`, `GET`, `DELETE /rules/{name}` | event rules: takes `{"bucket", "prefix", "suffix", "events", "topic"}`, shows what the MNS OpenAPI shows |
//! | `GET /hosts`, `PUT`, `DELETE /hosts/{name}` | host names of buckets: `{"bucket"}` |
//! | `POST`, `GET`, `DELETE /faults`, `DELETE /faults/{id}` | misbehaviour, see [`Fault`] |
//! | `PUT`, `GET`, `DELETE /limits` | calls per second that are taken, see [`Limits`] |
//! | `GET /stats` | counts by service and operation, see [`Tally`](crate::stats::Tally) |
//! | `GET /credentials`, `PUT`, `GET`, `DELETE /credentials/{id}` | what is accepted: `{"access_key_secret", "security_token", "expires"}`; shows how often an expired key was refused |
//! | `PUT`, `DELETE /oidc-providers/{name}` | whose tokens STS believes: `{"issuer", "client_ids", "jwks"}` |
//! | `PUT`, `DELETE /roles/{name}` | what STS issues keys for: `{"trust_policy", "max_session_seconds"}`, the policy in RAM's form |
//! | `GET /identities` | full names of both |
//! | `GET /captures` | the last requests, with `--capture` only |

mod credentials;
mod identities;
mod response;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{delete, get, put};
use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;

use self::response::{AdminResponse, Outcome, parse};
use crate::faults::Fault;
use crate::limits::Limits;
use crate::mns::Mns;
use crate::mns_open::EventRule;
use crate::oss::Oss;
use crate::rules::{Endpoint, MatchRule, Rule, RuleError, Rules};
use crate::settings::Settings;
use crate::shared::Shared;

/// The state that the admin API changes.
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
        .route("/health", get(async || AdminResponse::ok()))
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
        .route(
            "/limits",
            get(show_limits).put(set_limits).delete(lift_limits),
        )
        .route("/stats", get(stats))
        .route("/credentials", get(credentials::list))
        .route(
            "/credentials/{id}",
            put(credentials::accept)
                .get(credentials::show)
                .delete(credentials::revoke),
        )
        .route("/identities", get(identities::list))
        .route(
            "/oidc-providers/{name}",
            put(identities::put_provider).delete(identities::delete_provider),
        )
        .route(
            "/roles/{name}",
            put(identities::put_role).delete(identities::delete_role),
        )
        .route("/captures", get(captures))
        .fallback(async || AdminResponse::missing("no such call"))
        .with_state(admin)
}

/// An event rule for one bucket, in a shorter form than that of the MNS OpenAPI.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShortRule {
    bucket: String,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    suffix: String,
    events: BTreeSet<String>,
    topic: Option<String>,
}

impl ShortRule {
    /// The rule of this name. Without a topic of its own, it has the one that the service would
    /// make; the number there tells rules of the same name apart.
    fn expand(self, name: &str, settings: &Settings) -> Rule {
        let Settings {
            region, account, ..
        } = settings;
        let bucket = MatchRule::bucket(format!("acs:oss:{region}:{account}:{}", self.bucket));
        let mut match_rules = vec![bucket];
        if !(self.prefix.is_empty() && self.suffix.is_empty()) {
            match_rules.push(MatchRule::key(&self.prefix, &self.suffix));
        }
        let topic = self
            .topic
            .unwrap_or_else(|| format!("mns-en-topics-oss-{name}-1"));
        Rule {
            events: self.events,
            match_rules: vec![match_rules],
            endpoint: Endpoint::Topic(topic),
        }
    }
}

impl Admin {
    fn shown(&self, name: &str, rule: Rule) -> EventRule {
        EventRule::of(name, rule, &self.shared.settings)
    }
}

async fn list_rules(State(admin): Acts) -> Outcome {
    let rules = admin.rules.list().into_iter();
    let shown = rules.map(|(name, rule)| (name.clone(), admin.shown(&name, rule)));
    AdminResponse::json(&shown.collect::<BTreeMap<_, _>>())
}

async fn put_rule(
    State(admin): Acts,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome {
    let short: ShortRule = parse(&headers, &body)?;
    let Shared {
        settings, journal, ..
    } = &*admin.shared;
    let rule = short.expand(&name, settings);
    let put = admin.rules.put(journal, &name, rule.clone());
    put.map_err(|error| match error {
        RuleError::Conflict { .. } | RuleError::TooMany => AdminResponse::conflict(&error),
        RuleError::Journal(_) => AdminResponse::failed(&error),
        error => AdminResponse::refused(&error),
    })?;
    if let Endpoint::Topic(topic) = &rule.endpoint {
        admin.mns.ensure_topic(topic)?;
    }
    AdminResponse::json(&admin.shown(&name, rule))
}

async fn get_rule(State(admin): Acts, Path(name): Path<String>) -> Outcome {
    let rule = admin
        .rules
        .get(&name)
        .ok_or_else(|| AdminResponse::missing("no such rule"))?;
    AdminResponse::json(&admin.shown(&name, rule))
}

async fn delete_rule(State(admin): Acts, Path(name): Path<String>) -> Outcome {
    let deleted = admin.rules.delete(&admin.shared.journal, &name);
    AdminResponse::deleted(deleted?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Host {
    bucket: String,
}

async fn list_hosts(State(admin): Acts) -> Outcome {
    AdminResponse::json(&admin.oss.mapped_hosts())
}

async fn put_host(
    State(admin): Acts,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome {
    let Host { bucket } = parse(&headers, &body)?;
    admin.oss.map_host(&name, Some(&bucket))?;
    Ok(AdminResponse::ok())
}

async fn delete_host(State(admin): Acts, Path(name): Path<String>) -> Outcome {
    admin.oss.map_host(&name, None)?;
    AdminResponse::deleted(true)
}

async fn list_faults(State(admin): Acts) -> Outcome {
    AdminResponse::json(&admin.shared.faults.list())
}

async fn add_fault(State(admin): Acts, headers: HeaderMap, body: Bytes) -> Outcome {
    let fault: Fault = parse(&headers, &body)?;
    let installed = admin
        .shared
        .faults
        .add(fault)
        .map_err(|error| AdminResponse::refused(&error))?;
    AdminResponse::json(&installed)
}

async fn clear_faults(State(admin): Acts) -> Outcome {
    admin.shared.faults.clear();
    AdminResponse::deleted(true)
}

async fn delete_fault(State(admin): Acts, Path(id): Path<String>) -> Outcome {
    let id = id
        .parse()
        .map_err(|_| AdminResponse::missing("no such fault"))?;
    AdminResponse::deleted(admin.shared.faults.remove(id))
}

async fn show_limits(State(admin): Acts) -> Outcome {
    AdminResponse::json(&admin.shared.throttle.limits())
}

async fn set_limits(State(admin): Acts, headers: HeaderMap, body: Bytes) -> Outcome {
    let limits: Limits = parse(&headers, &body)?;
    admin.shared.throttle.set(limits);
    AdminResponse::json(&limits)
}

async fn lift_limits(State(admin): Acts) -> Outcome {
    admin.shared.throttle.set(Limits::default());
    AdminResponse::deleted(true)
}

async fn stats(State(admin): Acts) -> Outcome {
    AdminResponse::json(&admin.shared.stats.snapshot())
}

async fn captures(State(admin): Acts) -> Outcome {
    let off = || AdminResponse::missing("nothing is captured: start the emulator with --capture");
    AdminResponse::json(&admin.shared.captures.list().ok_or_else(off)?)
}
