//! Event rules: which operations on which objects are announced, and to which queue or topic.
//!
//! The rules have the form of the MNS OpenAPI, [`crate::mns_open`]; the admin API has a shorter one.
//! This module only says which rules match: [`crate::oss`] announces, [`crate::mns`] delivers.

mod matching;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::journal::{Journal, JournalError, Journaled};

pub use matching::MatchRule;

const MAX_RULES: usize = 10;
const MAX_LISTS: usize = 5;
const MAX_NAME: usize = 85;
/// The groups of events that the service publishes.
const GROUPS: [&str; 6] = [
    "ObjectCreated",
    "ObjectDownloaded",
    "ObjectModified",
    "ObjectRemoved",
    "ObjectReplication",
    "ObjectRestore",
];

/// One event rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Events it announces, for example `ObjectCreated:PutObject`; `ObjectCreated:*` stands for
    /// all of a group.
    pub events: BTreeSet<String>,
    /// It covers the objects that all rules of one of these lists accept.
    pub match_rules: Vec<Vec<MatchRule>>,
    /// Where the events go.
    pub endpoint: Endpoint,
}

/// Where a rule delivers its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// Into a queue.
    Queue(String),
    /// To a topic, which hands them to its subscriptions.
    Topic(String),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(name) => write!(f, "queue `{name}`"),
            Self::Topic(name) => write!(f, "topic `{name}`"),
        }
    }
}

/// Why a rule was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// Not a name.
    #[error("rule name `{0}` must be 1 to 85 letters, digits and `-`")]
    Name(String),
    /// The name is taken.
    #[error("there is a rule `{0}` already")]
    Exists(String),
    /// One rule too many.
    #[error("there are {MAX_RULES} rules already")]
    TooMany,
    /// No list of match rules, too many of them, or an empty one.
    #[error("a rule has 1 to {MAX_LISTS} lists of match rules, none of them empty")]
    Lists,
    /// A match rule that says nothing, or too much.
    #[error("a match rule has either `Name` or one or both of `Prefix` and `Suffix`")]
    MatchRule,
    /// No event at all.
    #[error("a rule needs at least one event")]
    NoEvent,
    /// Not an event.
    #[error("`{0}` is not an event of OSS")]
    Event(String),
    /// Another rule announces the same event of the same objects.
    #[error("rule `{other}` already covers `{event}` of some of these objects")]
    Conflict {
        /// The other rule.
        other: String,
        /// The event that both would announce.
        event: String,
    },
    /// The rule cannot be written to the journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The rules in force.
#[derive(Debug)]
pub struct Rules(Mutex<Set>);

#[derive(Debug, Default)]
struct Set(BTreeMap<String, Rule>);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Record {
    Put { name: String, rule: Rule },
    Delete { name: String },
}

impl Journaled for Set {
    type Record = Record;

    const SECTION: &'static str = "rules";

    fn apply(&mut self, record: Record) {
        match record {
            Record::Put { name, rule } => drop(self.0.insert(name, rule)),
            Record::Delete { name } => drop(self.0.remove(&name)),
        }
    }

    fn snapshot(&self) -> Vec<Record> {
        let put = |(name, rule): (&String, &Rule)| Record::Put {
            name: name.clone(),
            rule: rule.clone(),
        };
        self.0.iter().map(put).collect()
    }
}

impl Rules {
    /// The rules that the journal kept.
    ///
    /// # Errors
    /// When the journal is damaged.
    pub fn new(journal: &Journal) -> Result<Self, JournalError> {
        Ok(Self(Mutex::new(journal.restore(Set::default())?)))
    }

    /// Puts a new rule into force.
    ///
    /// # Errors
    /// When the rule is malformed, its name is taken, or another rule covers the same.
    pub fn create(&self, journal: &Journal, name: &str, rule: Rule) -> Result<(), RuleError> {
        let mut set = self.0.lock();
        if set.0.contains_key(name) {
            return Err(RuleError::Exists(name.to_owned()));
        }
        set.put(journal, name, rule)
    }

    /// Puts a rule into force, in place of one of the same name.
    ///
    /// # Errors
    /// When the rule is malformed, or another rule covers the same.
    pub fn put(&self, journal: &Journal, name: &str, rule: Rule) -> Result<(), RuleError> {
        self.0.lock().put(journal, name, rule)
    }

