//! Reads credentials from text that others fetched: variables and the Secret document.
//!
//! Surrounding white space is dropped, because mounted files tend to end in a newline. Errors
//! say where the fault is but quote nothing: the text around a fault may be the secret.

use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroize as _;

use super::{AccessKeyId, AccessKeySecret, Credentials, SecurityToken};

/// The names of the official SDKs come first; those of the first version of the program follow.
const PAIRS: [Names; 2] = [
    Names {
        id: "ALIBABA_CLOUD_ACCESS_KEY_ID",
        secret: "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        token: Some("ALIBABA_CLOUD_SECURITY_TOKEN"),
    },
    Names {
        id: "ACCESSKEY_ID",
        secret: "ACCESSKEY_SECRET",
        token: None,
    },
];

struct Names {
    id: &'static str,
    secret: &'static str,
    token: Option<&'static str>,
}

/// Why text did not yield credentials. Always permanent; never quotes the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Part of a set of variables is there, but not this one.
    #[error("variable `{missing}` is missing although `{present}` is set")]
    IncompleteKeyPair {
        /// The variable to set.
        missing: &'static str,
        /// The variable that shows the intent.
        present: &'static str,
    },
    /// The document is not the JSON object that was expected.
    #[error("credentials document is not valid at line {line}, column {column}")]
    Document {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// A field of the document is missing or empty.
    #[error("credentials document lacks `{field}`")]
    MissingField {
        /// The field to add.
        field: &'static str,
    },
}

impl Credentials {
    /// Reads `ALIBABA_CLOUD_ACCESS_KEY_ID`, `_SECRET` and the optional
    /// `ALIBABA_CLOUD_SECURITY_TOKEN`, else `ACCESSKEY_ID` and `ACCESSKEY_SECRET`.
    ///
    /// `None` when no variable of either set has a value; an empty one counts as absent.
    ///
    /// # Errors
    /// [`CredentialsError::IncompleteKeyPair`] when the first set that is begun is incomplete.
    pub fn from_vars(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, CredentialsError> {
        for names in &PAIRS {
            if let Some(found) = names.read(&lookup)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Reads the key pair of the JSON document `{"url", "accessKeyId", "accessKeySecret"}`,
    /// with an optional `securityToken`; other fields are ignored.
    ///
    /// # Errors
    /// See [`SecretDocument::from_json`].
    pub fn from_json(text: &str) -> Result<Self, CredentialsError> {
        SecretDocument::from_json(text).map(|document| document.credentials)
    }
}

impl Names {
    fn read(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Credentials>, CredentialsError> {
        let value = |name: &str| lookup(name).map(trimmed).filter(|value| !value.is_empty());
        let id = value(self.id);
        let secret = value(self.secret).map(AccessKeySecret);
        let token = self.token.and_then(value).map(SecurityToken);
        let half = |missing, present| Err(CredentialsError::IncompleteKeyPair { missing, present });
        match (id, secret, token) {
            (Some(id), Some(access_key_secret), security_token) => Ok(Some(Credentials {
                access_key_id: AccessKeyId(id),
                access_key_secret,
                security_token,
            })),
            (Some(_), None, _) => half(self.secret, self.id),
            (None, Some(_), _) => half(self.id, self.secret),
            (None, None, Some(_)) => half(self.id, self.token.unwrap_or_default()),
            (None, None, None) => Ok(None),
        }
    }
}

/// The content of the Secret that the first version of the event source was configured with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretDocument {
    /// The endpoint, as written; `None` when the document has none or an empty one.
    pub url: Option<String>,
    /// The key pair.
    pub credentials: Credentials,
}

impl SecretDocument {
    /// Reads `{"url", "accessKeyId", "accessKeySecret"}`, with an optional `securityToken`.
    ///
    /// # Errors
    /// [`CredentialsError::Document`] when the text is not such an object,
    /// [`CredentialsError::MissingField`] when half the pair is absent or empty.
    pub fn from_json(text: &str) -> Result<Self, CredentialsError> {
        let wire: Wire =
            serde_json::from_str(text).map_err(|error| CredentialsError::Document {
                line: error.line(),
                column: error.column(),
            })?;
        let id = present(wire.access_key_id);
        let secret = present(wire.access_key_secret).map(AccessKeySecret);
        let missing = |field| CredentialsError::MissingField { field };
        Ok(Self {
            url: present(wire.url),
            credentials: Credentials {
                access_key_id: AccessKeyId(id.ok_or(missing("accessKeyId"))?),
                access_key_secret: secret.ok_or(missing("accessKeySecret"))?,
                security_token: present(wire.security_token).map(SecurityToken),
            },
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    url: Option<String>,
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    security_token: Option<String>,
}

fn present(field: Option<String>) -> Option<String> {
    field.map(trimmed).filter(|value| !value.is_empty())
}

/// Drops surrounding white space without leaving the untrimmed text behind in memory.
fn trimmed(mut text: String) -> String {
    if text.trim().len() == text.len() {
        return text;
    }
    let trimmed = text.trim().to_owned();
    text.zeroize();
    trimmed
}
