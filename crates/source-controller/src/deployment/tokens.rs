//! Tokens for sinks that expect them (OIDC), as files that the kubelet renews.
//!
//! Each sink has a token of its own, for its audience alone: a sink that gets a token could use it
//! at the other sink.

use k8s_openapi::api::core::v1::{Volume, VolumeMount};
use source_api::{MnsOssSourceSpec, mounted, names, token_volume};

use super::document::AdapterInputs;
use crate::sink::ResolvedSink;
use crate::sink_identity::named;
use crate::source::Identity;

/// The default account of each namespace.
const OF_NAMESPACE: &str = "default";
/// Name and place of the volume are those that Knative's `SinkBinding` gives to the pods of others.
const VOLUME: &str = "oidc-token";
const DIRECTORY: &str = "/oidc";
const FILE: &str = "token";
const DEAD_LETTER_FILE: &str = "dead-letter-token";

/// The ServiceAccount that the adapter's pods run as. It is never omitted: the API server keeps a
/// copy of it in the older field `serviceAccount`, and would use that.
pub(super) fn service_account(
    spec: &MnsOssSourceSpec,
    identity: &Identity,
    inputs: &AdapterInputs<'_>,
) -> String {
    let kept = || (!audiences(inputs).is_empty()).then(|| names::oidc_account(&identity.name));
    let account = named(spec).map(str::to_owned).or_else(kept);
    account.unwrap_or_else(|| OF_NAMESPACE.to_owned())
}

/// Variables by which the adapter finds its tokens.
pub(super) fn variables(inputs: &AdapterInputs<'_>) -> Vec<(&'static str, String)> {
    let variable = |file| match file {
        FILE => "K_OIDC_TOKEN_FILE",
        _ => "DELIVERY_DEAD_LETTER_TOKEN_FILE",
    };
    let files = audiences(inputs).into_iter();
    files
        .map(|(file, _)| (variable(file), format!("{DIRECTORY}/{file}")))
        .collect()
}

/// The tokens and their mount; nothing if no sink expects any.
pub(super) fn volume(inputs: &AdapterInputs<'_>) -> Option<(Volume, VolumeMount)> {
    let tokens = audiences(inputs);
    (!tokens.is_empty()).then(|| mounted(token_volume(VOLUME, tokens), DIRECTORY))
}

/// The files, with the audiences of their tokens.
fn audiences<'a>(inputs: &AdapterInputs<'a>) -> Vec<(&'static str, &'a str)> {
    let audience = |sink: Option<&'a ResolvedSink>| sink?.audience.as_deref();
    let sink = audience(Some(inputs.sink)).map(|audience| (FILE, audience));
    let dead_letter_sink = audience(inputs.dead_letter_sink);
    let dead_letter_sink = dead_letter_sink.map(|audience| (DEAD_LETTER_FILE, audience));
    sink.into_iter().chain(dead_letter_sink).collect()
}
