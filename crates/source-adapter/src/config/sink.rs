//! Where events go and what they look like.

use std::path::PathBuf;

use service::findings::{Findings, http_url, present, present_path};
use url::Url;

use super::Overrides;
use crate::args::SinkArgs;

/// The form of an event's data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Payload {
    /// The JSON document `{"events":[...]}`.
    #[default]
    Json,
    /// A JSON string that holds the document in base64, as the original source sent it.
    Base64,
}

/// How an event is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Attributes in headers, data in the body.
    #[default]
    Binary,
    /// Everything in one JSON document.
    Structured,
}

/// Where events go and what they look like.
#[derive(Clone, Debug)]
pub struct SinkConfig {
    /// The sink's address.
    pub url: Url,
    /// CA certificates to trust beside the system's, in PEM.
    pub ca_certs_pem: Option<String>,
    /// The audience that the sink expects in a token.
    pub audience: Option<String>,
    /// Where the token is.
    pub token_file: Option<PathBuf>,
    /// Attributes set on every event.
    pub overrides: Overrides,
    /// Form of the data.
    pub payload: Payload,
    /// Form of the event.
    pub format: Format,
}

impl SinkConfig {
    pub(super) fn check(
        found: &mut Findings,
        args: SinkArgs,
        format: Option<&str>,
    ) -> Option<Self> {
        let SinkArgs {
            sink,
            ca_certs,
            audience,
            oidc_token_file,
            ce_overrides,
            payload,
        } = args;
        let url = "the http or https URL that events go to";
        let url = found.required("K_SINK", sink.as_deref(), url, http_url);
        let overrides = Overrides::check(found, ce_overrides.as_deref());
        let payload = found.optional(
            "PAYLOAD",
            payload.as_deref(),
            "`Json` or `Base64`",
            Payload::parse,
        );
        let format = found.optional(
            "DELIVERY_FORMAT",
            format,
            "`binary` or `json`",
            Format::parse,
        );
        Some(Self {
            url: url?,
            ca_certs_pem: present(ca_certs.as_deref()).map(str::to_owned),
            audience: present(audience.as_deref()).map(str::to_owned),
            token_file: present_path(oidc_token_file),
            overrides,
            payload: payload.unwrap_or_default(),
            format: format.unwrap_or_default(),
        })
    }
}

impl Payload {
    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "base64" => Some(Self::Base64),
            _ => None,
        }
    }
}

impl Format {
    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "binary" => Some(Self::Binary),
            "json" => Some(Self::Structured),
            _ => None,
        }
    }
}
