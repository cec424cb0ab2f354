//! The identity of a source towards sinks that expect tokens (OIDC): observe, diff, apply, report.
//!
//! The kubelet requests tokens only for the ServiceAccount that a pod runs as. So the identity of a
//! source is the account of its adapter's pods: the one that the source names, else one that the
//! controller creates for it alone. Knative's own adapters request tokens of a second account from
//! the API server. For that the adapter would need the permission to create them, the controller
//! the permission to grant it, and every pod with the first account would have it too.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::{Api, ResourceExt as _};
use source_api::{Auth, Conditions, Dependent, MnsOssSource, MnsOssSourceSpec, names};
use thiserror::Error;
use tracing::info;

use crate::context::Context;
use crate::deployment::{self, AppliedAdapter};
use crate::error::{ReconcileError, doing, is_refusal};
use crate::metrics::WrittenObject;
use crate::reconcile::{Applied, Observed};
use crate::sink::{ResolvedSink, SinkProblem};
use crate::source::{Identity, ParsedSource};

/// The reason that Knative's own sources use.
const FEATURE_OFF: &str = "authentication-oidc feature disabled";
const NO_AUDIENCE: &str = "Sink has no audience defined";

/// The ServiceAccount with the name of the source's own one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedServiceAccount {
    /// Its uid.
    pub uid: Option<String>,
    /// Whether the source controls it.
    pub is_owned: bool,
}

/// What to do about the source's own ServiceAccount.
#[derive(Clone, Debug, PartialEq)]
pub enum SinkIdentityPlan {
    /// Nothing.
    Keep,
    /// Create this one.
    Create(Box<ServiceAccount>),
    /// Delete the one with this uid, once no adapter runs as it.
    Delete(Option<String>),
    /// It can be neither used nor created.
    Refuse(SinkIdentityProblem),
}

/// Why a source has no identity. Permanent, until the cause is removed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SinkIdentityProblem {
    /// There is a ServiceAccount of that name that the source does not control.
    #[error(
        "ServiceAccount `{0}` exists, but the source does not control it: remove it, or name one in the source"
    )]
    NotOwned(String),
    /// The source names both the account and the audience, and so could have the token of any
    /// account for anything sent anywhere.
    #[error(
        "tokens of ServiceAccount `{0}`, which the source names, are for audiences that a sink announces itself: leave \
         out `audience`, or leave out the account for one that is kept for the source"
    )]
    AudienceNotAnnounced(String),
    /// The API server refused to create it.
    #[error("ServiceAccount `{name}` cannot be created: {message}")]
    Refused {
        /// Its name.
        name: String,
        /// The API server's reason, in one word.
        reason: String,
        /// The API server's message.
        message: String,
    },
}

/// The identity of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SinkIdentity {
    /// None: no sink expects tokens.
    NotNeeded,
    /// As before, because not every sink is resolved.
    Unknown,
    /// A ServiceAccount that the source names.
    Named(String),
    /// The source's own ServiceAccount.
    Kept(String),
    /// None, for this reason.
    Refused(SinkIdentityProblem),
}

impl SinkIdentityProblem {
    /// In one word, for a condition.
    fn reason(&self) -> &str {
        match self {
            Self::NotOwned(_) => "NotOwned",
            Self::AudienceNotAnnounced(_) => "AudienceNotAnnounced",
            Self::Refused { reason, .. } => reason,
        }
    }
}

impl SinkIdentity {
    fn of(
        source: &MnsOssSource,
        sink: &Result<ResolvedSink, SinkProblem>,
        dead_letter_sink: Option<&Result<ResolvedSink, SinkProblem>>,
    ) -> Self {
        let mut sinks = [Some(sink), dead_letter_sink].into_iter().flatten();
        let mut expecting = sinks.clone().flatten().filter(|it| it.audience.is_some());
        let Some(first) = expecting.next() else {
            let is_unknown = sinks.any(Result::is_err);
            return if is_unknown {
                Self::Unknown
            } else {
                Self::NotNeeded
            };
        };
        let Some(account) = named(&source.spec).map(str::to_owned) else {
            return Self::Kept(names::oidc_account(&source.name_any()));
        };
        if first.is_audience_announced && expecting.all(|it| it.is_audience_announced) {
            Self::Named(account)
        } else {
            Self::Refused(SinkIdentityProblem::AudienceNotAnnounced(account))
        }
    }

