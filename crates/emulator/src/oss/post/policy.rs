//! The policy of an upload form: until when, and what the fields may be.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::oss::error::{OssError, Result};

/// A policy that was understood.
#[derive(Debug, PartialEq)]
pub(crate) struct Policy {
    expiration: Timestamp,
    conditions: Vec<Condition>,
}

/// One condition. Names are in lower case, without `$`.
#[derive(Debug, PartialEq)]
enum Condition {
    Equal(String, String),
    StartsWith(String, String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Length(u64, u64),
}

#[derive(Deserialize)]
struct Document {
    expiration: Timestamp,
    conditions: Vec<Value>,
}

/// The answer to a policy that cannot be understood.
pub(super) fn invalid(why: &str) -> OssError {
    let message = format!("Invalid Policy: {why}.");
    OssError::bad("InvalidPolicyDocument", message)
}

impl Policy {
    /// Reads the JSON text of a policy.
    ///
    /// # Errors
    /// `InvalidPolicyDocument`.
    pub(crate) fn parse(json: &str) -> Result<Self> {
        let document: Document =
            serde_json::from_str(json).map_err(|error| invalid(&error.to_string()))?;
        let conditions = document
            .conditions
            .iter()
            .map(condition)
            .collect::<Option<_>>();
        let conditions = conditions.ok_or_else(|| invalid("a condition is malformed"))?;
        Ok(Self {
            expiration: document.expiration,
            conditions,
        })
    }

    /// Checks everything but the length of the file. `fields` have lower-case names.
    ///
    /// # Errors
    /// `AccessDenied`, naming the condition.
    pub(super) fn check(
        &self,
        bucket: &str,
        key: &str,
        fields: &[(String, String)],
        now: Timestamp,
    ) -> Result<()> {
        if self.expiration < now {
            return Err(denied("Policy expired"));
        }
        let value = |name: &str| match name {
            "bucket" => Some(bucket),
            "key" => Some(key),
            name => fields
                .iter()
                .find(|(found, _)| found == name)
                .map(|(_, value)| value.as_str()),
        };
        match self
            .conditions
            .iter()
            .find(|condition| !condition.holds(value))
        {
            Some(condition) => Err(denied(&format!("Policy Condition failed: {condition:?}"))),
            None => Ok(()),
        }
    }

    /// Checks the length of the file, in bytes.
    ///
    /// # Errors
    /// `EntityTooSmall`, `EntityTooLarge`.
    pub(super) fn check_length(&self, length: u64) -> Result<()> {
        for condition in &self.conditions {
            match condition {
                Condition::Length(least, _) if length < *least => {
                    let message = "Your proposed upload is smaller than the minimum allowed size.";
                    return Err(OssError::bad("EntityTooSmall", message));
                }
                Condition::Length(_, most) if length > *most => {
                    return Err(OssError::too_large(*most));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Condition {
    fn holds<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> bool {
        match self {
            Self::Equal(name, expected) => value(name) == Some(expected),
            Self::StartsWith(name, prefix) => value(name).unwrap_or_default().starts_with(prefix),
            Self::In(name, allowed) => value(name).is_some_and(|value| contains(allowed, value)),
            Self::NotIn(name, denied) => value(name).is_some_and(|value| !contains(denied, value)),
            Self::Length(..) => true,
        }
    }
}

fn contains(list: &[String], value: &str) -> bool {
    list.iter().any(|item| item == value)
}

fn denied(why: &str) -> OssError {
    OssError::access_denied(format!("Invalid according to Policy: {why}."))
}

fn condition(value: &Value) -> Option<Condition> {
    match value {
        Value::Object(exact) => equal(exact),
        Value::Array(items) => match items.as_slice() {
            [operator, name, operand] => operation(operator.as_str()?, name, operand),
            _ => None,
        },
        _ => None,
    }
}

fn equal(exact: &Map<String, Value>) -> Option<Condition> {
    let mut pairs = exact.iter();
    let (name, value) = pairs.next()?;
    let condition = Condition::Equal(name.to_ascii_lowercase(), text(value)?);
    pairs.next().is_none().then_some(condition)
}

fn operation(operator: &str, name: &Value, operand: &Value) -> Option<Condition> {
    let field = || Some(name.as_str()?.strip_prefix('$')?.to_ascii_lowercase());
    match operator.to_ascii_lowercase().as_str() {
        "eq" => Some(Condition::Equal(field()?, text(operand)?)),
        "starts-with" => Some(Condition::StartsWith(field()?, text(operand)?)),
        "in" => Some(Condition::In(field()?, texts(operand)?)),
        "not-in" => Some(Condition::NotIn(field()?, texts(operand)?)),
        "content-length-range" => Some(Condition::Length(number(name)?, number(operand)?)),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(text).collect()
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests;
