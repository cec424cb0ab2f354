//! The walkthrough's own objects, in the API versions of its time.
//!
//! The source, the Secret, the account with its binding, and the ServiceEntry still work as
//! they are. The Trigger and the Service need a Knative from before 2020.

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use source_api::{MnsOssSource, MnsOssSourceSpec, ObjectReference, SinkSpec};

use crate::config::{Config, PLACEHOLDER, document};
use crate::file::File;
use crate::istio;
use crate::knative::{
    RevisionContainer, RevisionSpec, RevisionTemplate, Service, ServiceSpec, Subscriber, Trigger,
    TriggerSpec,
};
use crate::metadata::{named, namespaced, with_labels};
use crate::sample::{
    self, ACCOUNT, BROKER, SECRET, SECRET_KEY, SERVICE, SERVICE_ENTRY, SOURCE, TRIGGER,
};
use crate::yaml::RenderError;

/// The image that the walkthrough runs.
const IMAGE: &str = "registry.cn-hangzhou.aliyuncs.com/knative-sample/face-recognition:v0.2.7";
/// The topic of the walkthrough's event rule.
const TOPIC: &str = "mns-en-topics-oss-face-image-2381221888dds9129";
/// The walkthrough's Secret, blanks and all.
const DOCUMENT: &str = "{ \"url\":\"https://xxxx.mns.cn-shanghai.aliyuncs.com/\", \"accessKeyId\":\"xxx\",\"accessKeySecret\":\"xx\" }\n";

/// All files, under the walkthrough's names.
pub(crate) fn files(config: &Config) -> Result<Vec<File>, RenderError> {
    let account = ServiceAccount {
        metadata: named(ACCOUNT),
        ..ServiceAccount::default()
    };
    let entry = istio::alibaba_cloud("networking.istio.io/v1alpha3", named(SERVICE_ENTRY));
    let retired = "For a Knative from before 2020; `sample/` has what today's takes.";
    Ok(vec![
        File::new("seed/secret.yaml", "").with(&secret(config))?,
        File::new("seed/rbac.yaml", "")
            .with(&sample::binding(&config.sample_namespace))?
            .with(&account)?,
        File::new("seed/service-entry.yaml", "").with(&entry)?,
        File::new("seed/source.yaml", "").with(&source(config))?,
        File::new("seed/service.yaml", retired).with(&service(config))?,
        File::new("seed/trigger.yaml", retired).with(&trigger(config))?,
    ])
}

fn secret(config: &Config) -> Secret {
    let document = match &config.credentials {
        None => DOCUMENT.to_owned(),
        Some(_) => document(config),
    };
    Secret {
        metadata: named(SECRET),
        type_: Some("Opaque".to_owned()),
        data: Some([(SECRET_KEY.to_owned(), ByteString(document.into_bytes()))].into()),
        ..Secret::default()
    }
}

fn source(config: &Config) -> MnsOssSource {
    let sink = SinkSpec {
        api_version: Some("eventing.knative.dev/v1alpha1".to_owned()),
        kind: Some("Broker".to_owned()),
        name: Some(BROKER.to_owned()),
        ..SinkSpec::default()
    };
    MnsOssSource {
        metadata: with_labels(named(SOURCE), &[("controller-tools.k8s.io", "1.0")]),
        spec: MnsOssSourceSpec {
            topic: config.mns_topic.clone().or_else(|| Some(TOPIC.to_owned())),
            event_rule: None,
            filter: None,
            ..sample::source_spec(config, sink)
        },
        status: None,
    }
}

fn service(config: &Config) -> Service {
    let container = RevisionContainer {
        image: config
            .face_image
            .clone()
            .unwrap_or_else(|| IMAGE.to_owned()),
        command: vec![
            "/app/face-recognition".to_owned(),
            "--configpath=/app/config".to_owned(),
        ],
        // Keys would be readable here by everyone.
        env: vec![
            sample::variable("ACCESSKEY_ID", PLACEHOLDER),
            sample::variable("ACCESSKEY_SECRET", PLACEHOLDER),
            sample::variable("UPLOAD_OSS_PATH", &config.oss_target_path),
        ],
        ..RevisionContainer::default()
    };
    let spec = RevisionSpec {
        containers: vec![container],
        ..RevisionSpec::default()
    };
    Service {
        api_version: "serving.knative.dev/v1alpha1",
        kind: "Service",
        metadata: namespaced(SERVICE, &config.sample_namespace),
        spec: ServiceSpec {
            template: RevisionTemplate {
                metadata: None,
                spec,
            },
        },
    }
}

fn trigger(config: &Config) -> Trigger {
    let service = ObjectReference {
        api_version: "serving.knative.dev/v1alpha1".to_owned(),
        kind: "Service".to_owned(),
        name: SERVICE.to_owned(),
        namespace: None,
        address: None,
    };
    Trigger {
        api_version: "eventing.knative.dev/v1alpha1",
        kind: "Trigger",
        metadata: namespaced(TRIGGER, &config.sample_namespace),
        spec: TriggerSpec {
            subscriber: Subscriber {
                reference: Some(service),
                uri: None,
            },
            ..TriggerSpec::default()
        },
    }
}
