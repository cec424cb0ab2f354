//! The notice `AutoscalerReady` in a source's status.

use source_api::{Autoscaling, ConditionStatus, Conditions, Notice, Severity};

use super::{AppliedScaling, ObservedScaledObject, requested};
use crate::reconcile::{Applied, Observed};
use crate::source::ParsedSource;

/// Sets the notice `AutoscalerReady` if the source requests an autoscaler, or still has one.
pub(crate) fn mark(
    conditions: &mut Conditions,
    parsed: &ParsedSource,
    observed: &Observed,
    applied: &Applied,
) {
    let (status, reason, message) = match (&applied.scaling, requested(parsed, observed)) {
        (AppliedScaling::Refused { reason, message }, _) => {
            (ConditionStatus::False, reason.as_str(), message.clone())
        }
        (_, None) => return conditions.clear(Notice::AutoscalerReady),
        (_, Some(Err(problem))) => {
            let message = format!("{problem}; until then the source has `consumers` pods");
            (ConditionStatus::False, problem.reason(), message)
        }
        (AppliedScaling::Waiting, _) => {
            let message = "the adapter's Deployment does not exist yet";
            let reason = "WaitingForDependents";
            (ConditionStatus::Unknown, reason, message.to_owned())
        }
        (_, Some(Ok((scaling, _)))) => by_keda(parsed, observed, scaling),
    };
    let severity = if status == ConditionStatus::False {
        Severity::Warning
    } else {
        Severity::Info
    };
    conditions.inform(Notice::AutoscalerReady, severity, status, reason, message);
}

/// The state that KEDA reports.
fn by_keda(
    parsed: &ParsedSource,
    observed: &Observed,
    scaling: &Autoscaling,
) -> (ConditionStatus, &'static str, String) {
    let name = parsed.identity.adapter_name();
    match ready(observed) {
        Some("True") => {
            let Autoscaling {
                min_scale,
                max_scale,
                ..
            } = scaling;
            let message = format!("KEDA runs {min_scale} to {max_scale} pods");
            (ConditionStatus::True, "Scaled", message)
        }
        Some("False") => {
            let message = format!(
                "KEDA does not scale the adapter; the conditions of scaledobject `{name}` say why"
            );
            (ConditionStatus::False, "KedaNotReady", message)
        }
        _ => {
            let message = format!("KEDA has not processed scaledobject `{name}` yet");
            (ConditionStatus::Unknown, "KedaPending", message)
        }
    }
}

fn ready(observed: &Observed) -> Option<&str> {
    match &observed.scaler.as_ref()?.object {
        ObservedScaledObject::Ours(ours) if !ours.is_terminating => ours.ready.as_deref(),
        _ => None,
    }
}

/// Whether KEDA's state is about to change, so that the source should be reconciled soon.
pub(crate) fn is_settling(observed: &Observed, applied: &Applied) -> bool {
    match applied.scaling {
        AppliedScaling::Written => true,
        AppliedScaling::Waiting | AppliedScaling::Refused { .. } => false,
        AppliedScaling::Kept => {
            let object = observed.scaler.as_ref().map(|scaler| &scaler.object);
            matches!(object, Some(ObservedScaledObject::Ours(_))) && ready(observed) != Some("True")
        }
    }
}
