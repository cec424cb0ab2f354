//! Trust bundles: CA certificates that administrators give to all clients that send events over TLS.
//! Observe, diff, apply.
//!
//! They are ConfigMaps with a label, in Knative Eventing's namespace for all and in the source's
//! for the sources there. A pod can mount only ConfigMaps of its own namespace, so Knative copies
//! each bundle into every namespace where it is needed. Here one ConfigMap for each source has the
//! certificates of all bundles. The adapter's pods mount it whether it exists or not, so that none
//! is replaced when a bundle is added, changed or removed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use source_api::{MnsOssSource, names};
use tracing::{info, warn};

use crate::context::Context;
use crate::deployment;
use crate::error::{ReconcileError, doing, is_refusal};
use crate::metrics::WrittenObject;
use crate::reconcile::Observed;
use crate::source::Identity;

/// Label of trust bundles, with the value `true`. The ConfigMaps that are created here have another
/// value: one watch brings both, and they are no bundles.
pub(crate) const TRUST_BUNDLE: &str = "networking.knative.dev/trust-bundle";
const OURS: &str = "false";
const FILE: &str = "trust-bundle.pem";
/// A ConfigMap holds a mebibyte; Knative stops here as well.
const MAX_BYTES: usize = 1_000_000;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The certificates that the adapter of a source should trust, and those that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedBundles {
    /// Of all bundles, in PEM, each once and in a fixed order.
    pub certificates: String,
    /// The certificates in the source's ConfigMap; `None` if there is none.
    pub live: Option<String>,
}

/// Collects the bundles that concern a source; `None` until they are listed.
pub(crate) fn observe(ctx: &Context, identity: &Identity) -> Option<ObservedBundles> {
    let of_knative = ctx.config_maps.of_knative()?;
    let labelled = ctx.config_maps.labelled(&identity.namespace)?;
    let name = identity.adapter_name();
    let ours = labelled.iter().find(|it| it.name_any() == name);
    let bundles = of_knative.iter().chain(&labelled);
    Some(ObservedBundles {
        certificates: combined(bundles.filter(|it| is_bundle(it))),
        live: ours.map(|ours| content(ours)),
    })
}

/// The certificates to write, if the ConfigMap does not hold them.
pub(crate) fn diff(observed: &Observed) -> Option<String> {
    let ObservedBundles { certificates, live } = observed.trust_bundles.as_ref()?;
    let is_there = live.as_deref().unwrap_or_default() == certificates;
    (!is_there).then(|| certificates.clone())
}

/// Writes the certificates. A refusal is only logged: if a sink needs them, deliveries fail and
/// report that.
pub(crate) async fn apply(
    ctx: &Context,
    identity: &Identity,
    certificates: Option<String>,
) -> Result<(), ReconcileError> {
    let Some(certificates) = certificates else {
        return Ok(());
    };
    let config_maps: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), &identity.namespace);
    let name = identity.adapter_name();
    let params = PatchParams::apply(names::CONTROLLER).force();
    let patch = Patch::Apply(config_map(identity, certificates));
    let (namespace, source) = (&identity.namespace, &identity.name);
    match config_maps.patch(&name, &params, &patch).await {
        Ok(_) => {
            ctx.metrics.wrote(WrittenObject::TrustBundle);
            info!(
                source.namespace = namespace,
                source.name = source,
                "wrote the trust bundles of `{namespace}/{source}`"
            );
            Ok(())
        }
        Err(kube::Error::Api(status)) if is_refusal(&status) => {
            let message = &status.message;
            warn!(
                source.namespace = namespace,
                source.name = source,
                "cannot write the trust bundles of `{namespace}/{source}`: {message}"
            );
            Ok(())
        }
        Err(error) => doing("writing the trust bundles", Err(error)),
    }
}

fn config_map(identity: &Identity, certificates: String) -> ConfigMap {
    let labels = BTreeMap::from([
        (TRUST_BUNDLE.to_owned(), OURS.to_owned()),
        (names::SOURCE_LABEL.to_owned(), names::CONTROLLER.to_owned()),
        (
            names::SOURCE_NAME_LABEL.to_owned(),
            names::label_value(&identity.name),
        ),
    ]);
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(identity.adapter_name()),
            namespace: Some(identity.namespace.clone()),
            labels: Some(labels),
            owner_references: Some(vec![deployment::owner(identity, true)]),
            ..ObjectMeta::default()
        },
        data: Some(BTreeMap::from([(FILE.to_owned(), certificates)])),
        ..ConfigMap::default()
    }
}

