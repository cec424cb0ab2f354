//! Which account a source's Secret opens.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt};
use mns::{Endpoint, EndpointError};
use serde::Deserialize;
use signing::{CredentialsError, SecretDocument};
use source_api::{Conditions, Dependent, SecretKeyReference};
use thiserror::Error;

use crate::cache::Question;
use crate::context::Context;
use crate::error::{PassError, doing};
use crate::mns::Account;
use crate::reconcile::{Done, Seen};
use crate::source::Subject;

/// The watch that tells of Secrets.
pub(crate) const SECRETS: &str = "secrets";

/// Why a source's Secret opens no account. Permanent, until somebody changes the Secret;
/// which is noticed. None quotes the Secret.
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

/// Who owns the account and where it is, for endpoints whose host does not say so.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whereabouts {
    account_id: Option<String>,
    region: Option<String>,
}

/// What a Secret opened.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// Which of its keys was read.
    key: String,
    /// The account.
    pub(crate) account: Result<Account, AccountProblem>,
    /// The Secret's version; `None` if there is no Secret.
    pub(crate) version: Option<String>,
}

/// Opens the account, or remembers having opened it a moment ago.
pub(crate) async fn look(ctx: &Context, subject: &Subject) -> Result<Opened, PassError> {
    let SecretKeyReference { name, key } = &subject.source.spec.access_token.secret_key_ref;
    let namespace = &subject.identity.namespace;
    let question = Question {
        watch: ctx.scope.place_of(namespace).watch_name(SECRETS),
        namespace: namespace.clone(),
        name: name.clone(),
    };
    let asked = match ctx.secrets.recall(&question) {
        // One Secret may hold several documents, though hardly anybody does that.
        Ok(opened) if opened.key != *key => None,
        Ok(opened) => return Ok(opened),
        Err(asked) => Some(asked),
    };
    let secrets: Api<Secret> = Api::namespaced(ctx.client.clone(), namespace);
    let secret = doing("reading the secret", secrets.get_opt(name).await)?;
    let opened = open(ctx, name, key, secret.as_ref());
    if let Some(asked) = asked {
        ctx.secrets.keep(&question, asked, &opened);
    }
    Ok(opened)
}

fn open(ctx: &Context, name: &str, key: &str, secret: Option<&Secret>) -> Opened {
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
    Opened {
        key,
        account,
        version: secret.and_then(ResourceExt::resource_version),
    }
}

fn read(value: &[u8]) -> Result<(Endpoint, SecretDocument), DocumentProblem> {
    let text = str::from_utf8(value).map_err(|_| DocumentProblem::NotText)?;
    let document = SecretDocument::from_json(text).map_err(DocumentProblem::Credentials)?;
    let url = document.url.as_deref().ok_or(DocumentProblem::NoUrl)?;
    let mut endpoint: Endpoint = url.parse().map_err(DocumentProblem::Url)?;
    let Whereabouts { account_id, region } = serde_json::from_str(text).unwrap_or_default();
    if let Some(account_id) = account_id {
        endpoint = endpoint.with_account_id(account_id);
    }
    if let Some(region) = region {
        endpoint = endpoint.with_region(region);
    }
    Ok((endpoint, document))
}

pub(crate) fn mark(conditions: &mut Conditions, seen: &Seen, done: &Done) {
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

/// The last account that MNS let in, by uid of the source.
#[derive(Debug, Default)]
pub(crate) struct Accounts(Mutex<HashMap<String, Account>>);

impl Accounts {
    /// Remembers an account in place of the one before.
    pub(crate) fn keep(&self, uid: &str, account: &Account) {
        self.lock().insert(uid.to_owned(), account.clone());
    }

    /// The account that last worked.
    pub(crate) fn recall(&self, uid: &str) -> Option<Account> {
        self.lock().get(uid).cloned()
    }

    /// Forgets a source that is gone.
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
