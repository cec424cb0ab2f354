//! The console: the page that shows photos on their way, beside the sample.

mod service;

use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{RoleBinding, Subject};
use source_api::{BackoffPolicy, DeliverySpec, DestinationSpec, ObjectReference};

use crate::config::{Config, console_token};
use crate::file::File;
use crate::knative::{EventFilter, Subscriber, Trigger, TriggerSpec};
use crate::kustomize::Kustomization;
use crate::metadata::{namespaced, text_map};
use crate::network;
use crate::rbac::{GROUP, Role, SOURCES, role, rule};
use crate::rrsa::{Component, annotated};
use crate::sample::{self, SOURCE, in_folder};
use crate::yaml::RenderError;

/// The name of everything that is the console's: its Service, its Secret and so on.
pub const NAME: &str = "photo-console";
/// The key of the token in the Secret.
const TOKEN: &str = "token";
/// Where the console takes events.
const EVENTS: &str = "/events";
/// The type of the face service's replies.
const REPLY: &str = "face-recognition.photo.annotated";

/// All files, in the order in which they should be applied.
pub(crate) fn files(config: &Config) -> Result<Vec<File>, RenderError> {
    let files = vec![
        File::new("console/secret.yaml", SECRET).with(&secret(config))?,
        rights(config)?,
        File::new("console/network.yaml", NETWORK)
            .with(&network::of_console(&config.sample_namespace))?,
        File::new("console/service.yaml", service::COMMENT).with(&service::service(config))?,
        File::new("console/trigger.yaml", TRIGGER).with(&trigger(config))?,
    ];
    let resources = files.iter().map(|file| in_folder(&file.path)).collect();
    let kustomization = Kustomization::new(resources).with_image(&sample::image(config));
    let kustomization =
        File::new("console/kustomization.yaml", KUSTOMIZATION).with(&kustomization)?;
    Ok(files.into_iter().chain([kustomization]).collect())
}

/// The console's address for events, beside an object in the same namespace.
pub(crate) fn dead_letter_sink() -> DestinationSpec {
    DestinationSpec {
        reference: Some(reference()),
        uri: Some(EVENTS.to_owned()),
        ..DestinationSpec::default()
    }
}

const KUSTOMIZATION: &str = "`kubectl apply -k deploy/console` adds the console to the sample. Fill in secret.yaml and the\n\
                             bucket in service.yaml first.";

const SECRET: &str = "What people sign in with: put a text of 16 characters or more in here, and nowhere else. The\n\
                      keys for bucket and queue are in the sample's Secret.";

const NETWORK: &str =
    "Who may connect to the console's pods, where the cluster's network enforces it.";

const RIGHTS: &str = "The console's account. It reads one object, the sample's source, whose status names the queue\n\
                      and counts the adapter's pods.";

const TRIGGER: &str = "The source's events and the face service's replies: the console learns from them how far photos\n\
                       are. What it misses it finds in the bucket, so that few attempts are enough.";

fn secret(config: &Config) -> Secret {
    Secret {
        metadata: namespaced(NAME, &config.sample_namespace),
        string_data: Some(text_map(&[(TOKEN, console_token(config))])),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}

fn rights(config: &Config) -> Result<File, RenderError> {
    let namespace = &config.sample_namespace;
    let metadata = namespaced(NAME, namespace);
    let account = ServiceAccount {
        metadata: metadata.clone(),
        ..ServiceAccount::default()
    };
    let account = annotated(account, config, Component::Console);
    let mut its_source = rule(
        "Console: the name of the queue, and how many adapters there are.",
        GROUP,
        &[SOURCES],
        &["get"],
    );
    its_source.0.resource_names = Some(vec![SOURCE.to_owned()]);
    let binding = RoleBinding {
        metadata: metadata.clone(),
        role_ref: role("Role", NAME),
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: NAME.to_owned(),
            namespace: Some(namespace.clone()),
            api_group: None,
        }]),
    };
    File::new("console/rbac.yaml", RIGHTS)
        .with(&account)?
        .with(&Role::namespaced(metadata, vec![its_source]))?
        .with(&binding)
}

fn trigger(config: &Config) -> Trigger {
    let reply = EventFilter::Exact(text_map(&[("type", REPLY)]));
    let wanted = sample::new_objects().chain([reply]).collect();
    let spec = TriggerSpec {
        broker: Some(sample::BROKER.to_owned()),
        filters: vec![EventFilter::Any(wanted)],
        subscriber: Subscriber {
            reference: Some(reference()),
            uri: Some(EVENTS.to_owned()),
        },
        delivery: Some(DeliverySpec {
            retry: Some(5),
            backoff_policy: Some(BackoffPolicy::Exponential),
            backoff_delay: Some("PT1S".to_owned()),
            ..DeliverySpec::default()
        }),
    };
    Trigger {
        api_version: "eventing.knative.dev/v1",
        kind: "Trigger",
        metadata: namespaced(NAME, &config.sample_namespace),
        spec,
    }
}

fn reference() -> ObjectReference {
    ObjectReference {
        api_version: "serving.knative.dev/v1".to_owned(),
        kind: "Service".to_owned(),
        name: NAME.to_owned(),
        namespace: None,
        address: None,
    }
}