    fn of_observed(parsed: &ParsedSource, observed: &Observed) -> Self {
        let dead_letter_sink = observed.dead_letter_sink.as_ref();
        Self::of(&parsed.source, &observed.sink, dead_letter_sink)
    }
}

/// The ServiceAccount that a source names for its adapter's pods.
pub(crate) fn named(spec: &MnsOssSourceSpec) -> Option<&str> {
    let auth = spec.auth.as_ref().map(|auth| &auth.service_account_name);
    let account = auth.or(spec.service_account_name.as_ref());
    account.map(String::as_str)
}

/// Reads the source's own ServiceAccount, if there should be one, or was.
pub(crate) async fn observe(
    ctx: &Context,
    parsed: &ParsedSource,
    sink: &Result<ResolvedSink, SinkProblem>,
    dead_letter_sink: Option<&Result<ResolvedSink, SinkProblem>>,
    adapter: Option<&Deployment>,
) -> Result<Option<ObservedServiceAccount>, ReconcileError> {
    let identity = &parsed.identity;
    let name = names::oidc_account(&identity.name);
    let running = adapter.and_then(deployment::service_account);
    let was_needed = [recorded(&parsed.source), running].contains(&Some(&name));
    match SinkIdentity::of(&parsed.source, sink, dead_letter_sink) {
        SinkIdentity::Kept(_) => {}
        SinkIdentity::Named(_) | SinkIdentity::NotNeeded if was_needed => {}
        _ => return Ok(None),
    }
    let found = match accounts(ctx, identity).get_metadata_opt(&name).await {
        // Creating one is then refused as well, and the condition reports that.
        Err(kube::Error::Api(status)) if is_refusal(&status) => None,
        found => doing("looking for the source's service account", found)?,
    };
    Ok(found.map(|found| ObservedServiceAccount {
        is_owned: deployment::is_controlled_by(&found.metadata, identity),
        uid: found.metadata.uid,
    }))
}

/// Compares the existing account with the desired one.
pub(crate) fn diff(parsed: &ParsedSource, observed: &Observed) -> SinkIdentityPlan {
    let found = observed.service_account.as_ref();
    match (SinkIdentity::of_observed(parsed, observed), found) {
        (SinkIdentity::Refused(problem), _) => SinkIdentityPlan::Refuse(problem),
        (SinkIdentity::Kept(name), Some(found)) if !found.is_owned => {
            SinkIdentityPlan::Refuse(SinkIdentityProblem::NotOwned(name))
        }
        (SinkIdentity::Kept(name), None) => {
            SinkIdentityPlan::Create(Box::new(account(name, &parsed.identity)))
        }
        (SinkIdentity::Named(_) | SinkIdentity::NotNeeded, Some(found)) if found.is_owned => {
            SinkIdentityPlan::Delete(found.uid.clone())
        }
        _ => SinkIdentityPlan::Keep,
    }
}

/// As Knative creates those of its own sources.
fn account(name: String, identity: &Identity) -> ServiceAccount {
    let description = format!(
        "Service Account for OIDC Authentication for MnsOssSource \"{}\"",
        identity.name
    );
    ServiceAccount {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: Some(identity.namespace.clone()),
            labels: Some(BTreeMap::from([(
                names::OIDC_LABEL.to_owned(),
                "enabled".to_owned(),
            )])),
            annotations: Some(BTreeMap::from([("description".to_owned(), description)])),
            owner_references: Some(vec![deployment::owner(identity, true)]),
            ..ObjectMeta::default()
        },
        ..ServiceAccount::default()
    }
}

