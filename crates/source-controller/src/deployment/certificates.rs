//! The CA certificates of trust bundles, as a file that the kubelet keeps up to date.

use k8s_openapi::api::core::v1::{
    ConfigMapProjection, ProjectedVolumeSource, Volume, VolumeMount, VolumeProjection,
};
use transport::KNATIVE_BUNDLES;

use crate::source::Identity;
use source_api::mounted;

/// Name and place of the volume are those that Knative gives to its own adapters.
const VOLUME: &str = "kne-bundle-volume";

/// The volume and the mount of each adapter, whether there is a bundle yet or not.
pub(super) fn volume(identity: &Identity) -> (Volume, VolumeMount) {
    let bundles = ConfigMapProjection {
        name: identity.adapter_name(),
        optional: Some(true),
        ..ConfigMapProjection::default()
    };
    let volume = Volume {
        name: VOLUME.to_owned(),
        projected: Some(ProjectedVolumeSource {
            sources: Some(vec![VolumeProjection {
                config_map: Some(bundles),
                ..VolumeProjection::default()
            }]),
            ..ProjectedVolumeSource::default()
        }),
        ..Volume::default()
    };
    mounted(volume, KNATIVE_BUNDLES)
}
