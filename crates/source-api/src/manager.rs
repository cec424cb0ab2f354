//! Conditions of one reconcile, after the rules of Knative's condition manager.
//!
//! A condition that the reconcile does not mark keeps its last state. Nothing here reads a clock:
//! the caller gives the time at the end, and every condition that changed gets that time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::condition::{Condition, ConditionStatus, Dependent, Notice, READY, Severity};

/// Why `Ready` is Unknown when the reconcile of a new generation marked nothing.
const NOT_OBSERVED: (&str, &str) = (
    "NewObservedGenFailure",
    "unsuccessfully observed a new generation",
);

/// The conditions of a source during one reconcile.
#[derive(Clone, Debug)]
pub struct Conditions {
    before: BTreeMap<String, Condition>,
    now: BTreeMap<String, Condition>,
    is_new_generation: bool,
    is_marked: bool,
}

impl Conditions {
    /// Begins a reconcile with the stored conditions. Dependents that are missing start Unknown;
    /// conditions without a severity that are not ours are dropped, because generic tools
    /// would count them against `Ready`.
    #[must_use]
    pub fn begin(stored: &[Condition], observed_generation: Option<i64>, generation: i64) -> Self {
        let before: BTreeMap<_, _> = stored
            .iter()
            .map(|condition| (condition.type_.clone(), condition.clone()))
            .collect();
        let mut now = before.clone();
        now.retain(|type_, condition| is_ours(type_) || condition.severity.is_some());
        for dependent in Dependent::ALL {
            let type_ = dependent.as_str();
            now.entry(type_.to_owned())
                .or_insert_with(|| unknown(type_))
                .severity = None;
        }
        let is_new_generation = observed_generation != Some(generation);
        Self {
            before,
            now,
            is_new_generation,
            is_marked: false,
        }
    }

    /// The condition holds.
    pub fn mark_true(&mut self, dependent: Dependent) {
        self.mark(dependent, ConditionStatus::True, None);
    }

    /// The condition holds, for a reason worth telling.
    pub fn mark_true_because(
        &mut self,
        dependent: Dependent,
        reason: &str,
        message: impl Into<String>,
    ) {
        self.mark(
            dependent,
            ConditionStatus::True,
            Some((reason, message.into())),
        );
    }

    /// The condition does not hold, and that is a failure.
    pub fn mark_false(&mut self, dependent: Dependent, reason: &str, message: impl Into<String>) {
        self.mark(
            dependent,
            ConditionStatus::False,
            Some((reason, message.into())),
        );
    }

    /// It is not known yet whether the condition holds.
    pub fn mark_unknown(&mut self, dependent: Dependent, reason: &str, message: impl Into<String>) {
        self.mark(
            dependent,
            ConditionStatus::Unknown,
            Some((reason, message.into())),
        );
    }

    /// Sets a notice, which does not count for `Ready`.
    pub fn inform(
        &mut self,
        notice: Notice,
        severity: Severity,
        status: ConditionStatus,
        reason: &str,
        message: impl Into<String>,
    ) {
        let mut condition = condition(notice.as_str(), status, Some((reason, message.into())));
        condition.severity = Some(severity);
        self.now.insert(condition.type_.clone(), condition);
    }

    /// Removes a notice.
    pub fn clear(&mut self, notice: Notice) {
        self.now.remove(notice.as_str());
    }

    /// Whether every dependent is True.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.dependents()
            .all(|condition| condition.status == ConditionStatus::True)
    }

    /// The state of one dependent as it stands.
    #[must_use]
    pub fn status(&self, dependent: Dependent) -> ConditionStatus {
        self.now
            .get(dependent.as_str())
            .map_or(ConditionStatus::Unknown, |found| found.status)
    }

    /// Ends the reconcile: computes `Ready`, sets the time of the conditions that changed, and sorts
    /// all by type.
    #[must_use]
    pub fn finish(mut self, now: Timestamp) -> Vec<Condition> {
        // Kubernetes writes times of conditions in whole seconds.
        let now = Time(Timestamp::from_second(now.as_second()).unwrap_or(now));
        for condition in self.now.values_mut() {
            date(condition, &self.before, &now);
        }
        let mut ready = self.ready();
        date(&mut ready, &self.before, &now);
        self.now.insert(READY.to_owned(), ready);
        self.now.into_values().collect()
    }

    fn mark(&mut self, dependent: Dependent, status: ConditionStatus, why: Option<(&str, String)>) {
        let type_ = dependent.as_str();
        self.now
            .insert(type_.to_owned(), condition(type_, status, why));
        self.is_marked = true;
    }

    fn dependents(&self) -> impl Iterator<Item = &Condition> {
        Dependent::ALL
            .iter()
            .filter_map(|dependent| self.now.get(dependent.as_str()))
    }

    /// The summary of all dependents, once they have times.
    fn ready(&self) -> Condition {
        if self.is_new_generation && !self.is_marked {
            let (reason, message) = NOT_OBSERVED;
            return condition(
                READY,
                ConditionStatus::Unknown,
                Some((reason, message.to_owned())),
            );
        }
        match self
            .latest(ConditionStatus::False)
            .or_else(|| self.latest(ConditionStatus::Unknown))
        {
            Some(failing) => Condition {
                type_: READY.to_owned(),
                ..failing.clone()
            },
            None => condition(READY, ConditionStatus::True, None),
        }
    }

    /// The dependent with this status that changed last; the first one if several did.
    fn latest(&self, status: ConditionStatus) -> Option<&Condition> {
        let failing = self
            .dependents()
            .filter(|condition| condition.status == status);
        failing.reduce(|latest, next| {
            if time(next) > time(latest) {
                next
            } else {
                latest
            }
        })
    }
}

fn is_ours(type_: &str) -> bool {
    type_ == READY
        || Dependent::ALL
            .iter()
            .any(|dependent| dependent.as_str() == type_)
}

fn time(condition: &Condition) -> Option<Timestamp> {
    condition.last_transition_time.as_ref().map(|time| time.0)
}

fn unknown(type_: &str) -> Condition {
    condition(type_, ConditionStatus::Unknown, None)
}

fn condition(type_: &str, status: ConditionStatus, why: Option<(&str, String)>) -> Condition {
    let (reason, message) = why.unzip();
    Condition {
        type_: type_.to_owned(),
        status,
        severity: None,
        last_transition_time: None,
        reason: reason.map(str::to_owned),
        message,
    }
}

/// Gives a condition its old time if it is as it was, else the time of this reconcile.
fn date(condition: &mut Condition, before: &BTreeMap<String, Condition>, now: &Time) {
    let then = before.get(&condition.type_);
    condition.last_transition_time = then.and_then(|then| then.last_transition_time.clone());
    if then != Some(condition) || condition.last_transition_time.is_none() {
        condition.last_transition_time = Some(now.clone());
    }
}
