//! The Secret of a source.

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt};
use mns::Endpoint;
use signing::{Credentials, CredentialsError, SecretDocument};
use source_api::{MnsOssSourceSpec, SecretKeyReference};
use thiserror::Error;

use super::location::{Location, LocationProblem};
use super::{AccountProblem, OpenedAccount};
use crate::cache::Key;
use crate::context::Context;
use crate::error::{ReconcileError, doing};
use crate::source::ParsedSource;

/// The watch on Secrets, by its name in caches.
pub(crate) const SECRETS: &str = "secrets";

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
    /// The location of MNS is missing, or stated twice.
    #[error("{0}")]
    Location(LocationProblem),
}

/// The content of one key of a Secret, without the location that the source itself gives.
#[derive(Clone, Debug)]
pub(crate) struct OpenedSecret {
    /// The key that was read.
    key: String,
    document: Result<(Credentials, Location), AccountProblem>,
    /// The Secret's version; `None` if there is no Secret.
    version: Option<String>,
}

/// Opens the account with the key in a Secret. The Secret is read unless it is cached.
pub(super) async fn open(
    ctx: &Context,
    parsed: &ParsedSource,
    reference: &SecretKeyReference,
) -> Result<OpenedAccount, ReconcileError> {
    let OpenedSecret {
        key,
        document,
        version,
    } = read(ctx, &parsed.identity.namespace, reference).await?;
    let account = document.and_then(|(credentials, location)| {
        located(location, &parsed.source.spec)
            .map(|endpoint| ctx.account(endpoint, credentials))
            .map_err(|problem| AccountProblem::BadDocument {
                secret: reference.name.clone(),
                key,
                problem,
            })
    });
    Ok(OpenedAccount { account, version })
}

async fn read(
    ctx: &Context,
    namespace: &str,
    reference: &SecretKeyReference,
) -> Result<OpenedSecret, ReconcileError> {
    let SecretKeyReference { name, key } = reference;
    let cached = Key {
        watch: ctx
            .watched_namespaces
            .scope_of(namespace)
            .watch_name(SECRETS),
        namespace: namespace.to_owned(),
        name: name.clone(),
    };
    let read = || async {
        let secrets: Api<Secret> = Api::namespaced(ctx.client.clone(), namespace);
        let secret = doing("reading the secret", secrets.get_opt(name).await)?;
        Ok(parse(name, key, secret.as_ref()))
    };
    let opened = ctx.secrets.get_or_read(&cached, read()).await?;
    if opened.key == *key {
        return Ok(opened);
    }
    // Few Secrets hold several documents, so only one of them is cached.
    read().await
}

fn parse(name: &str, key: &str, secret: Option<&Secret>) -> OpenedSecret {
    let (secret_name, key) = (name.to_owned(), key.to_owned());
    let data = secret.map(|secret| secret.data.as_ref().and_then(|data| data.get(&key)));
    let document = match data {
        None => Err(AccountProblem::NoSecret(secret_name)),
        Some(None) => Err(AccountProblem::NoKey {
            secret: secret_name,
            key: key.clone(),
        }),
        Some(Some(value)) => {
            parse_document(&value.0).map_err(|problem| AccountProblem::BadDocument {
                secret: secret_name,
                key: key.clone(),
                problem,
            })
        }
    };
    OpenedSecret {
        key,
        document,
        version: secret.and_then(ResourceExt::resource_version),
    }
}

/// The key and the location in a document.
pub(crate) fn read_document(
    value: &[u8],
    spec: &MnsOssSourceSpec,
) -> Result<(Endpoint, Credentials), DocumentProblem> {
    let (credentials, location) = parse_document(value)?;
    Ok((located(location, spec)?, credentials))
}

fn located(location: Location, spec: &MnsOssSourceSpec) -> Result<Endpoint, DocumentProblem> {
    let endpoint = location.or(spec).and_then(|it| it.endpoint("url"));
    endpoint.map_err(DocumentProblem::Location)
}

fn parse_document(value: &[u8]) -> Result<(Credentials, Location), DocumentProblem> {
    let text = str::from_utf8(value).map_err(|_| DocumentProblem::NotText)?;
    let document = SecretDocument::from_json(text).map_err(DocumentProblem::Credentials)?;
    let location = Location {
        url: document.url,
        ..serde_json::from_str(text).unwrap_or_default()
    };
    Ok((document.credentials, location))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(value: &[u8]) -> String {
        let endpoint = parse_document(value)
            .and_then(|(_, location)| location.endpoint("url").map_err(DocumentProblem::Location));
        match endpoint {
            Ok(endpoint) => format!(
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
                "the endpoint of MNS is missing: give `url`, or `accountId` and `region`",
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
