//! The Deployment of a source's adapter: observed, compared with what it should be, applied.

mod document;
mod environment;
mod pod;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt};
use source_api::{Conditions, DeliveryError, Dependent, names};
use thiserror::Error;
use tracing::info;

use document::is_up_to_date;
pub(crate) use document::owner;
pub use document::{AdapterInputs, AdapterSettings, deployment, selector};

use crate::context::Context;
use crate::error::{self, PassError, doing};
use crate::metrics::Written;
use crate::own_writes::{Newest, OwnWrites};
use crate::reconcile::{Done, Seen};
use crate::scope::{Place, Scope};
use crate::source::{Identity, Subject, Wish};

const DOING: &str = "applying the adapter's deployment";

/// Finds and writes adapters' Deployments. Copies are gone by only while the watch that keeps
/// them is in working order.
///
/// A Deployment of the name that somebody else made is in no copy, because it lacks our
/// label. So what is not there is made without force, and then the API server objects.
pub(crate) struct Adapters {
    client: Client,
    scope: Scope,
    copies: Mutex<HashMap<Place, Copies>>,
    written: OwnWrites<Deployment>,
}

/// What one watch keeps.
struct Copies {
    store: Store<Deployment>,
    /// Whether the watch is in working order.
    is_watched: bool,
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

/// What happened to the adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdapterDone {
    /// Nothing.
    Left,
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// It could not be, and trying again is of no use.
    Refused {
        /// In one word.
        reason: String,
        /// In a sentence.
        message: String,
    },
}

impl Adapters {
    pub(crate) fn new(client: Client, scope: Scope) -> Self {
        Self {
            client,
            scope,
            copies: Mutex::default(),
            written: OwnWrites::default(),
        }
    }

    /// Goes by these copies of what is at `place`, once their watch is in working order.
    pub(crate) fn follow(&self, place: &Place, store: Store<Deployment>) {
        let copies = Copies {
            store,
            is_watched: false,
        };
        self.lock().insert(place.clone(), copies);
    }

    /// Listens to what the watch on `place` says.
    pub(crate) fn hear(&self, place: &Place, event: &watcher::Result<watcher::Event<Deployment>>) {
        let is_watched = match event {
            Ok(watcher::Event::InitApply(_)) => return,
            Ok(watcher::Event::Apply(deployment)) => {
                let version = deployment.resource_version().unwrap_or_default();
                self.written.seen(&source_uid(deployment), &version);
                true
            }
            Ok(watcher::Event::Delete(deployment)) => {
                self.written.forget(&source_uid(deployment));
                true
            }
            Ok(watcher::Event::InitDone) => true,
            Ok(watcher::Event::Init) | Err(_) => false,
        };
        if let Some(copies) = self.lock().get_mut(place) {
            copies.is_watched = is_watched;
        }
    }

    /// The Deployment that has the adapter's name; not if somebody else made it, and there
    /// are copies.
    pub(crate) async fn find(&self, identity: &Identity) -> kube::Result<Option<Deployment>> {
        let name = names::adapter(&identity.name, &identity.uid);
        let (copy, is_watched) = self.copy(&name, &identity.namespace);
        let version = copy.as_ref().and_then(|copy| copy.resource_version());
        if is_watched {
            match (self.written.newest(&identity.uid, version.as_ref()), copy) {
                (Newest::Written(deployment), _) => return Ok(Some(deployment)),
                (Newest::Copy, copy) => return Ok(copy.map(Arc::unwrap_or_clone)),
                (Newest::Unclear, _) => {}
            }
        }
        self.ask(identity, version).await
    }

    /// The Deployment that has the adapter's name, whoever made it, as the API server has it;
    /// `copy` is the version of the copy.
    pub(crate) async fn ask(
        &self,
        identity: &Identity,
        copy: Option<String>,
    ) -> kube::Result<Option<Deployment>> {
        let name = names::adapter(&identity.name, &identity.uid);
        let found = self.api(identity).get_opt(&name).await?;
        match &found {
            Some(found) => self.written.asked(&identity.uid, copy, found),
            None => self.written.forget(&identity.uid),
        }
        Ok(found)
    }