/// Creates the account, before an adapter needs it.
pub(crate) async fn prepare(
    ctx: &Context,
    identity: &Identity,
    plan: &SinkIdentityPlan,
) -> Result<Result<(), SinkIdentityProblem>, ReconcileError> {
    let account = match plan {
        SinkIdentityPlan::Keep | SinkIdentityPlan::Delete(_) => return Ok(Ok(())),
        SinkIdentityPlan::Refuse(problem) => return Ok(Err(problem.clone())),
        SinkIdentityPlan::Create(account) => account,
    };
    let name = account.name_any();
    let accounts = accounts(ctx, identity);
    match accounts.create(&PostParams::default(), account).await {
        Ok(_) => {
            wrote(ctx, identity, "created", &name);
            Ok(Ok(()))
        }
        Err(kube::Error::Api(status)) if is_refusal(&status) => {
            Ok(Err(SinkIdentityProblem::Refused {
                name,
                reason: status.reason.clone(),
                message: status.message.clone(),
            }))
        }
        Err(error) => doing("making the source's service account", Err(error)),
    }
}

/// Deletes an account that is no longer needed. Pods that still run as it could not be restarted,
/// so it is deleted after them.
pub(crate) async fn clean_up(
    ctx: &Context,
    identity: &Identity,
    plan: &SinkIdentityPlan,
    adapter: &AppliedAdapter,
) -> Result<(), ReconcileError> {
    let SinkIdentityPlan::Delete(uid) = plan else {
        return Ok(());
    };
    let name = names::oidc_account(&identity.name);
    let running = adapter.deployment.as_deref();
    if running.and_then(deployment::service_account) == Some(&name) {
        return Ok(());
    }
    let params = DeleteParams::default().preconditions(Preconditions {
        uid: uid.clone(),
        resource_version: None,
    });
    match accounts(ctx, identity).delete(&name, &params).await {
        Ok(_) => wrote(ctx, identity, "deleted", &name),
        Err(kube::Error::Api(status)) if status.is_not_found() => {}
        Err(error) => doing("deleting the source's service account", Err(error))?,
    }
    Ok(())
}

fn wrote(ctx: &Context, identity: &Identity, verb: &str, name: &str) {
    ctx.metrics.wrote(WrittenObject::ServiceAccount);
    info!(
        source.namespace = identity.namespace,
        source.name = identity.name,
        "{verb} service account `{name}`"
    );
}

/// What `status.auth` should be: an `EventPolicy` that names the source admits this account.
pub(crate) fn auth(parsed: &ParsedSource, observed: &Observed, applied: &Applied) -> Option<Auth> {
    let account = match SinkIdentity::of_observed(parsed, observed) {
        SinkIdentity::NotNeeded | SinkIdentity::Refused(_) => None,
        SinkIdentity::Unknown => recorded(&parsed.source).cloned(),
        SinkIdentity::Named(account) => Some(account),
        SinkIdentity::Kept(account) => applied.sink_identity.is_ok().then_some(account),
    };
    account.map(|account| Auth {
        service_account_name: Some(account),
    })
}

/// Marks `OIDCIdentityCreated`.
pub(crate) fn mark(
    conditions: &mut Conditions,
    parsed: &ParsedSource,
    observed: &Observed,
    applied: &Applied,
) {
    let dependent = Dependent::OidcIdentityCreated;
    if let Err(problem) = &applied.sink_identity {
        conditions.mark_false(dependent, problem.reason(), problem.to_string());
        return;
    }
    match SinkIdentity::of_observed(parsed, observed) {
        SinkIdentity::Kept(_) => conditions.mark_true(dependent),
        SinkIdentity::Named(account) => {
            let message = format!(
                "the tokens are of ServiceAccount `{account}`, which the source names: whatever else runs as it \
                 counts as this source"
            );
            conditions.mark_true_because(dependent, "ServiceAccountNamed", message);
        }
        SinkIdentity::Unknown if recorded(&parsed.source).is_some() => {
            conditions.mark_true(dependent);
        }
        SinkIdentity::Unknown | SinkIdentity::NotNeeded | SinkIdentity::Refused(_) => {
            let config = observed.knative_config.as_ref();
            let is_on = config.is_some_and(|config| config.is_oidc_on);
            let reason = if is_on { NO_AUDIENCE } else { FEATURE_OFF };
            conditions.mark_true_because(dependent, reason, "no sink expects tokens");
        }
    }
}

fn recorded(source: &MnsOssSource) -> Option<&String> {
    let auth = source.status.as_ref()?.auth.as_ref()?;
    auth.service_account_name.as_ref()
}

fn accounts(ctx: &Context, identity: &Identity) -> Api<ServiceAccount> {
    Api::namespaced(ctx.client.clone(), &identity.namespace)
}
