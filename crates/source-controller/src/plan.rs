//! The second step of a pass: deciding what to do about what was seen.
//!
//! Pure: no client, no clock, no chance. The same source, seen the same way, has the same
//! plan, and a source that is in order has an empty one.

pub mod cloud;
pub mod event_types;
pub mod leftovers;

use k8s_openapi::api::apps::v1::Deployment;
use source_api::names;
use thiserror::Error;

use crate::adapter::{self, AdapterInputs, AdapterSettings};
use crate::cloud::CloudTrouble;
use crate::look::Seen;
use crate::wish::{Identity, Subject, Wish};
use cloud::CloudStep;
use event_types::EventTypeStep;
use leftovers::Leftovers;

/// What to do about one source, in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What earlier generations left in MNS and nobody needs any more.
    pub leftovers: Option<Leftovers>,
    /// What to make or correct in MNS; or why nothing can be done there.
    pub cloud: Result<Vec<CloudStep>, CloudTrouble>,
    /// What to do about the adapter.
    pub adapter: AdapterPlan,
    /// What to do about descriptions of events.
    pub event_types: Vec<EventTypeStep>,
}

/// What to do about the adapter's Deployment.
#[derive(Clone, Debug, PartialEq)]
pub enum AdapterPlan {
    /// It is as it should be, or what it should be is not known now.
    Leave,
    /// It cannot be made or changed.
    Refuse(AdapterRefusal),
    /// There is none yet: make it, if the queue is there.
    Create(Box<Deployment>),
    /// It differs from what it should be.
    Update(Box<Deployment>),
}

/// Why an adapter's Deployment is neither made nor changed. Permanent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AdapterRefusal {
    /// Somebody else has a Deployment of that name.
    #[error("deployment `{0}` is there, but the source does not control it: remove it")]
    NotOwned(String),
    /// The user asks for a label or an annotation that could change what the pod runs.
    #[error(
        "`template` has the key `{0}`, which could change what the pod runs: remove it, or have the administrator \
         allow it (ALLOW_TEMPLATE_KEYS of the controller)"
    )]
    Key(String),
}

impl AdapterRefusal {
    /// In one word, for a condition.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotOwned(_) => "NotOwned",
            Self::Key(_) => "TemplateRefused",
        }
    }
}

/// Decides what to do about a source.
#[must_use]
pub fn plan(subject: &Subject, seen: &Seen, settings: &AdapterSettings) -> Plan {
    Plan {
        leftovers: leftovers::leftovers(subject, seen),
        cloud: cloud::steps(&subject.wish, seen),
        adapter: adapter_plan(subject, seen, settings),
        event_types: event_types::steps(subject, seen),
    }
}

fn adapter_plan(subject: &Subject, seen: &Seen, settings: &AdapterSettings) -> AdapterPlan {
    let identity = &subject.identity;
    if let Some(live) = &seen.deployment
        && !is_controlled_by(live, identity)
    {
        let name = names::adapter(&identity.name, &identity.uid);
        return AdapterPlan::Refuse(AdapterRefusal::NotOwned(name));
    }
    let template = subject.source.spec.template.as_ref();
    if let Some(key) = template.and_then(|template| settings.template_keys.refused(template)) {
        return AdapterPlan::Refuse(AdapterRefusal::Key(key.to_owned()));
    }
    let Some(inputs) = inputs(&subject.wish, seen) else {
        return AdapterPlan::Leave;
    };
    let wanted = Box::new(adapter::deployment(
        &subject.source,
        identity,
        &inputs,
        settings,
    ));
    match &seen.deployment {
        None => AdapterPlan::Create(wanted),
        Some(live) if adapter::is_up_to_date(live, &wanted) => AdapterPlan::Leave,
        Some(_) => AdapterPlan::Update(wanted),
    }
}

/// What the adapter must be told, if all of it is known.
fn inputs<'a>(wish: &'a Wish, seen: &'a Seen) -> Option<AdapterInputs<'a>> {
    let dead_letter_sink = match &seen.dead_letter_sink {
        Some(resolved) => Some(resolved.as_ref().ok()?),
        None => None,
    };
    Some(AdapterInputs {
        sink: seen.sink.as_ref().ok()?,
        dead_letter_sink,
        delivery: wish.delivery.as_ref().ok()?,
        queue: wish.supply.as_ref().ok()?.queue(),
        endpoint: seen.account.as_ref().ok()?,
    })
}

/// Whether a Deployment is this source's.
pub(crate) fn is_controlled_by(live: &Deployment, identity: &Identity) -> bool {
    let owners = live.metadata.owner_references.iter().flatten();
    owners
        .filter(|owner| owner.controller == Some(true))
        .any(|owner| owner.uid == identity.uid)
}
