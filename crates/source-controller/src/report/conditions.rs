//! What holds and what does not, by what was seen and done.

use source_api::{
    ConditionStatus, Conditions, DeliveryError, Dependent, MnsOssSourceStatus, Notice, Severity,
};

use crate::act::{AdapterDone, Done};
use crate::cloud::{CloudTrouble, Part};
use crate::look::Seen;
use crate::sink::{ResolvedSink, SinkProblem};
use crate::wish::{Supply, Wish};

pub(super) fn mark(
    old: &MnsOssSourceStatus,
    generation: i64,
    wish: &Wish,
    seen: &Seen,
    done: &Done,
) -> Conditions {
    let mut conditions = Conditions::begin(&old.conditions, old.observed_generation, generation);
    sink(&mut conditions, &seen.sink);
    dead_letter_sink(&mut conditions, seen);
    identity(&mut conditions, seen);
    credentials(&mut conditions, seen, done);
    supply(&mut conditions, wish, seen, done);
    adapter(&mut conditions, wish, done);
    cleaned_up(&mut conditions, done);
    conditions
}

fn sink(conditions: &mut Conditions, sink: &Result<ResolvedSink, SinkProblem>) {
    match sink {
        Ok(resolved) => {
            conditions.mark_true(Dependent::SinkProvided);
            version(conditions, resolved);
        }
        Err(problem) => {
            conditions.mark_false(
                Dependent::SinkProvided,
                problem.reason(),
                problem.to_string(),
            );
        }
    }
}

fn version(conditions: &mut Conditions, sink: &ResolvedSink) {
    let (Some(asked), Some(object)) = (&sink.obsolete_version, &sink.object) else {
        conditions.clear(Notice::SinkVersionServed);
        return;
    };
    let message = format!(
        "the cluster does not serve {} in `{asked}`; `{}` is used in its place",
        object.kind, object.api_version
    );
    conditions.inform(
        Notice::SinkVersionServed,
        Severity::Info,
        ConditionStatus::False,
        "ObsoleteVersion",
        message,
    );
}

fn dead_letter_sink(conditions: &mut Conditions, seen: &Seen) {
    let dependent = Dependent::DeadLetterSinkResolved;
    match &seen.dead_letter_sink {
        None => {
            let message = "no dead letter sink is asked for";
            conditions.mark_true_because(dependent, "DeadLetterSinkNotConfigured", message);
        }
        Some(Ok(_)) => conditions.mark_true(dependent),
        Some(Err(problem)) => {
            conditions.mark_false(dependent, problem.reason(), problem.to_string());
        }
    }
}

/// A sink that announces an audience refuses every event without a token, and the adapter has
/// no token to show.
fn identity(conditions: &mut Conditions, seen: &Seen) {
    let dependent = Dependent::OidcIdentityCreated;
    let asks = |sink: Option<&Result<ResolvedSink, SinkProblem>>| {
        sink.and_then(|sink| sink.as_ref().ok())
            .is_some_and(|sink| sink.audience.is_some())
    };
    let (sink, field) = if asks(Some(&seen.sink)) {
        ("sink", "sinkAudience")
    } else if asks(seen.dead_letter_sink.as_ref()) {
        ("dead letter sink", "deadLetterSinkAudience")
    } else {
        // The words of Knative's own sources.
        let reason = "authentication-oidc feature disabled";
        conditions.mark_true_because(dependent, reason, "no sink expects tokens");
        return;
    };
    let message = format!(
        "the {sink} expects tokens for the audience in `status.{field}`, and this source has none: turn \
         `authentication-oidc` off in Knative, or choose a sink without an audience"
    );
    conditions.mark_false(dependent, "OIDCNotSupported", message);
}

fn credentials(conditions: &mut Conditions, seen: &Seen, done: &Done) {
    let dependent = Dependent::CredentialsProvided;
    match (&seen.account, &done.cloud) {
        (Err(problem), _) => {
            conditions.mark_false(dependent, problem.reason(), problem.to_string());
        }
        (Ok(_), Err(trouble)) if trouble.is_key_refused => {
            conditions.mark_false(dependent, "CredentialsRefused", trouble.message.clone());
        }
        (Ok(_), _) => conditions.mark_true(dependent),
    }
}

fn supply(conditions: &mut Conditions, wish: &Wish, seen: &Seen, done: &Done) {
    if let Err(error) = &wish.supply {
        conditions.mark_false(Dependent::QueueReady, "Invalid", error.to_string());
        return;
    }
    if seen.account.is_err() {
        without_credentials(conditions);
        return;
    }
    match &done.cloud {
        Ok(_) => {
            conditions.mark_true(Dependent::QueueReady);
            subscribed(conditions, wish);
        }
        Err(trouble) if trouble.is_key_refused => without_credentials(conditions),
        Err(trouble) => match trouble.part {
            Part::Queue => mark_trouble(conditions, Dependent::QueueReady, trouble),
            Part::Subscription => {
                conditions.mark_true(Dependent::QueueReady);
                mark_trouble(conditions, Dependent::Subscribed, trouble);
            }
        },
    }
}

fn without_credentials(conditions: &mut Conditions) {
    let message = "MNS cannot be asked without credentials that it takes";
    conditions.mark_unknown(Dependent::QueueReady, "CredentialsMissing", message);
}

fn subscribed(conditions: &mut Conditions, wish: &Wish) {
    if let Ok(Supply::Queue(_)) = &wish.supply {
        let message = "whoever owns the queue sees to what is in it";
        conditions.mark_true_because(Dependent::Subscribed, "QueueGiven", message);
    } else {
        conditions.mark_true(Dependent::Subscribed);
    }
}

/// What may pass is not a failure yet.
fn mark_trouble(conditions: &mut Conditions, dependent: Dependent, trouble: &CloudTrouble) {
    let message = trouble.message.clone();
    if trouble.disposition.is_retryable() {
        conditions.mark_unknown(dependent, trouble.reason, message);
    } else {
        conditions.mark_false(dependent, trouble.reason, message);
    }
}

fn adapter(conditions: &mut Conditions, wish: &Wish, done: &Done) {
    let dependent = Dependent::Deployed;
    match (&done.adapter, &done.deployment, &wish.delivery) {
        (AdapterDone::Refused { reason, message }, _, _) => {
            conditions.mark_false(dependent, reason, message.clone());
        }
        (_, _, Err(error)) if !matches!(error, DeliveryError::DeadLetterSink(_)) => {
            conditions.mark_false(dependent, "DeliveryInvalid", with_cause(error));
        }
        (_, Some(deployment), _) => conditions.mark_deployed(deployment),
        (_, None, _) => {
            let message = "the adapter is made once sink, credentials and queue are there";
            conditions.mark_unknown(dependent, "WaitingForDependents", message);
        }
    }
}

fn cleaned_up(conditions: &mut Conditions, done: &Done) {
    let Some((leftovers, removed)) = &done.leftovers else {
        return;
    };
    let Err(trouble) = removed else {
        conditions.clear(Notice::CleanedUp);
        return;
    };
    let what = leftovers.describe();
    let (severity, message) = if trouble.disposition.is_retryable() {
        (
            Severity::Info,
            format!("still to be removed: {what}; {}", trouble.message),
        )
    } else {
        (
            Severity::Warning,
            format!("left behind: {what}; {}", trouble.message),
        )
    };
    conditions.inform(
        Notice::CleanedUp,
        severity,
        ConditionStatus::False,
        trouble.reason,
        message,
    );
}

fn with_cause(error: &DeliveryError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
