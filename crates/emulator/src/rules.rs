//! Event rules: which operations on which objects are published to which topic.
//!
//! Only says what matches. Publishing is [`crate::oss`]'s business, topics are
//! [`crate::mns`]'s.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::journal::{Journal, JournalError, Journaled};

const MAX_RULES: usize = 10;
const MAX_FILTERS: usize = 5;
const MAX_NAME: usize = 85;
/// The groups of events that the service publishes.
const GROUPS: [&str; 4] = [
    "ObjectCreated",
    "ObjectDownloaded",
    "ObjectRemoved",
    "ObjectReplication",
];

/// One event rule, as the admin API takes and shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The bucket whose objects it covers.
    pub bucket: String,
    /// Prefix of the keys it covers; may be empty.
    #[serde(default)]
    pub prefix: String,
    /// Suffix of the keys it covers; may be empty.
    #[serde(default)]
    pub suffix: String,
    /// Further pairs of prefix and suffix. A key is covered if any pair fits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Filter>,
    /// Events it publishes, for example `ObjectCreated:PutObject`; `ObjectCreated:*` stands for
    /// all of a group.
    pub events: Vec<String>,
    /// The topic to publish to. It is made when the rule is. Without one, the name that the
    /// service would choose.
    #[serde(default)]
    pub topic: Option<String>,
}

/// Which keys: those that begin and end like this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Beginning of the key; may be empty.
    #[serde(default)]
    pub prefix: String,
    /// End of the key; may be empty.
    #[serde(default)]
    pub suffix: String,
}

/// Why a rule was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// Not a name.
    #[error("rule name `{0}` must be 1 to 85 letters, digits and `-`")]
    Name(String),
    /// One rule too many.
    #[error("there are {MAX_RULES} rules already")]
    TooMany,
    /// Too many pairs of prefix and suffix.
    #[error("a rule has at most {MAX_FILTERS} pairs of prefix and suffix")]
    TooManyFilters,
    /// No event at all.
    #[error("a rule needs at least one event")]
    NoEvent,
    /// Not an event.
    #[error("`{0}` is not an event of OSS")]
    Event(String),
    /// Another rule publishes the same event of the same objects.
    #[error("rule `{other}` already covers `{event}` of some of these objects")]
    Conflict {
        /// The other rule.
        other: String,
        /// The event that both would publish.
        event: String,
    },
    /// The rule cannot be kept.
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

    /// Puts a rule into force, in place of one of the same name; gives it back with its topic.
    ///
    /// # Errors
    /// When it is none, or covers what another rule does.
    pub fn put(&self, journal: &Journal, name: &str, mut rule: Rule) -> Result<Rule, RuleError> {
        let mut set = self.lock();
        set.check(name, &rule)?;
        rule.topic.get_or_insert_with(|| default_topic(name));
        let record = Record::Put {
            name: name.to_owned(),
            rule: rule.clone(),
        };
        journal.append::<Set>(&record)?;
        set.apply(record);
        Ok(rule)
    }

    /// A rule by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Rule> {
        self.lock().0.get(name).cloned()
    }

    /// All rules by name.
    #[must_use]
    pub fn list(&self) -> BTreeMap<String, Rule> {
        self.lock().0.clone()
    }

    /// Ends a rule; its topic stays. `false` if there is none of that name.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub fn delete(&self, journal: &Journal, name: &str) -> Result<bool, JournalError> {
        let mut set = self.lock();
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

    /// The rules, with their topics, that publish `event` of an object.
    #[must_use]
    pub fn matching(&self, bucket: &str, key: &str, event: &str) -> Vec<(String, String)> {
        let set = self.lock();
        let matching = set
            .0
            .iter()
            .filter(|(_, rule)| rule.matches(bucket, key, event));
        let named =
            matching.map(|(name, rule)| (name.clone(), rule.topic.clone().unwrap_or_default()));
        named.collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Set> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Set {
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
        if self.more.len() >= MAX_FILTERS {
            return Err(RuleError::TooManyFilters);
        }
        if self.events.is_empty() {
            return Err(RuleError::NoEvent);
        }
        let unknown = self.events.iter().find(|event| !is_event(event));
        unknown.map_or(Ok(()), |event| Err(RuleError::Event(event.clone())))
    }

    fn filters(&self) -> impl Iterator<Item = (&str, &str)> {
        let more = self
            .more
            .iter()
            .map(|filter| (filter.prefix.as_str(), filter.suffix.as_str()));
        std::iter::once((self.prefix.as_str(), self.suffix.as_str())).chain(more)
    }

    fn matches(&self, bucket: &str, key: &str, event: &str) -> bool {
        self.bucket == bucket
            && self.events.iter().any(|pattern| overlap(pattern, event))
            && self
                .filters()
                .any(|(prefix, suffix)| key.starts_with(prefix) && key.ends_with(suffix))
    }

    /// An event that this rule and another would both publish of some object.
    fn conflict(&self, other: &Self) -> Option<&str> {
        let overlapping = self.filters().any(|(prefix, suffix)| {
            other.filters().any(|(theirs, ending)| {
                (prefix.starts_with(theirs) || theirs.starts_with(prefix))
                    && (suffix.ends_with(ending) || ending.ends_with(suffix))
            })
        });
        if self.bucket != other.bucket || !overlapping {
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

/// The number tells topics of rules of the same name apart; here there is one account.
fn default_topic(rule: &str) -> String {
    format!("mns-en-topics-oss-{rule}-1")
}

#[cfg(test)]
mod tests;
