//! Where events go and what they look like.

use std::path::PathBuf;

use clap::ValueEnum;
use events::SpecVersion;
use service::settings::Expected;
use transport::KNATIVE_BUNDLES;

use super::{Overrides, SinkAddress};

/// The form of an event's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Payload {
    /// The JSON document `{"events":[...]}`.
    #[value(name = "Json")]
    Json,
    /// A JSON string that holds the document in base64, as the original source sent it.
    #[value(name = "Base64")]
    Base64,
}

/// How an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Attributes in headers, data in the body.
    Binary,
    /// Everything in one JSON document: structured mode.
    #[value(name = "json")]
    Structured,
}

/// Where events go and what they look like.
#[derive(Clone, Debug, clap::Args)]
pub struct SinkConfig {
    /// Where events go. Knative sets it.
    #[arg(long = "sink", env = "K_SINK", value_name = "URL", hide_env_values = true, value_parser = SinkAddress::parser("the http or https URL that events go to"))]
    pub address: SinkAddress,
    /// CA certificates of the sink in PEM, trusted beside the system's.
    #[arg(
        long = "ca-certs",
        env = "K_CA_CERTS",
        value_name = "PEM",
        hide_env_values = true
    )]
    pub ca_certs_pem: Option<String>,
    /// Folder with further CA certificates to trust, read again when it changes. Knative mounts
    /// its trust bundles there.
    #[arg(long, env = "TRUST_BUNDLES", value_name = "PATH", default_value = KNATIVE_BUNDLES)]
    pub trust_bundles: PathBuf,
    /// OIDC audience of the sink. The token in the mounted file must be for it.
    #[arg(long, env = "K_AUDIENCE", value_name = "AUDIENCE")]
    pub audience: Option<String>,
    /// File with an OIDC token for the sink, read again when it changes.
    #[arg(
        long = "oidc-token-file",
        env = "K_OIDC_TOKEN_FILE",
        value_name = "PATH"
    )]
    pub token_file: Option<PathBuf>,
    /// Attributes to set on every event: `{"extensions":{"name":"value"}}`.
    #[arg(
        long = "ce-overrides",
        env = "K_CE_OVERRIDES",
        value_name = "JSON",
        default_value = "{}",
        hide_default_value = true
    )]
    pub overrides: Overrides,
    /// Form of the data; `Base64` is what the original source sent.
    #[arg(
        long,
        env = "PAYLOAD",
        value_name = "FORM",
        value_enum,
        ignore_case = true,
        default_value = "Json"
    )]
    pub payload: Payload,
    /// Version of CloudEvents to send: `1.0`, `0.3` or `0.2`. With `0.3` and the payload
    /// `Base64`, the original consumer takes events also from a Broker.
    #[arg(long, env = "SPEC_VERSION", value_name = "VERSION", default_value = "1.0", value_parser = sendable)]
    pub spec_version: SpecVersion,
    /// How events are written; `json` is structured mode.
    #[arg(
        long = "delivery-format",
        env = "DELIVERY_FORMAT",
        value_name = "FORMAT",
        help_heading = "Delivery",
        value_enum,
        ignore_case = true,
        default_value = "binary"
    )]
    pub format: Format,
}

/// No receiver is known that takes 0.1 and not 0.2.
fn sendable(text: &str) -> Result<SpecVersion, Expected> {
    SpecVersion::parse(text)
        .filter(|version| *version != SpecVersion::V01)
        .ok_or_else(|| Expected("`1.0`, `0.3` or `0.2`".to_owned()))
}