/// Whether a source must be reconciled because of a ConfigMap of this namespace.
pub(crate) fn concerns(changed: &ConfigMap, source: &MnsOssSource) -> bool {
    let is_in_its_namespace = changed.metadata.namespace == source.metadata.namespace;
    let is_its_own = || changed.name_any() == Identity::of(source).adapter_name();
    is_in_its_namespace && (is_bundle(changed) || is_its_own())
}

/// Whether this is a trust bundle.
pub(crate) fn is_bundle(config_map: &ConfigMap) -> bool {
    let value = config_map.labels().get(TRUST_BUNDLE);
    value.is_some_and(|value| value == "true")
}

/// The certificates of some bundles, each once. Other contents of a bundle, such as a key, are
/// ignored.
fn combined<'a>(bundles: impl Iterator<Item = &'a Arc<ConfigMap>>) -> String {
    let texts: Vec<_> = bundles.flat_map(|bundle| texts(bundle)).collect();
    let certificates: BTreeSet<_> = texts.iter().flat_map(|text| certificates(text)).collect();
    let mut combined = String::new();
    for certificate in certificates {
        if combined.len() + certificate.len() > MAX_BYTES {
            warn!("the trust bundles are too large: some of their certificates are left out");
            break;
        }
        combined.push_str(&certificate);
    }
    combined
}

fn texts(bundle: &ConfigMap) -> Vec<String> {
    let texts = bundle.data.iter().flat_map(BTreeMap::values).cloned();
    let binary = bundle.binary_data.iter().flat_map(BTreeMap::values);
    let binary = binary.map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned());
    texts.chain(binary).collect()
}

/// The certificates in a text, normalized.
fn certificates(text: &str) -> impl Iterator<Item = String> {
    let blocks = text.split(BEGIN).skip(1);
    let bodies = blocks.filter_map(|block| Some(block.split_once(END)?.0));
    bodies.map(|body| {
        let lines: Vec<_> = body.split_whitespace().collect();
        format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"))
    })
}

fn content(ours: &ConfigMap) -> String {
    let data = ours.data.as_ref();
    let file = data.and_then(|data| data.get(FILE));
    file.cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;

    use super::*;

    fn bundle(data: &[(&str, &str)]) -> Arc<ConfigMap> {
        let data = data
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Arc::new(ConfigMap {
            data: Some(data.collect()),
            ..ConfigMap::default()
        })
    }

    #[test]
    fn certificates_of_bundles_are_taken_once_and_nothing_else() {
        let binary = Arc::new(ConfigMap {
            binary_data: Some(BTreeMap::from([(
                "ca.pem".to_owned(),
                ByteString(
                    b"-----BEGIN CERTIFICATE-----\nCCCC\n-----END CERTIFICATE-----".to_vec(),
                ),
            )])),
            ..ConfigMap::default()
        });
        let bundles = [
            bundle(&[
                (
                    "b.pem",
                    "# a comment\n-----BEGIN CERTIFICATE-----\r\nBBBB\r\nbb==\r\n-----END CERTIFICATE-----\r\n\
                     -----BEGIN PRIVATE KEY-----\nMARKER\n-----END PRIVATE KEY-----\n",
                ),
                (
                    "a.pem",
                    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
                ),
            ]),
            bundle(&[
                (
                    "again",
                    "-----BEGIN CERTIFICATE-----\n  AAAA\n-----END CERTIFICATE-----\n",
                ),
                ("torn", "-----BEGIN CERTIFICATE-----\nTORN"),
                ("none", "hello"),
            ]),
            binary,
        ];
        insta::assert_snapshot!(combined(bundles.iter()), @r"
        -----BEGIN CERTIFICATE-----
        AAAA
        -----END CERTIFICATE-----
        -----BEGIN CERTIFICATE-----
        BBBB
        bb==
        -----END CERTIFICATE-----
        -----BEGIN CERTIFICATE-----
        CCCC
        -----END CERTIFICATE-----
        ");
        let other_way_round = combined(bundles.iter().rev());
        assert_eq!(combined(bundles.iter()), other_way_round);
        assert_eq!(combined([].iter()), "");
    }

    #[test]
    fn more_than_fits_is_cut_at_a_certificate() {
        let one = |number| format!("{BEGIN}\n{number:08}\n{END}\n");
        let many = (0..30_000).map(one).collect::<Vec<_>>().concat();
        let combined = combined([bundle(&[("many", &many)])].iter());
        assert!(combined.len() <= MAX_BYTES && combined.len() > MAX_BYTES / 2);
        assert!(combined.ends_with(&format!("{END}\n")));
    }
}