    /// A rule by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Rule> {
        self.0.lock().0.get(name).cloned()
    }

    /// All rules by name.
    #[must_use]
    pub fn list(&self) -> BTreeMap<String, Rule> {
        self.0.lock().0.clone()
    }

    /// Ends a rule; its queue or topic stays. `false` if there is none of that name.
    ///
    /// # Errors
    /// When that cannot be written to the journal.
    pub fn delete(&self, journal: &Journal, name: &str) -> Result<bool, JournalError> {
        let mut set = self.0.lock();
        if !set.0.contains_key(name) {
            return Ok(false);
        }
        let record = Record::Delete {
            name: name.to_owned(),
        };
        journal.append::<Set>(&record)?;
        set.apply(record);
        Ok(true)
    }

    /// The names and endpoints of the rules that announce `event` of an object.
    #[must_use]
    pub fn matching(&self, bucket: &str, key: &str, event: &str) -> Vec<(String, Endpoint)> {
        let set = self.0.lock();
        let matching = set.0.iter();
        matching
            .filter(|(_, rule)| rule.matches(bucket, key, event))
            .map(|(name, rule)| (name.clone(), rule.endpoint.clone()))
            .collect()
    }
}

impl Set {
    fn put(&mut self, journal: &Journal, name: &str, rule: Rule) -> Result<(), RuleError> {
        self.check(name, &rule)?;
        let name = name.to_owned();
        let record = Record::Put { name, rule };
        journal.append::<Self>(&record)?;
        self.apply(record);
        Ok(())
    }

    fn check(&self, name: &str, rule: &Rule) -> Result<(), RuleError> {
        rule.check(name)?;
        let mut others = self.0.iter().filter(|(other, _)| *other != name);
        if others.clone().count() == MAX_RULES {
            return Err(RuleError::TooMany);
        }
        let conflict = others.find_map(|(other, with)| Some((other, rule.conflict(with)?)));
        conflict.map_or(Ok(()), |(other, event)| {
            Err(RuleError::Conflict {
                other: other.clone(),
                event: event.to_owned(),
            })
        })
    }
}

impl Rule {
    fn check(&self, name: &str) -> Result<(), RuleError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !(1..=MAX_NAME).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(RuleError::Name(name.to_owned()));
        }
        let lists = &self.match_rules;
        if !(1..=MAX_LISTS).contains(&lists.len()) || lists.iter().any(Vec::is_empty) {
            return Err(RuleError::Lists);
        }
        let has_name_alone = |rule: &MatchRule| {
            rule.name.is_some() != (rule.prefix.is_some() || rule.suffix.is_some())
        };
        if !lists.iter().flatten().all(has_name_alone) {
            return Err(RuleError::MatchRule);
        }
        if self.events.is_empty() {
            return Err(RuleError::NoEvent);
        }
        let unknown = self.events.iter().find(|event| !is_event(event));
        unknown.map_or(Ok(()), |event| Err(RuleError::Event(event.clone())))
    }

    fn matches(&self, bucket: &str, key: &str, event: &str) -> bool {
        let mut lists = self.match_rules.iter();
        self.events.iter().any(|pattern| overlap(pattern, event))
            && lists.any(|rules| matching::accept(rules, bucket, key))
    }

    /// An event that this rule and another would both announce of some object.
    fn conflict(&self, other: &Self) -> Option<&str> {
        let mut lists = self.match_rules.iter();
        let overlapping = lists.any(|rules| {
            let mut theirs = other.match_rules.iter();
            theirs.any(|theirs| matching::may_overlap(rules, theirs))
        });
        if !overlapping {
            return None;
        }
        let shared = |event: &&String| other.events.iter().any(|theirs| overlap(event, theirs));
        self.events.iter().find(shared).map(String::as_str)
    }
}

/// Whether two names of events, either of which may end in `*`, have an event in common.
fn overlap(one: &str, other: &str) -> bool {
    let group = |event: &str| event.split_once(':').map(|(group, _)| group.to_owned());
    one == other || ((one.ends_with(":*") || other.ends_with(":*")) && group(one) == group(other))
}

fn is_event(name: &str) -> bool {
    name.split_once(':')
        .is_some_and(|(group, action)| GROUPS.contains(&group) && !action.is_empty())
}

#[cfg(test)]
mod tests;
