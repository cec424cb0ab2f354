//! Tokens of a pod's ServiceAccount, as files that the kubelet renews.

use k8s_openapi::api::core::v1::{
    ProjectedVolumeSource, ServiceAccountTokenProjection, Volume, VolumeMount, VolumeProjection,
};

/// The audience of tokens for STS.
pub const STS_AUDIENCE: &str = "sts.aliyuncs.com";
/// Where a pod finds its token for STS.
pub const STS_TOKEN_FILE: &str = "/var/run/secrets/mnsoss/rrsa/token";
const STS_VOLUME: &str = "rrsa-token";
const STS_DIRECTORY: &str = "/var/run/secrets/mnsoss/rrsa";
const STS_FILE: &str = "token";
/// The kubelet renews a token after four fifths of this time.
const TOKEN_SECONDS: i64 = 3600;

/// A token for STS alone (RRSA), and where it is mounted. Volume and path are not those of
/// `ack-pod-identity-webhook`, so that they do not collide with it where it is installed.
#[must_use]
pub fn sts_token() -> (Volume, VolumeMount) {
    let tokens = vec![(STS_FILE, STS_AUDIENCE)];
    mounted(token_volume(STS_VOLUME, tokens), STS_DIRECTORY)
}

/// A volume of tokens, given as file and audience: no other audience accepts such a token, not even
/// the API server.
#[must_use]
pub fn token_volume(name: &str, tokens: Vec<(&str, &str)>) -> Volume {
    let sources = tokens.into_iter().map(|(file, audience)| VolumeProjection {
        service_account_token: Some(ServiceAccountTokenProjection {
            audience: Some(audience.to_owned()),
            expiration_seconds: Some(TOKEN_SECONDS),
            path: file.to_owned(),
        }),
        ..VolumeProjection::default()
    });
    Volume {
        name: name.to_owned(),
        projected: Some(ProjectedVolumeSource {
            sources: Some(sources.collect()),
            ..ProjectedVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// A volume, and its read-only mount.
#[must_use]
pub fn mounted(volume: Volume, directory: &str) -> (Volume, VolumeMount) {
    let mount = VolumeMount {
        name: volume.name.clone(),
        mount_path: directory.to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    };
    (volume, mount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_for_sts_is_where_pods_look_for_it() {
        assert_eq!(STS_TOKEN_FILE, format!("{STS_DIRECTORY}/{STS_FILE}"));
    }
}
