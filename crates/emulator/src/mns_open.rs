//! The MNS OpenAPI (version 2022-01-19), as far as it is about event rules.
//!
//! Rules take effect at once. No document names the codes for a rule that exists, that overlaps
//! another or that is one too many: those here are made up, with statuses that fit.

mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::Request;
use parking_lot::Mutex;
use serde::Serialize;

pub(crate) use self::wire::EventRule;
use self::wire::{ListRequest, Page};
use crate::call::{Service, named};
use crate::gateway::nonces::Nonces;
use crate::gateway::{self, MAX_SKEW, RpcCall, RpcError, RpcRequest};
use crate::mns::Mns;
use crate::rules::{Endpoint, RuleError, Rules};
use crate::shared::Shared;

const VERSION: &str = "2022-01-19";
/// Parameters travel in the query; a form would be as short.
const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// The MNS OpenAPI.
#[derive(Debug)]
pub struct MnsOpen {
    shared: Arc<Shared>,
    rules: Arc<Rules>,
    mns: Arc<Mns>,
    nonces: Nonces,
    /// The client token with which each rule was created.
    tokens: Mutex<BTreeMap<String, String>>,
}

named! {
    /// An action that is played.
    enum Action {
        CreateEventRule,
        GetEventRule,
        DeleteEventRule,
        ListEventRules,
    }
}

impl MnsOpen {
    /// The API over these rules.
    #[must_use]
    pub fn new(shared: Arc<Shared>, rules: Arc<Rules>, mns: Arc<Mns>) -> Arc<Self> {
        Arc::new(Self {
            shared,
            rules,
            mns,
            // A request may come from the future as well as from the past.
            nonces: Nonces::new(MAX_SKEW + MAX_SKEW),
            tokens: Mutex::default(),
        })
    }

    fn act(&self, call: &RpcCall, request_id: &str) -> Result<Response, RpcError> {
        let action: Action = RpcError::action(&call.action)?;
        if call.version != VERSION {
            return Err(RpcError::no_such_version());
        }
        match action {
            Action::CreateEventRule => self
                .create(call)
                .map(|name| success(request_id, Some(name))),
            Action::GetEventRule => self.get(call).map(|rule| success(request_id, Some(rule))),
            Action::DeleteEventRule => self.delete(call).map(|()| success(request_id, None::<()>)),
            Action::ListEventRules => self.list(call).map(|page| success(request_id, Some(page))),
        }
    }

    fn create(&self, call: &RpcCall) -> Result<String, RpcError> {
        let settings = &self.shared.settings;
        let (name, rule) = wire::read_rule(call, settings)?;
        let mut tokens = self.tokens.lock();
        let token = call.get("ClientToken").filter(|token| !token.is_empty());
        let is_repeated = token.is_some() && tokens.get(&name).map(String::as_str) == token;
        if is_repeated && self.rules.get(&name).is_some() {
            return Ok(name);
        }
        self.require_endpoint(&rule.endpoint)?;
        self.rules
            .create(&self.shared.journal, &name, rule)
            .map_err(|error| refused(&error))?;
        tokens.remove(&name);
        tokens.extend(token.map(|token| (name.clone(), token.to_owned())));
        Ok(name)
    }

    fn get(&self, call: &RpcCall) -> Result<EventRule, RpcError> {
        let name = wire::rule_name(call)?;
        let rule = self.rules.get(name).ok_or_else(|| no_such_rule(name))?;
        Ok(EventRule::of(name, rule, &self.shared.settings))
    }

    fn delete(&self, call: &RpcCall) -> Result<(), RpcError> {
        let name = wire::rule_name(call)?;
        let deleted = self.rules.delete(&self.shared.journal, name);
        let deleted = deleted.map_err(|error| RpcError::internal(error.to_string()))?;
        deleted.then_some(()).ok_or_else(|| no_such_rule(name))
    }

    fn list(&self, call: &RpcCall) -> Result<Page, RpcError> {
        let request = ListRequest::read(call)?;
        let settings = &self.shared.settings;
        let rules = self.rules.list().into_iter();
        let covered = rules.filter(|(name, rule)| request.covers(name, rule));
        Ok(request.page(
            covered
                .map(|(name, rule)| EventRule::of(&name, rule, settings))
                .collect(),
        ))
    }

    fn require_endpoint(&self, endpoint: &Endpoint) -> Result<(), RpcError> {
        let (exists, code) = match endpoint {
            Endpoint::Queue(queue) => (self.mns.has_queue(queue), "QueueNotExist"),
            Endpoint::Topic(topic) => (self.mns.has_topic(topic), "TopicNotExist"),
        };
        let missing = || RpcError::not_found(code, format!("There is no {endpoint}."));
        exists.then_some(()).ok_or_else(missing)
    }
}

/// Serves the MNS OpenAPI over HTTP.
pub fn router(mns_open: Arc<MnsOpen>) -> Router {
    Router::new().fallback(handle).with_state(mns_open)
}

async fn handle(State(mns_open): State<Arc<MnsOpen>>, request: Request<Body>) -> Response {
    let request = match RpcRequest::read(request, BODY_LIMIT_BYTES).await {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    let MnsOpen { shared, nonces, .. } = &*mns_open;
    let operation = |action: &str| action.parse().ok().map(Action::name);
    let act = async |call: RpcCall, _| mns_open.act(&call, &request.id);
    gateway::serve(shared, nonces, Service::MnsOpen, &request, operation, act).await
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the names of the service")]
struct Success<'a, T> {
    request_id: &'a str,
    code: u16,
    success: bool,
    status: &'static str,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<T>,
}

fn success<T: Serialize>(request_id: &str, data: Option<T>) -> Response {
    axum::Json(Success {
        request_id,
        code: 200,
        success: true,
        status: "Success",
        message: "operation success",
        data,
    })
    .into_response()
}

fn no_such_rule(name: &str) -> RpcError {
    let message = format!("There is no event rule `{name}`.");
    RpcError::not_found("RESOURCE_NOT_FOUND", message)
}

fn refused(error: &RuleError) -> RpcError {
    let message = error.to_string();
    match error {
        RuleError::Exists(_) => RpcError::conflict("EventRuleAlreadyExist", message),
        RuleError::Conflict { .. } => RpcError::conflict("EventRuleConflict", message),
        RuleError::TooMany => RpcError::bad("QuotaExceeded", message),
        RuleError::Journal(_) => RpcError::internal(message),
        RuleError::Name(_)
        | RuleError::Lists
        | RuleError::MatchRule
        | RuleError::NoEvent
        | RuleError::Event(_) => RpcError::bad("InvalidParameter", message),
    }
}
