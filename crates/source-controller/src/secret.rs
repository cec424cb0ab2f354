//! The Secret of a source, and the account of MNS that it opens.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt};
use mns::{Endpoint, EndpointError};
use serde::Deserialize;
use signing::{CredentialsError, SecretDocument};
use source_api::{Conditions, Dependent, SecretKeyReference};
use thiserror::Error;

use crate::cache::Key;
use crate::context::Context;
use crate::error::{ReconcileError, doing};
use crate::mns::Account;
use crate::reconcile::{Applied, Observed};
use crate::source::ParsedSource;

/// The watch on Secrets, by its name in caches.
pub(crate) const SECRETS: &str = "secrets";

/// Why a source's Secret opens no account. Permanent until somebody changes the Secret, which
/// wakes the source. No message quotes the Secret.
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
        /// Key that is asked for.
        key: String,
    },
    /// The value is not the document that it should be.
    #[error("secret `{secret}`, key `{key}`: {problem}")]
    BadDocument {
        /// Name of the Secret.
        secret: String,
        /// Key that was read.
        key: String,
        /// What is wrong with it.
        problem: DocumentProblem,
    },
}

/// What can be wrong with the document in the Secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DocumentProblem {
    /// It is not UTF-8.
    #[error("the value is not text")]
    NotText,
    /// It is not JSON, or lacks half of the key pair.
    #[error("{0}")]
    Credentials(CredentialsError),
    /// It does not say where MNS is.
    #[error("the document lacks `url`")]
    NoUrl,
    /// It says so in a way that cannot be used.
    #[error("{0}")]
    Url(EndpointError),
}

impl AccountProblem {
    /// The problem in one word, for a condition.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoSecret(_) => "SecretNotFound",
            Self::NoKey { .. } => "SecretKeyNotFound",
            Self::BadDocument { .. } => "SecretInvalid",
        }
    }
}

/// Owner and region of the account, for endpoints whose host does not name them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    account_id: Option<String>,
    region: Option<String>,
}

/// The account that a Secret opens.
#[derive(Clone, Debug)]
pub(crate) struct OpenedSecret {
    /// The key of the Secret that was read.
    key: String,
    /// The account.
    pub(crate) account: Result<Account, AccountProblem>,
    /// The Secret's version; `None` if there is no Secret.
    pub(crate) version: Option<String>,
}

/// Opens the account, unless it was opened already and the Secret has not changed.
pub(crate) async fn observe(
    ctx: &Context,
    parsed: &ParsedSource,
) -> Result<OpenedSecret, ReconcileError> {
    let SecretKeyReference { name, key } = &parsed.source.spec.access_token.secret_key_ref;
    let namespace = &parsed.identity.namespace;
    let cached = Key {
        watch: ctx.scope.place_of(namespace).watch_name(SECRETS),
        namespace: namespace.clone(),
        name: name.clone(),
    };
    let read = || async {
        let secrets: Api<Secret> = Api::namespaced(ctx.client.clone(), namespace);
        let secret = doing("reading the secret", secrets.get_opt(name).await)?;
        Ok(open(ctx, name, key, secret.as_ref()))
    };
    let opened = ctx.secrets.get_or_read(&cached, read()).await?;
    if opened.key == *key {
        return Ok(opened);
    }
    // Few Secrets hold several documents, so only one of them is cached.
    read().await
}

fn open(ctx: &Context, name: &str, key: &str, secret: Option<&Secret>) -> OpenedSecret {
    let (secret_name, key) = (name.to_owned(), key.to_owned());
    let data = secret.map(|secret| secret.data.as_ref().and_then(|data| data.get(&key)));
    let account = match data {
        None => Err(AccountProblem::NoSecret(secret_name)),
        Some(None) => Err(AccountProblem::NoKey {
            secret: secret_name,
            key: key.clone(),
        }),
        Some(Some(value)) => read(&value.0)
            .map(|(endpoint, document)| ctx.account(endpoint, document.credentials))
            .map_err(|problem| AccountProblem::BadDocument {
                secret: secret_name,
                key: key.clone(),
                problem,
            }),
    };
    OpenedSecret {
        key,
        account,
        version: secret.and_then(ResourceExt::resource_version),
    }
}

pub(crate) fn read(value: &[u8]) -> Result<(Endpoint, SecretDocument), DocumentProblem> {
    let text = str::from_utf8(value).map_err(|_| DocumentProblem::NotText)?;
    let document = SecretDocument::from_json(text).map_err(DocumentProblem::Credentials)?;
    let url = document.url.as_deref().ok_or(DocumentProblem::NoUrl)?;
    let mut endpoint: Endpoint = url.parse().map_err(DocumentProblem::Url)?;
    let Location { account_id, region } = serde_json::from_str(text).unwrap_or_default();
    if let Some(account_id) = account_id {
        endpoint = endpoint.with_account_id(account_id);
    }
    if let Some(region) = region {
        endpoint = endpoint.with_region(region);
    }
    Ok((endpoint, document))
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

/// The last account that MNS let in, by uid of the source.
///
/// A namespace that is deleted loses Secrets and sources in any order. What a source has in
/// MNS can then be removed only with a key that was read before. It is kept in memory alone,
/// wiped when the source is gone, and used for nothing but the source's deletion.
#[derive(Debug, Default)]
pub(crate) struct KnownAccounts(Mutex<HashMap<String, Account>>);

impl KnownAccounts {
    pub(crate) fn keep(&self, uid: &str, account: &Account) {
        self.lock().insert(uid.to_owned(), account.clone());
    }

    pub(crate) fn get(&self, uid: &str) -> Option<Account> {
        self.lock().get(uid).cloned()
    }

    pub(crate) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(value: &[u8]) -> String {
        match read(value) {
            Ok((endpoint, _)) => format!(
                "{endpoint} {} {}",
                endpoint.account_id().unwrap_or("?"),
                endpoint.region().unwrap_or("?")
            ),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn documents_say_where_the_account_is() {
        let table: [(&str, &[u8], &str); 7] = [
            (
                "the walkthrough's",
                br#"{ "url":"https://xxxx.mns.cn-shanghai.aliyuncs.com/", "accessKeyId":"xxx", "accessKeySecret":"xx" }"#,
                "https://xxxx.mns.cn-shanghai.aliyuncs.com xxxx cn-shanghai",
            ),
            (
                "another host",
                br#"{"url":"http://emulator:9324","accessKeyId":"a","accessKeySecret":"b"}"#,
                "http://emulator:9324 ? ?",
            ),
            (
                "another host, stated",
                br#"{"url":"http://emulator:9324","accessKeyId":"a","accessKeySecret":"b","accountId":"12","region":"cn-shanghai"}"#,
                "http://emulator:9324 12 cn-shanghai",
            ),
            (
                "no URL",
                br#"{"accessKeyId":"a","accessKeySecret":"b"}"#,
                "the document lacks `url`",
            ),
            (
                "half a pair",
                br#"{"url":"http://emulator","accessKeyId":"a"}"#,
                "credentials document lacks `accessKeySecret`",
            ),
            ("not text", b"\xff", "the value is not text"),
            (
                "not JSON",
                b"secret",
                "credentials document is not valid at line 1, column 1",
            ),
        ];
        for (name, value, expected) in table {
            assert_eq!(outcome(value), expected, "{name}");
        }
    }
}
