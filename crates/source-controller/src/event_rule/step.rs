//! One change to event rules, and its execution.

use std::time::Duration;

use mns::{EventRule, EventRuleName};
use tokio::time::Instant;
use transport::Disposition;

use super::{CONFLICT, QUOTA};
use crate::mns::{Account, MnsProblem, MnsResource};

/// One change to event rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventRuleStep {
    /// Create the rule.
    Create {
        /// Its name.
        name: EventRuleName,
        /// Its content.
        rule: EventRule,
        /// Earlier rules of the source, to be deleted.
        replaces: Vec<EventRuleName>,
        /// For how long there was no rule, if an earlier one had to go first.
        gap: Option<Duration>,
    },
    /// Delete an earlier rule, whose successor exists already.
    Delete(EventRuleName),
}

impl EventRuleStep {
    /// A sentence about the executed step, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Create {
                name,
                replaces,
                gap,
                ..
            } => {
                let replaced = if replaces.is_empty() {
                    String::new()
                } else {
                    format!(" in place of {}", listed(replaces))
                };
                let gap = gap.map_or_else(String::new, |gap| {
                    format!(
                        "; both cannot exist together, so no rule was in force for {:.1} s and uploads in that time were not reported",
                        gap.as_secs_f64()
                    )
                });
                format!("created event rule `{name}`{replaced}{gap}")
            }
            Self::Delete(name) => format!("removed event rule `{name}`"),
        }
    }

    /// The step in one word, for an event.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Create { replaces, .. } if replaces.is_empty() => "EventRuleCreated",
            Self::Create { .. } => "EventRuleReplaced",
            Self::Delete(_) => "EventRuleDeleted",
        }
    }

    /// Executes the step, and returns it with the gap that there was.
    pub(super) async fn execute(self, account: &Account) -> Result<Self, MnsProblem> {
        match self {
            Self::Create {
                name,
                rule,
                replaces,
                ..
            } => {
                let gap = replace(account, &name, &rule, &replaces).await?;
                Ok(Self::Create {
                    name,
                    rule,
                    replaces,
                    gap,
                })
            }
            Self::Delete(name) => {
                delete(account, &name).await?;
                Ok(Self::Delete(name))
            }
        }
    }
}

/// Creates a rule and deletes its predecessors: afterwards if the cloud allows it, else before.
/// Returns for how long there was no rule.
async fn replace(
    account: &Account,
    name: &EventRuleName,
    rule: &EventRule,
    predecessors: &[EventRuleName],
) -> Result<Option<Duration>, MnsProblem> {
    let created = create(account, name, rule).await;
    let is_conflict = |problem: &MnsProblem| matches!(problem.reason, CONFLICT | QUOTA);
    let is_blocked = !predecessors.is_empty() && created.as_ref().is_err_and(is_conflict);
    if !is_blocked {
        created?;
    }
    let started = Instant::now();
    for predecessor in predecessors {
        delete(account, predecessor).await?;
    }
    if !is_blocked {
        return Ok(None);
    }
    // The cloud may still report the predecessor for a moment.
    match create(account, name, rule).await {
        Ok(()) => Ok(Some(started.elapsed())),
        Err(problem) if is_conflict(&problem) => Err(MnsProblem {
            disposition: Disposition::Retry,
            ..problem
        }),
        Err(problem) => Err(problem),
    }
}

async fn create(
    account: &Account,
    name: &EventRuleName,
    rule: &EventRule,
) -> Result<(), MnsProblem> {
    let rules = account.event_rules()?;
    let call = rules.create(name, rule);
    account.call(MnsResource::EventRule, call).await
}

/// Deletes a rule, whether it is there or not.
pub(crate) async fn delete(account: &Account, name: &EventRuleName) -> Result<(), MnsProblem> {
    let rules = account.event_rules()?;
    account
        .call(MnsResource::EventRule, rules.delete(name))
        .await
}

/// Names for people, with commas between them.
fn listed(names: &[EventRuleName]) -> String {
    let names = names.iter().map(|name| format!("event rule `{name}`"));
    names.collect::<Vec<_>>().join(", ")
}
