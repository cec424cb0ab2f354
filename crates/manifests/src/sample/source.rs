//! The source, in its modern form.

use source_api::{
    AccessToken, FilterSpec, MnsOssSource, MnsOssSourceSpec, ObjectReference, SecretKeyReference,
    SinkSpec,
};

use super::{ACCOUNT, BROKER, SECRET, SECRET_KEY, SOURCE, photos};
use crate::config::Config;
use crate::metadata::namespaced;

pub(super) fn source(config: &Config) -> MnsOssSource {
    let broker = ObjectReference {
        api_version: "eventing.knative.dev/v1".to_owned(),
        kind: "Broker".to_owned(),
        name: BROKER.to_owned(),
        namespace: None,
        address: None,
    };
    let spec = MnsOssSourceSpec {
        filter: Some(FilterSpec {
            event_names: photos::FINISHED.map(str::to_owned).to_vec(),
            ..FilterSpec::default()
        }),
        ..spec(
            config,
            SinkSpec {
                reference: Some(broker),
                ..SinkSpec::default()
            },
        )
    };
    MnsOssSource {
        metadata: namespaced(SOURCE, &config.sample_namespace),
        spec,
        status: None,
    }
}

/// What both forms have in common.
pub(crate) fn spec(config: &Config, sink: SinkSpec) -> MnsOssSourceSpec {
    MnsOssSourceSpec {
        sink,
        topic: Some(config.mns_topic.clone()),
        queue: None,
        access_token: AccessToken {
            secret_key_ref: SecretKeyReference {
                name: SECRET.to_owned(),
                key: SECRET_KEY.to_owned(),
            },
        },
        service_account_name: Some(ACCOUNT.to_owned()),
        ce_overrides: None,
        delivery: None,
        filter: None,
        payload: None,
        spec_version: None,
        deletion_policy: None,
        consumers: 1,
        template: None,
    }
}
