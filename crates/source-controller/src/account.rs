//! The account of MNS that a source uses, with the key of its Secret or the controller's own.

mod identity;
mod location;
mod secret;

use std::collections::HashMap;

use parking_lot::Mutex;
use source_api::{Conditions, Dependent};
use thiserror::Error;

pub use identity::{CloudIdentity, IdentityProblem};
pub use location::LocationProblem;
pub use secret::DocumentProblem;
pub(crate) use secret::{OpenedSecret, SECRETS, read_document};

use crate::context::Context;
use crate::error::ReconcileError;
use crate::mns::Account;
use crate::reconcile::{Applied, Observed};
use crate::source::ParsedSource;

/// Why a source has no account. Permanent, except for [`is_passing`](Self::is_passing), until the
/// Secret changes, which triggers a reconcile. No message quotes the Secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AccountProblem {
    /// There is no such Secret.
    #[error("secret `{0}` does not exist")]
    NoSecret(String),
    /// The Secret lacks the key.
    #[error("secret `{secret}` has no key `{key}`")]
    NoKey {
        /// Name of the Secret.
        secret: String,
        /// The missing key.
        key: String,
    },
    /// The value is not a valid document.
    #[error("secret `{secret}`, key `{key}`: {problem}")]
    BadDocument {
        /// Name of the Secret.
        secret: String,
        /// Key that was read.
        key: String,
        /// What is wrong with it.
        problem: DocumentProblem,
    },
    /// The source has both a Secret and a role, or neither.
    #[error("exactly one of `accessToken` and `auth` must be given")]
    AmbiguousCredentials,
    /// The source does not say where MNS is.
    #[error("{0}")]
    Location(LocationProblem),
    /// The controller has no key of its own for the source.
    #[error("{0}")]
    Identity(IdentityProblem),
}

impl AccountProblem {
    /// The problem in one word, for a condition.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoSecret(_) => "SecretNotFound",
            Self::NoKey { .. } => "SecretKeyNotFound",
            Self::BadDocument { .. } => "SecretInvalid",
            Self::AmbiguousCredentials | Self::Location(_) => "Invalid",
            Self::Identity(problem) => problem.reason(),
        }
    }

    /// Whether it passes without a change by the user.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Identity(IdentityProblem::Pending))
    }
}

/// The account of a source.
#[derive(Clone, Debug)]
pub(crate) struct OpenedAccount {
    /// The account.
    pub(crate) account: Result<Account, AccountProblem>,
    /// The version of the Secret; `None` if there is none.
    pub(crate) version: Option<String>,
}

/// Opens the account of a source.
pub(crate) async fn observe(
    ctx: &Context,
    parsed: &ParsedSource,
) -> Result<OpenedAccount, ReconcileError> {
    let spec = &parsed.source.spec;
    let account = match (&spec.access_token, &spec.auth) {
        (Some(token), None) => return secret::open(ctx, parsed, &token.secret_key_ref).await,
        (None, Some(_)) => identity::open(ctx, parsed),
        _ => Err(AccountProblem::AmbiguousCredentials),
    };
    let version = None;
    Ok(OpenedAccount { account, version })
}

/// Marks `CredentialsProvided`.
pub(crate) fn mark(conditions: &mut Conditions, observed: &Observed, applied: &Applied) {
    let dependent = Dependent::CredentialsProvided;
    match (&observed.account, &applied.mns) {
        (Err(problem), _) => {
            conditions.mark_false(dependent, problem.reason(), problem.to_string());
        }
        (Ok(_), Err(problem)) if problem.is_key_refused => {
            conditions.mark_false(dependent, "CredentialsRefused", problem.message.clone());
        }
        (Ok(_), _) => conditions.mark_true(dependent),
    }
}

/// The last account that MNS accepted, by uid of the source.
///
/// When a namespace is deleted, its Secrets and sources are deleted in any order. The resources of a
/// source in MNS can then be removed only with a key that was read before. It is kept in memory
/// alone, wiped when the source was deleted, and used only for the source's deletion.
#[derive(Debug, Default)]
pub(crate) struct KnownAccounts(Mutex<HashMap<String, Account>>);

impl KnownAccounts {
    pub(crate) fn keep(&self, uid: &str, account: &Account) {
        self.0.lock().insert(uid.to_owned(), account.clone());
    }

    pub(crate) fn get(&self, uid: &str) -> Option<Account> {
        self.0.lock().get(uid).cloned()
    }

    pub(crate) fn forget(&self, uid: &str) {
        self.0.lock().remove(uid);
    }
}
