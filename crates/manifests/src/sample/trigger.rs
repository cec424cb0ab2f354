//! The Trigger: new photos, and never the results.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use source_api::{BackoffPolicy, DeliverySpec, ObjectReference};

use super::{BROKER, SERVICE, TRIGGER, photos};
use crate::config::Config;
use crate::console;
use crate::knative::{EventFilter, Subscriber, Trigger, TriggerSpec};
use crate::metadata::{namespaced, text_map};

pub(super) const COMMENT: &str = "Results are written to the bucket that photos come from, so each causes an event of its own.\n\
     The last filter drops these; without it, results would be processed again and again.";

/// What the adapter encodes in attributes, as the HTTP binding of CloudEvents has it.
/// Filters see the encoded text.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

pub(super) fn trigger(config: &Config) -> Trigger {
    let service = ObjectReference {
        api_version: "serving.knative.dev/v1".to_owned(),
        kind: "Service".to_owned(),
        name: SERVICE.to_owned(),
        namespace: None,
        address: None,
    };
    let spec = TriggerSpec {
        broker: Some(BROKER.to_owned()),
        filters: vec![is_new_object(), is_no_result(config)],
        subscriber: Subscriber {
            reference: Some(service),
            uri: None,
        },
        delivery: Some(delivery(config)),
    };
    Trigger {
        api_version: "eventing.knative.dev/v1",
        kind: "Trigger",
        metadata: namespaced(TRIGGER, &config.sample_namespace),
        spec,
    }
}

/// Also keeps out what the service replies: it has a type of its own.
fn is_new_object() -> EventFilter {
    EventFilter::Any(new_objects().collect())
}

/// One filter for each type of an event after which an object is there in full.
pub(crate) fn new_objects() -> impl Iterator<Item = EventFilter> {
    photos::FINISHED.iter().map(|name| {
        let type_ = format!("oss:{name}");
        EventFilter::Exact(text_map(&[("type", &type_)]))
    })
}

/// A subject reads `acs:oss:<region>:<account>:<bucket>/<key>`.
fn is_no_result(config: &Config) -> EventFilter {
    let folder = format!("{}/{}/", config.oss_bucket, config.oss_target_path);
    let encoded = utf8_percent_encode(&folder, ENCODED).to_string();
    let pattern = encoded
        .replace('%', r"\%")
        .replace('_', r"\_")
        .replace('\'', r"\'");
    let is_result = EventFilter::CeSql(format!("subject LIKE '%:{pattern}%'"));
    EventFilter::Not(Box::new(is_result))
}

/// The face API may be busy for some minutes. The service itself limits the time of one photo; a
/// timeout here would need a feature of Knative that an operator can switch off. The console shows
/// photos whose delivery failed; without it, such events are dropped.
fn delivery(config: &Config) -> DeliverySpec {
    DeliverySpec {
        dead_letter_sink: config.console.then(console::dead_letter_sink),
        retry: Some(10),
        backoff_policy: Some(BackoffPolicy::Exponential),
        backoff_delay: Some("PT1S".to_owned()),
        ..DeliverySpec::default()
    }
}
