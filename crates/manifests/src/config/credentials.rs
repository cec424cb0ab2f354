//! Keys, and what stands in for them. They are read from variables only, and leave this
//! module in one form: the Secret's document.

use std::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use super::Config;

/// Pairs of variables that keys are looked for in, the official SDKs' first.
const PAIRS: [(&str, &str); 2] = [
    (
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    ),
    ("ACCESSKEY_ID", "ACCESSKEY_SECRET"),
];
const SECURITY_TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";

/// What is rendered in place of a key where there is none.
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
    /// Takes keys from variables; none if none are set.
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
