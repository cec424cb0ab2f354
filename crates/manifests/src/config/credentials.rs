//! Keys and the console's token, and placeholders for them. They are read from variables only, and
//! are written into Secrets only.

use std::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use super::{CONSOLE_TOKEN, Config};

/// Pairs of variables that keys are looked for in, the official SDKs' first.
const PAIRS: [(&str, &str); 2] = [
    (
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    ),
    ("ACCESSKEY_ID", "ACCESSKEY_SECRET"),
];
const SECURITY_TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";

/// Minimum length of the console's token.
const MIN_TOKEN_CHARS: usize = 16;

/// Placeholder for a missing key.
pub(crate) const PLACEHOLDER: &str = "xxx";

/// An access key, and the token that goes with a temporary one. Prints no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key_id: String,
    access_key_secret: Zeroizing<String>,
    security_token: Option<Zeroizing<String>>,
}

/// The document that the adapter and the face service read from the Secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    url: &'a str,
    access_key_id: &'a str,
    access_key_secret: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    security_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
}

impl Credentials {
    /// Reads keys from variables; none if none are set.
    pub(super) fn from_vars(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        for (id, secret) in PAIRS {
            let (access_key_id, access_key_secret) = match (lookup(id), lookup(secret)) {
                (None, None) => continue,
                (Some(_), None) => return Err(format!("{id} is set and {secret} is not")),
                (None, Some(_)) => return Err(format!("{secret} is set and {id} is not")),
                (Some(id), Some(secret)) => (id, Zeroizing::new(secret)),
            };
            let security_token = lookup(SECURITY_TOKEN).map(Zeroizing::new);
            return Ok(Some(Self {
                access_key_id,
                access_key_secret,
                security_token,
            }));
        }
        Ok(None)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// What people sign in with at the console. Prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ConsoleToken(Zeroizing<String>);

impl ConsoleToken {
    /// Reads the token from its variable; none if it is not set.
    pub(super) fn from_vars(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        let token = lookup(CONSOLE_TOKEN).map(Zeroizing::new);
        match &token {
            Some(text) if text.trim().chars().count() < MIN_TOKEN_CHARS => Err(format!(
                "{CONSOLE_TOKEN} is too short: it must have {MIN_TOKEN_CHARS} characters or more"
            )),
            _ => Ok(token.map(Self)),
        }
    }
}

impl fmt::Debug for ConsoleToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsoleToken(***)")
    }
}

/// The console's token, or a placeholder, which is too short to be a valid one.
pub(crate) fn console_token(config: &Config) -> &str {
    let token = config.console_token.as_ref();
    token.map_or(PLACEHOLDER, |ConsoleToken(token)| token)
}

/// The Secret's document, with placeholders if there are no keys.
pub(crate) fn document(config: &Config) -> String {
    let credentials = config.credentials.as_ref();
    let document = Document {
        url: &config.mns_endpoint,
        access_key_id: credentials.map_or(PLACEHOLDER, |keys| &keys.access_key_id),
        access_key_secret: credentials.map_or(PLACEHOLDER, |keys| &keys.access_key_secret),
        security_token: credentials
            .and_then(|keys| keys.security_token.as_ref().map(|token| token.as_str())),
        account_id: config.mns_account_id.as_deref(),
        region: config.mns_region.as_deref(),
    };
    // Texts always have a JSON form.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}
