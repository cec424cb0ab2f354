//! The source, in its modern form.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use source_api::{
    AccessToken, AuthSpec, EventRuleSpec, FilterSpec, MnsOssSource, MnsOssSourceSpec,
    ObjectReference, SecretKeyReference, SinkSpec,
};

use super::{ACCOUNT, BROKER, SECRET, SECRET_KEY, SOURCE, photos};
use crate::config::Config;
use crate::metadata::{namespaced, text_map};
use crate::rrsa::Component;

pub(super) const COMMENT: &str = "The controller creates the event rule and its queue, and removes both with the source. Results\n\
                                  are excluded, so that they cause no events.";

/// Requests KEDA, which leaves an idle source without a pod.
const SCALED: [(&str, &str); 2] = [
    (
        "autoscaling.eventing.knative.dev/class",
        "keda.autoscaling.knative.dev",
    ),
    ("autoscaling.eventing.knative.dev/max-scale", "10"),
];

pub(super) fn source(config: &Config) -> MnsOssSource {
    let broker = ObjectReference {
        api_version: "eventing.knative.dev/v1".to_owned(),
        kind: "Broker".to_owned(),
        name: BROKER.to_owned(),
        namespace: None,
        address: None,
    };
    let sink = SinkSpec {
        reference: Some(broker),
        ..SinkSpec::default()
    };
    let spec = spec(config, sink);
    let spec = match &config.rrsa {
        None => spec,
        Some(rrsa) => MnsOssSourceSpec {
            access_token: None,
            service_account_name: None,
            auth: Some(AuthSpec {
                service_account_name: ACCOUNT.to_owned(),
                role_arn: Some(rrsa.role_arn(Component::Adapter)),
                oidc_provider_arn: None,
            }),
            endpoint: Some(config.mns_endpoint.clone()),
            account_id: config.mns_account_id.clone(),
            region: config.mns_region.clone(),
            ..spec
        },
    };
    MnsOssSource {
        metadata: ObjectMeta {
            annotations: config.keda.then(|| text_map(&SCALED)),
            ..namespaced(SOURCE, &config.sample_namespace)
        },
        spec,
        status: None,
    }
}

/// Finished uploads, either by a rule of the controller's or from the topic of the user's rule.
pub(crate) fn spec(config: &Config, sink: SinkSpec) -> MnsOssSourceSpec {
    let finished = || photos::FINISHED.map(str::to_owned).to_vec();
    let topic = config.mns_topic.clone();
    let event_rule = topic.is_none().then(|| EventRuleSpec {
        bucket: config.oss_bucket.clone(),
        region: Some(config.oss_region.clone()),
        events: finished(),
        exclude_prefix: Some(format!("{}/", config.oss_target_path)),
        ..EventRuleSpec::default()
    });
    let filter = topic.is_some().then(|| FilterSpec {
        event_names: finished(),
        ..FilterSpec::default()
    });
    MnsOssSourceSpec {
        sink,
        event_rule,
        topic,
        queue: None,
        access_token: Some(AccessToken {
            secret_key_ref: SecretKeyReference {
                name: SECRET.to_owned(),
                key: SECRET_KEY.to_owned(),
            },
        }),
        auth: None,
        endpoint: None,
        account_id: None,
        region: None,
        service_account_name: Some(ACCOUNT.to_owned()),
        ce_overrides: None,
        delivery: None,
        filter,
        payload: None,
        spec_version: None,
        deletion_policy: None,
        consumers: 1,
        template: None,
    }
}
