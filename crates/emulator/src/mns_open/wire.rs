//! Event rules as the MNS OpenAPI writes them: structured parameters are JSON in the query.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::gateway::{RpcCall, RpcError};
use crate::rules::{Endpoint, MatchRule, Rule};
use crate::settings::Settings;

/// The only product whose events are played.
const PRODUCT: &str = "oss";
const PAGE_SIZE: usize = 10;
const MAX_PAGE_SIZE: usize = 50;

/// A rule as `GetEventRule` shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EventRule {
    rule_name: String,
    delivery_mode: &'static str,
    event_types: Vec<String>,
    match_rules: Vec<Vec<MatchRule>>,
    endpoint: WireEndpoint,
    subscriptions: [WireEndpoint; 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_name: Option<String>,
}

/// An endpoint with its name, alone or at the end of a full name.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireEndpoint {
    endpoint_type: String,
    endpoint_value: String,
}

impl EventRule {
    /// A rule of an emulator with these settings.
    pub(crate) fn of(name: &str, rule: Rule, settings: &Settings) -> Self {
        let Settings {
            region, account, ..
        } = settings;
        let (kind, folder, delivery_mode) = match &rule.endpoint {
            Endpoint::Queue(_) => ("queue", "queues", "DIRECT"),
            Endpoint::Topic(_) => ("topic", "topics", "BROADCAST"),
        };
        let (endpoint, topic_name) = match rule.endpoint {
            Endpoint::Queue(queue) => (queue, None),
            Endpoint::Topic(topic) => (topic.clone(), Some(topic)),
        };
        Self {
            rule_name: name.to_owned(),
            delivery_mode,
            event_types: rule.events.into_iter().collect(),
            match_rules: rule.match_rules,
            endpoint: WireEndpoint {
                endpoint_type: kind.to_owned(),
                endpoint_value: format!("acs:mns:{region}:{account}:/{folder}/{endpoint}"),
            },
            subscriptions: [],
            topic_name,
        }
    }
}

impl WireEndpoint {
    fn parse(self) -> Result<Endpoint, RpcError> {
        let name = self.endpoint_value.rsplit('/').next().unwrap_or_default();
        match self.endpoint_type.as_str() {
            "queue" => Ok(Endpoint::Queue(name.to_owned())),
            "topic" => Ok(Endpoint::Topic(name.to_owned())),
            other => Err(invalid(
                "Endpoint",
                &format!("`{other}` is neither `queue` nor `topic`"),
            )),
        }
    }
}

/// The rule that a call is about.
pub(super) fn rule_name(call: &RpcCall) -> Result<&str, RpcError> {
    require_product(call)?;
    call.require("RuleName")
}

/// The rule that a call creates, with its name.
pub(super) fn read_rule(call: &RpcCall, settings: &Settings) -> Result<(String, Rule), RpcError> {
    let name = rule_name(call)?.to_owned();
    let events: Vec<String> = required_json(call, "EventTypes")?;
    let without_product = |event: String| match event.strip_prefix("oss:") {
        Some(event) => event.to_owned(),
        None => event,
    };
    let match_rules: Vec<Vec<MatchRule>> = required_json(call, "MatchRules")?;
    require_own_names(&match_rules, settings)?;
    let rule = Rule {
        events: events.into_iter().map(without_product).collect(),
        match_rules,
        endpoint: endpoint(call)?,
    };
    Ok((name, rule))
}

/// `Endpoint`, or the only one in the deprecated `Endpoints`.
fn endpoint(call: &RpcCall) -> Result<Endpoint, RpcError> {
    if let Some(endpoint) = json::<WireEndpoint>(call, "Endpoint")? {
        return endpoint.parse();
    }
    let endpoints: Option<Vec<WireEndpoint>> = json(call, "Endpoints")?;
    let Some(endpoints) = endpoints else {
        return call
            .require("Endpoint")
            .and(Err(invalid("Endpoint", "it is empty")));
    };
    let only: Result<[WireEndpoint; 1], _> = endpoints.try_into();
    let [only] = only.map_err(|_| invalid("Endpoints", "use `Endpoint`, of which there is one"))?;
    only.parse()
}