    /// Applies a source's Deployment in place of what was found; refused with a conflict if
    /// nothing was, and there is one.
    pub(crate) async fn apply(
        &self,
        identity: &Identity,
        wanted: &Deployment,
        found: Option<&Deployment>,
    ) -> kube::Result<Deployment> {
        let name = names::adapter(&identity.name, &identity.uid);
        let params = PatchParams {
            force: found.is_some(),
            ..PatchParams::apply(names::CONTROLLER)
        };
        let patch = Patch::Apply(wanted);
        let applied = self.api(identity).patch(&name, &params, &patch).await?;
        let replaced = found.and_then(ResourceExt::resource_version);
        self.written.note(&identity.uid, replaced, &applied);
        Ok(applied)
    }

    /// Forgets a source that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.written.forget(uid);
    }

    /// The copy, and whether its watch is in working order.
    fn copy(&self, name: &str, namespace: &str) -> (Option<Arc<Deployment>>, bool) {
        let all = self.lock();
        let Some(copies) = all.get(&self.scope.place_of(namespace)) else {
            return (None, false);
        };
        let copy = copies.store.get(&ObjectRef::new(name).within(namespace));
        (copy, copies.is_watched)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Copies>> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn api(&self, identity: &Identity) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), &identity.namespace)
    }
}

