//! A source's event rule, by which OSS delivers straight into its queue: observe, diff, apply,
//! report.
//!
//! Only rules whose names carry this source's mark are ever created or deleted. A rule cannot be
//! changed, so its name contains a hash of its content: a changed source has a rule of another name.
//! The new one is created before the old one is deleted. Where the cloud refuses that, because both
//! announce the same, the old one is deleted first; an event reports the time without a rule.

mod step;

use jiff::{SignedDuration, Timestamp};
use mns::{
    CallName, Endpoint, EventRule, EventRuleName, MatchRule, QueueName, RefusalKind, RuleEndpoint,
};
use source_api::{Condition, ConditionStatus, Conditions, Dependent, EventRuleSpec, names};
use tracing::info;
use transport::Disposition;

pub use self::step::EventRuleStep;
pub(crate) use self::step::delete;
use crate::cache::ObservationKey;
use crate::context::Context;
use crate::mns::{Account, MnsProblem, MnsResource, mark_problem};
use crate::reconcile::{Applied, Observed};
use crate::source::{DesiredQueue, Identity, ParsedSource, RuledQueue};

/// How long OSS may take until a new rule is in force.
const TAKES_EFFECT: SignedDuration = SignedDuration::from_mins(10);
const TAKING_EFFECT: &str = "TakingEffect";
const CONFLICT: &str = "EventRuleConflict";
const QUOTA: &str = "EventRuleQuotaExceeded";

/// Reads the rule that the source should have, unless that was done a moment ago. `None` if there
/// is none of that name.
pub(crate) async fn observe(
    ctx: &Context,
    uid: &str,
    key: ObservationKey,
    account: &Account,
    desired: &RuledQueue,
) -> Result<Option<EventRule>, MnsProblem> {
    if let Some(observed) = ctx.recent_rules.get(uid, &key) {
        return Ok(observed);
    }
    let rules = account.event_rules()?;
    let call = rules.get(&desired.rule);
    let observed = account.call(MnsResource::EventRule, call).await?;
    ctx.recent_rules.keep(uid, key, &observed);
    Ok(observed)
}

/// What to create and to delete. Rules of a source that has none any more are orphans, and not
/// handled here.
///
/// # Errors
/// Nothing can be done, for a reason that belongs into a condition.
pub(crate) fn diff(
    parsed: &ParsedSource,
    observed: &Observed,
) -> Result<Vec<EventRuleStep>, MnsProblem> {
    let (Ok(DesiredQueue::Ruled(desired)), Ok(endpoint), Some(found)) = (
        &parsed.desired.queue,
        &observed.account,
        &observed.event_rule,
    ) else {
        return Ok(Vec::new());
    };
    let rule = desired_rule(desired, endpoint)?;
    let found = found.as_ref().map_err(Clone::clone)?;
    let mut earlier = recorded(parsed);
    earlier.retain(|name| *name != desired.rule);
    Ok(match found {
        Some(_) => earlier.into_iter().map(EventRuleStep::Delete).collect(),
        None => vec![EventRuleStep::Create {
            name: desired.rule.clone(),
            rule,
            replaces: earlier,
            gap: None,
        }],
    })
}

/// The rules that the status names as created for the source. Names that do not carry its mark are
/// ignored, even if the status has them.
pub(crate) fn recorded(parsed: &ParsedSource) -> Vec<EventRuleName> {
    let status = parsed.source.status.iter();
    let names = status.flat_map(|status| &status.event_rules);
    names
        .filter(|name| names::is_made_for(name, &parsed.identity.uid))
        .filter_map(|name| name.parse().ok())
        .collect()
}

fn desired_rule(desired: &RuledQueue, endpoint: &Endpoint) -> Result<EventRule, MnsProblem> {
    let RuledQueue { spec, queue, .. } = desired;
    let (Some(account_id), Some(region)) = (endpoint.account_id(), endpoint.region()) else {
        return Err(MnsProblem::no_account(MnsResource::EventRule));
    };
    if let Some(bucket_region) = &spec.region
        && bucket_region != region
    {
        return Err(other_region(bucket_region, region));
    }
    Ok(rule(spec, queue, region, account_id))
}

fn rule(spec: &EventRuleSpec, queue: &QueueName, region: &str, account_id: &str) -> EventRule {
    let conditions = [
        Some(MatchRule::bucket(region, account_id, &spec.bucket)),
        spec.prefix.as_ref().map(MatchRule::prefix),
        spec.suffix.as_ref().map(MatchRule::suffix),
        spec.exclude_prefix
            .as_ref()
            .map(|prefix| MatchRule::prefix(prefix).negated()),
    ];
    EventRule {
        event_types: spec.events().into_iter().map(str::to_owned).collect(),
        match_rules: [conditions.into_iter().flatten().collect()].into(),
        endpoint: RuleEndpoint::Queue(queue.clone()),
    }
}

fn other_region(bucket: &str, mns: &str) -> MnsProblem {
    let message = format!(
        "the bucket is in `{bucket}` and MNS in `{mns}`, and a rule delivers only within its region: use the endpoint \
         of MNS in `{bucket}`"
    );
    let permanent = Disposition::Permanent;
    MnsProblem::new(MnsResource::EventRule, "RegionMismatch", message, permanent)
}