fn require_product(call: &RpcCall) -> Result<(), RpcError> {
    match call.require("ProductName")? {
        PRODUCT => Ok(()),
        other => Err(invalid(
            "ProductName",
            &format!("`{other}` is not `{PRODUCT}`"),
        )),
    }
}

/// A full name must be of the account and the region that are played: no other object has events.
fn require_own_names(lists: &[Vec<MatchRule>], settings: &Settings) -> Result<(), RpcError> {
    let own = format!("acs:oss:{}:{}:", settings.region, settings.account);
    let mut names = lists.iter().flatten().flat_map(MatchRule::full_names);
    match names.find(|name| !name.starts_with(&own)) {
        Some(name) => Err(invalid(
            "MatchRules",
            &format!("`{name}` does not begin with `{own}`"),
        )),
        None => Ok(()),
    }
}

fn required_json<T: DeserializeOwned>(call: &RpcCall, name: &str) -> Result<T, RpcError> {
    call.require(name)?;
    json(call, name)?.ok_or_else(|| invalid(name, "it is null"))
}

/// The value of a structured parameter; `None` if it is absent.
fn json<T: DeserializeOwned>(call: &RpcCall, name: &str) -> Result<Option<T>, RpcError> {
    let Some(text) = call.get(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    serde_json::from_str(text).map_err(|error| invalid(name, &error.to_string()))
}

fn invalid(name: &str, why: &str) -> RpcError {
    RpcError::bad(
        "InvalidParameter",
        format!("The parameter {name} is invalid: {why}."),
    )
}

/// Which rules `ListEventRules` asks for.
#[derive(Debug)]
pub(super) struct ListRequest {
    number: usize,
    size: usize,
    rule: String,
    bucket: Option<String>,
    topic: Option<String>,
    endpoint: Option<Endpoint>,
}

/// One page of rules.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the names of the service")]
pub(super) struct Page {
    page_data: Vec<EventRule>,
    page_num: usize,
    page_size: usize,
    pages: usize,
    size: usize,
    total: usize,
}

impl ListRequest {
    pub(super) fn read(call: &RpcCall) -> Result<Self, RpcError> {
        require_product(call)?;
        let number = |name, default, most| match call.get(name) {
            None => Ok(default),
            Some(text) => {
                let number = text
                    .parse()
                    .ok()
                    .filter(|number| (1..=most).contains(number));
                number.ok_or_else(|| invalid(name, &format!("it must be 1 to {most}")))
            }
        };
        let text = |name| call.get(name).filter(|text| !text.is_empty());
        let endpoint: Option<WireEndpoint> = json(call, "Subscription")?;
        Ok(Self {
            number: number("PageNum", 1, usize::MAX)?,
            size: number("PageSize", PAGE_SIZE, MAX_PAGE_SIZE)?,
            rule: text("RuleName").unwrap_or_default().to_owned(),
            bucket: text("ResourceName").map(str::to_owned),
            topic: text("TopicName").map(str::to_owned),
            endpoint: endpoint.map(WireEndpoint::parse).transpose()?,
        })
    }

    /// Whether a rule is among those that are asked for.
    pub(super) fn covers(&self, name: &str, rule: &Rule) -> bool {
        let in_bucket = |bucket: &String| {
            let mut names = rule
                .match_rules
                .iter()
                .flatten()
                .filter_map(MatchRule::bucket_name);
            names.any(|name| name == bucket)
        };
        let to_topic = |topic: &String| rule.endpoint == Endpoint::Topic(topic.clone());
        name.starts_with(&self.rule)
            && self.bucket.as_ref().is_none_or(in_bucket)
            && self.topic.as_ref().is_none_or(to_topic)
            && self
                .endpoint
                .as_ref()
                .is_none_or(|endpoint| *endpoint == rule.endpoint)
    }

    /// The page that is asked for of all rules that are.
    pub(super) fn page(&self, rules: Vec<EventRule>) -> Page {
        let total = rules.len();
        let before = self.size.saturating_mul(self.number - 1);
        let page_data: Vec<_> = rules.into_iter().skip(before).take(self.size).collect();
        Page {
            page_num: self.number,
            page_size: self.size,
            pages: total.div_ceil(self.size),
            size: page_data.len(),
            total,
            page_data,
        }
    }
}
