//! Event rules as the MNS OpenAPI writes them: structured parameters are JSON texts.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::event_rule::{EventRule, MatchRule, Pattern, RuleEndpoint};
use crate::xml::ParseError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireMatchRule {
    match_state: MatchState,
    #[serde(flatten)]
    pattern: WirePattern,
}

/// The service answers with a boolean or with its text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum MatchState {
    Boolean(bool),
    Text(String),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WirePattern {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suffix: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireEndpoint {
    endpoint_type: String,
    endpoint_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    data: WireRule,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireRule {
    event_types: Vec<String>,
    match_rules: Vec<Vec<WireMatchRule>>,
    endpoint: Option<WireEndpoint>,
    topic_name: Option<String>,
}

/// The structured parameters of a call that creates a rule.
pub(crate) fn event_rule_parameters(rule: &EventRule) -> [(&'static str, String); 3] {
    let sets = rule.match_rules.iter();
    let sets: Vec<Vec<_>> = sets
        .map(|set| set.iter().map(WireMatchRule::of).collect())
        .collect();
    [
        ("EventTypes", text(&rule.event_types)),
        ("MatchRules", text(&sets)),
        ("Endpoint", text(&WireEndpoint::of(&rule.endpoint))),
    ]
}

/// Reads the response to `GetEventRule`.
///
/// # Errors
/// When it is not such a response, or the rule delivers elsewhere.
pub fn event_rule(response: &[u8]) -> Result<EventRule, ParseError> {
    let Answer { data } = serde_json::from_slice(response)?;
    let mut match_rules = BTreeSet::new();
    for set in data.match_rules {
        let read: Result<Vec<_>, _> = set.into_iter().map(WireMatchRule::read).collect();
        match_rules.insert(read?.into_iter().flatten().collect());
    }
    // Documents show event types behind the product, `oss:ObjectCreated:PutObject`.
    let event_types = data.event_types.into_iter();
    let event_types = event_types.map(|event| match event.strip_prefix("oss:") {
        Some(event) => event.to_owned(),
        None => event,
    });
    Ok(EventRule {
        event_types: event_types.collect(),
        match_rules,
        endpoint: endpoint(data.endpoint, data.topic_name)?,
    })
}

/// A rule that was made in the console may have a topic and no endpoint.
fn endpoint(
    endpoint: Option<WireEndpoint>,
    topic_name: Option<String>,
) -> Result<RuleEndpoint, ParseError> {
    let topic = topic_name.map(|topic| WireEndpoint {
        endpoint_type: "topic".to_owned(),
        endpoint_value: topic,
    });
    let WireEndpoint {
        endpoint_type,
        endpoint_value,
    } = endpoint.or(topic).ok_or(ParseError::Missing {
        element: "Endpoint",
    })?;
    // The name alone, or at the end of the full name.
    let name = endpoint_value.rsplit('/').next().unwrap_or_default();
    let invalid = |_| ParseError::value("EndpointValue", name);
    match endpoint_type.as_str() {
        "queue" => Ok(RuleEndpoint::Queue(name.parse().map_err(invalid)?)),
        "topic" => Ok(RuleEndpoint::Topic(name.parse().map_err(invalid)?)),
        other => Err(ParseError::value("EndpointType", other)),
    }
}

impl WireMatchRule {
    fn of(rule: &MatchRule) -> Self {
        let mut pattern = WirePattern::default();
        let (field, text) = match &rule.pattern {
            Pattern::Name(name) => (&mut pattern.name, name),
            Pattern::Prefix(prefix) => (&mut pattern.prefix, prefix),
            Pattern::Suffix(suffix) => (&mut pattern.suffix, suffix),
        };
        *field = Some(text.clone());
        Self {
            match_state: MatchState::Boolean(rule.must_match),
            pattern,
        }
    }

    /// A rule with a prefix and a suffix is two rules.
    fn read(self) -> Result<Vec<MatchRule>, ParseError> {
        let must_match = match self.match_state {
            MatchState::Boolean(value) => value,
            MatchState::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" => true,
                "false" => false,
                _ => return Err(ParseError::value("MatchState", &text)),
            },
        };
        let WirePattern {
            name,
            prefix,
            suffix,
        } = self.pattern;
        let patterns = [
            name.map(Pattern::Name),
            prefix.map(Pattern::Prefix),
            suffix.map(Pattern::Suffix),
        ];
        let patterns: Vec<_> = patterns.into_iter().flatten().collect();
        if !must_match && patterns.len() > 1 {
            // Not both is less than neither.
            return Err(ParseError::value("MatchState", "false"));
        }
        let rule = |pattern| MatchRule {
            pattern,
            must_match,
        };
        Ok(patterns.into_iter().map(rule).collect())
    }
}

impl WireEndpoint {
    fn of(endpoint: &RuleEndpoint) -> Self {
        let (endpoint_type, endpoint_value) = match endpoint {
            RuleEndpoint::Queue(queue) => ("queue", queue.as_str()),
            RuleEndpoint::Topic(topic) => ("topic", topic.as_str()),
        };
        Self {
            endpoint_type: endpoint_type.to_owned(),
            endpoint_value: endpoint_value.to_owned(),
        }
    }
}

/// Structs of texts always have a JSON form.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