/// The problem behind a refused call about a rule, where that is not the same as for MNS.
pub(crate) fn refused(kind: RefusalKind, call: &CallName) -> Option<MnsProblem> {
    let problem = |reason, message: String, disposition| {
        Some(MnsProblem::new(
            MnsResource::EventRule,
            reason,
            message,
            disposition,
        ))
    };
    match kind {
        RefusalKind::Conflict => {
            let message = "another event rule announces some of these events of the same objects already: delete it, \
                           or narrow one of the two by `prefix`, `suffix`, `excludePrefix` or `events`";
            problem(CONFLICT, message.to_owned(), Disposition::Permanent)
        }
        RefusalKind::Quota => {
            let message = "the region has as many event rules as the account may have there (10, unless Alibaba Cloud \
                           allowed more): delete one that is not needed";
            problem(QUOTA, message.to_owned(), Disposition::Permanent)
        }
        RefusalKind::Denied => {
            let message = format!(
                "the key may not call {call}: allow mns:PutEventNotifications, mns:DeleteEventNotifications and \
                 mns:GetEventRule to its RAM user"
            );
            problem("AccessDenied", message, Disposition::Permanent)
        }
        // The queue was created a moment ago.
        RefusalKind::NotFound => {
            let message = "the queue of the event rule does not exist yet".to_owned();
            problem("NotFound", message, Disposition::Retry)
        }
        _ => None,
    }
}

/// Executes the steps in order, up to the first that fails.
pub(crate) async fn apply(
    ctx: &Context,
    identity: &Identity,
    account: Option<&Account>,
    steps: Result<Vec<EventRuleStep>, MnsProblem>,
) -> Result<Vec<EventRuleStep>, MnsProblem> {
    if steps != Ok(Vec::new()) {
        ctx.recent_rules.forget(&identity.uid);
    }
    let steps = steps?;
    let Some(account) = account else {
        return Ok(Vec::new());
    };
    let mut executed = Vec::new();
    for step in steps {
        let step = step.execute(account).await?;
        info!(
            source.namespace = identity.namespace,
            source.name = identity.name,
            "{}",
            step.describe()
        );
        executed.push(step);
    }
    Ok(executed)
}

/// The rules that may exist after a reconcile, for the status.
pub(crate) fn to_record(parsed: &ParsedSource, applied: &Applied) -> Vec<String> {
    let Ok(DesiredQueue::Ruled(desired)) = &parsed.desired.queue else {
        return Vec::new();
    };
    let is_settled = matches!(applied.event_rule, Some(Ok(_)));
    let mut names = if is_settled {
        Vec::new()
    } else {
        recorded(parsed)
    };
    if !names.contains(&desired.rule) {
        names.push(desired.rule.clone());
    }
    names.iter().map(ToString::to_string).collect()
}

/// Marks `EventRuleReady`.
pub(crate) fn mark(
    conditions: &mut Conditions,
    parsed: &ParsedSource,
    observed: &Observed,
    applied: &Applied,
    now: Timestamp,
) {
    let dependent = Dependent::EventRuleReady;
    let desired = match &parsed.desired.queue {
        Ok(DesiredQueue::Ruled(desired)) => desired,
        Ok(DesiredQueue::Subscribed(_) | DesiredQueue::Given(_)) => {
            let message = "the source has no event rule";
            conditions.mark_true_because(dependent, "EventRuleNotConfigured", message);
            return;
        }
        Err(_) => return,
    };
    match &applied.event_rule {
        // The queue comes first, and its condition says what is wrong.
        None => {}
        Some(Err(problem)) => mark_problem(conditions, dependent, problem),
        Some(Ok(steps)) => {
            let is_new = steps
                .iter()
                .any(|step| matches!(step, EventRuleStep::Create { .. }));
            let taking_effect = taking_effect(&desired.rule);
            if is_new || is_recent(parsed, &taking_effect, now) {
                conditions.mark_true_because(dependent, TAKING_EFFECT, taking_effect);
            } else if let Some(message) = difference(desired, observed) {
                conditions.mark_true_because(dependent, "EventRuleDiffers", message);
            } else {
                conditions.mark_true(dependent);
            }
        }
    }
}

fn taking_effect(name: &EventRuleName) -> String {
    format!(
        "event rule `{name}` is new: OSS takes up to ten minutes to follow it, and does not announce what is \
         uploaded before"
    )
}

/// Whether the condition has had this message for less than the time that a rule takes.
fn is_recent(parsed: &ParsedSource, message: &str, now: Timestamp) -> bool {
    let conditions = parsed.source.status.iter().flat_map(|it| &it.conditions);
    let is_recent = |condition: &Condition| {
        let since = condition.last_transition_time.as_ref();
        condition.type_ == Dependent::EventRuleReady.as_str()
            && condition.status == ConditionStatus::True
            && condition.message.as_deref() == Some(message)
            && since.is_some_and(|since| now.duration_since(since.0) < TAKES_EFFECT)
    };
    conditions.into_iter().any(is_recent)
}

fn difference(desired: &RuledQueue, observed: &Observed) -> Option<String> {
    let found = observed.event_rule.as_ref()?.as_ref().ok()?.as_ref()?;
    difference_to(found, desired, observed.account.as_ref().ok()?)
}

/// How the rule that was found differs from the desired one. The cloud may return a rule in another
/// form than it was given in, so the difference is only reported.
pub(crate) fn difference_to(
    found: &EventRule,
    desired: &RuledQueue,
    endpoint: &Endpoint,
) -> Option<String> {
    let rule = desired_rule(desired, endpoint).ok()?;
    let name = &desired.rule;
    let what = if found.endpoint != rule.endpoint {
        "where it delivers"
    } else if found.event_types != rule.event_types {
        "its events"
    } else if found.match_rules != rule.match_rules {
        "its objects"
    } else {
        return None;
    };
    Some(format!(
        "the content of event rule `{name}` differs from the source ({what}): if the rule was replaced by hand, \
         delete it, and the controller creates it again"
    ))
}
