//! The keys that the adapter and the face service use.

use k8s_openapi::api::core::v1::Secret;

use super::{SECRET, SECRET_KEY};
use crate::config::{Config, document};
use crate::metadata::{namespaced, text_map};

pub(super) const COMMENT: &str = "Put the endpoint of your MNS and the keys of a RAM user in here, and nowhere else. The user\n\
     needs MNS for the controller and the adapter, and OSS and the face API for the service.";

pub(super) fn secret(config: &Config) -> Secret {
    let document = document(config);
    Secret {
        metadata: namespaced(SECRET, &config.sample_namespace),
        string_data: Some(text_map(&[(SECRET_KEY, &document)])),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}
