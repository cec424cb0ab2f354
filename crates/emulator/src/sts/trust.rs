//! Trust policies of roles, as far as they are about identity providers.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use super::jwt::{Claims, OneOrMore};

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// Who may assume a role, by the document that RAM takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPolicy(Vec<Statement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    providers: Vec<String>,
    conditions: Vec<(Claim, Vec<String>)>,
}

/// A claim that a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Issuer,
    Audience,
    Subject,
}

/// Why a document is no trust policy of an identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TrustPolicyError {
    /// It allows something else.
    #[error("each statement must have `Effect` `Allow` and `Action` `{ASSUME_ROLE}`")]
    Statement,
    /// It has a condition that is not played.
    #[error("`{0}` is none of the conditions that are played: `oidc:iss`, `oidc:aud`, `oidc:sub`")]
    Condition(String),
}

/// The document as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct TrustDocument {
    #[serde(rename = "Version")]
    _version: String,
    statement: Vec<WireStatement>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WireStatement {
    effect: String,
    action: String,
    principal: Principal,
    condition: Conditions,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Principal {
    federated: OneOrMore,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Conditions {
    string_equals: BTreeMap<String, OneOrMore>,
}

impl TrustPolicy {
    /// Whether a token of a provider lets its bearer assume the role.
    pub(super) fn admits(&self, provider_arn: &str, claims: &Claims) -> bool {
        self.0.iter().any(|statement| {
            let mut conditions = statement.conditions.iter();
            statement.providers.iter().any(|arn| arn == provider_arn)
                && conditions.all(|(claim, values)| claim.is_among(values, claims))
        })
    }
}

impl Claim {
    fn of(key: &str) -> Option<Self> {
        match key {
            "oidc:iss" => Some(Self::Issuer),
            "oidc:aud" => Some(Self::Audience),
            "oidc:sub" => Some(Self::Subject),
            _ => None,
        }
    }

    fn is_among(self, values: &[String], claims: &Claims) -> bool {
        match self {
            Self::Issuer => values.contains(&claims.issuer),
            Self::Audience => claims.audience.iter().any(|it| values.contains(it)),
            Self::Subject => values.contains(&claims.subject),
        }
    }
}

impl TryFrom<TrustDocument> for TrustPolicy {
    type Error = TrustPolicyError;

    fn try_from(document: TrustDocument) -> Result<Self, TrustPolicyError> {
        let statements = document.statement.into_iter().map(Statement::try_from);
        statements.collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<WireStatement> for Statement {
    type Error = TrustPolicyError;

    fn try_from(wire: WireStatement) -> Result<Self, TrustPolicyError> {
        if wire.effect != "Allow" || wire.action != ASSUME_ROLE {
            return Err(TrustPolicyError::Statement);
        }
        let conditions = wire.condition.string_equals.into_iter();
        let conditions = conditions.map(|(key, values)| {
            let claim = Claim::of(&key).ok_or(TrustPolicyError::Condition(key))?;
            Ok((claim, values.into_vec()))
        });
        Ok(Self {
            providers: wire.principal.federated.into_vec(),
            conditions: conditions.collect::<Result<_, _>>()?,
        })
    }
}
