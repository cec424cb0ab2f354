//! Where events go and what they look like.

use std::path::PathBuf;

use events::SpecVersion;
use service::findings::{Findings, present, present_path};

use super::{Overrides, SinkAddress};
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
    pub address: SinkAddress,
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
    /// Version of CloudEvents that events are written in.
    pub spec_version: SpecVersion,
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
            spec_version,
        } = args;
        let address = "the http or https URL that events go to";
        let address = found.required("K_SINK", sink.as_deref(), address, SinkAddress::parse);
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
        let spec_version = found.optional(
            "SPEC_VERSION",
            spec_version.as_deref(),
            "`1.0`, `0.3` or `0.2`",
            sendable,
        );
        Some(Self {
            address: address?,
            ca_certs_pem: present(ca_certs.as_deref()).map(str::to_owned),
            audience: present(audience.as_deref()).map(str::to_owned),
            token_file: present_path(oidc_token_file),
            overrides,
            payload: payload.unwrap_or_default(),
            format: format.unwrap_or_default(),
            spec_version: spec_version.unwrap_or_default(),
        })
    }
}

/// Nobody is known who takes 0.1 and not 0.2.
fn sendable(text: &str) -> Option<SpecVersion> {
    SpecVersion::parse(text).filter(|version| *version != SpecVersion::V01)
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