/// Uid of the source that a Deployment is for.
fn source_uid(deployment: &Deployment) -> String {
    let owners = deployment.owner_references().iter();
    let mut controllers = owners.filter(|owner| owner.controller == Some(true));
    controllers
        .next()
        .map(|it| it.uid.clone())
        .unwrap_or_default()
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

pub(crate) fn plan(subject: &Subject, seen: &Seen, settings: &AdapterSettings) -> AdapterPlan {
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
    let wanted = Box::new(deployment(&subject.source, identity, &inputs, settings));
    match &seen.deployment {
        None => AdapterPlan::Create(wanted),
        Some(live) if is_up_to_date(live, &wanted) => AdapterPlan::Leave,
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
fn is_controlled_by(live: &Deployment, identity: &Identity) -> bool {
    let owners = live.metadata.owner_references.iter().flatten();
    owners
        .filter(|owner| owner.controller == Some(true))
        .any(|owner| owner.uid == identity.uid)
}

/// Does what was planned for the adapter. A first one waits until there is a queue; one that
/// is there is kept up to date whatever MNS says.
pub(crate) async fn apply(
    ctx: &Context,
    identity: &Identity,
    plan: AdapterPlan,
    live: Option<Deployment>,
    has_queue: bool,
) -> Result<(AdapterDone, Option<Deployment>), PassError> {
    let (wanted, done) = match plan {
        AdapterPlan::Leave => return Ok((AdapterDone::Left, live)),
        AdapterPlan::Create(_) if !has_queue => return Ok((AdapterDone::Left, live)),
        AdapterPlan::Refuse(refusal) => {
            let live = live.filter(|live| is_controlled_by(live, identity));
            return Ok((refused(refusal.reason(), refusal.to_string()), live));
        }
        AdapterPlan::Create(wanted) => (wanted, AdapterDone::Created),
        AdapterPlan::Update(wanted) => (wanted, AdapterDone::Updated),
    };
    match write(ctx, identity, &wanted, live.as_ref()).await {
        Ok(applied) => Ok((done, Some(applied))),
        Err(kube::Error::Api(status)) if status.is_conflict() && live.is_none() => {
            taken(ctx, identity, &wanted).await
        }
        Err(kube::Error::Api(status)) if is_refusal(&status) => {
            Ok((refused(&status.reason, status.message), live))
        }
        Err(source) => Err(PassError::Kube {
            doing: DOING,
            source,
        }),
    }
}

/// The name is taken, contrary to what the copies say. One that lost its label is ours still.
async fn taken(
    ctx: &Context,
    identity: &Identity,
    wanted: &Deployment,
) -> Result<(AdapterDone, Option<Deployment>), PassError> {
    let found = doing(DOING, ctx.adapters.ask(identity, None).await)?;
    match found {
        Some(found) if !is_controlled_by(&found, identity) => {
            let refusal = AdapterRefusal::NotOwned(found.name_any());
            Ok((refused(refusal.reason(), refusal.to_string()), None))
        }
        found => {
            let written = write(ctx, identity, wanted, found.as_ref()).await;
            Ok((AdapterDone::Updated, Some(doing(DOING, written)?)))
        }
    }
}

async fn write(
    ctx: &Context,
    identity: &Identity,
    wanted: &Deployment,
    live: Option<&Deployment>,
) -> kube::Result<Deployment> {
    // First, because a Deployment that is up to date is not looked at again.
    keep_budget(ctx, identity, wanted, live).await?;
    let applied = ctx.adapters.apply(identity, wanted, live).await?;
    ctx.metrics.wrote(Written::Deployment);
    info!(
        source.namespace = identity.namespace,
        source.name = identity.name,
        "applied deployment `{}`",
        applied.name_any()
    );
    Ok(applied)
}

/// What the user can mend: an admission rule, a quota, a bad name.
fn is_refusal(status: &kube::core::Status) -> bool {
    let failed = kube::Error::Api(Box::new(status.clone()));
    !error::disposition(&failed).is_retryable()
}

fn refused(reason: &str, message: String) -> AdapterDone {
    let reason = if reason.is_empty() { "Refused" } else { reason };
    AdapterDone::Refused {
        reason: reason.to_owned(),
        message,
    }
}

/// A budget for evictions, so that nodes which are drained take one consumer of a source at a
/// time. A source with a single consumer has none: its budget would hold up the drain, or
/// allow everything.
///
/// Makes or removes the budget as `wanted`, which is about to take the place of `live`, has
/// several consumers or not.
async fn keep_budget(
    ctx: &Context,
    identity: &Identity,
    wanted: &Deployment,
    live: Option<&Deployment>,
) -> kube::Result<()> {
    let budgets: Api<PodDisruptionBudget> =
        Api::namespaced(ctx.client.clone(), &identity.namespace);
    let name = names::adapter(&identity.name, &identity.uid);
    if has_several(wanted) {
        let params = PatchParams::apply(names::CONTROLLER).force();
        let patch = Patch::Apply(budget(wanted));
        budgets.patch(&name, &params, &patch).await?;
    } else if live.is_some_and(has_several) {
        match budgets.delete(&name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => {}
            deleted => drop(deleted?),
        }
    }
    Ok(())
}

fn has_several(deployment: &Deployment) -> bool {
    let spec = deployment.spec.as_ref();
    spec.and_then(|spec| spec.replicas).unwrap_or(1) > 1
}

/// For the pods of a Deployment, under its name and with its owner.
fn budget(deployment: &Deployment) -> PodDisruptionBudget {
    let metadata = deployment.metadata.clone();
    let spec = PodDisruptionBudgetSpec {
        max_unavailable: Some(IntOrString::Int(1)),
        selector: deployment.spec.as_ref().map(|spec| spec.selector.clone()),
        // A pod that does not work holds up no drain.
        unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
        ..PodDisruptionBudgetSpec::default()
    };
    PodDisruptionBudget {
        metadata: ObjectMeta {
            annotations: None,
            ..metadata
        },
        spec: Some(spec),
        status: None,
    }
}

pub(crate) fn mark(conditions: &mut Conditions, wish: &Wish, done: &Done) {
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

fn with_cause(error: &DeliveryError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
