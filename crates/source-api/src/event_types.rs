//! The types of event that a source can emit: OSS's own names, as EventBridge writes them.
//!
//! Knative creates an `EventType` for each one that a source's status announces, with the
//! description that the CRD's annotation has for it.

use crate::event_rule::EventRuleSpec;
use crate::filter::admits;
use crate::source::MnsOssSourceSpec;
use crate::status::CloudEventAttributes;

/// The annotation of the CRD that lists [`EVENT_TYPES`].
pub const EVENT_TYPES_ANNOTATION: &str = "registry.knative.dev/eventTypes";

/// The attribute `source` of every event, as EventBridge has it.
pub const EVENT_SOURCE: &str = "acs.oss";

/// The prefix of an event's name in the attribute `type`.
const TYPE_PREFIX: &str = "oss:";

/// One type of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventType {
    /// The attribute `type`.
    pub type_: &'static str,
    /// What happened.
    pub description: &'static str,
}

const fn event(type_: &'static str, description: &'static str) -> EventType {
    EventType { type_, description }
}

/// Everything that an event rule of OSS can report on objects.
pub const EVENT_TYPES: &[EventType] = &[
    event(
        "oss:ObjectCreated:AppendObject",
        "Bytes were appended to an object.",
    ),
    event(
        "oss:ObjectCreated:CompleteMultipartUpload",
        "A multipart upload was completed.",
    ),
    event("oss:ObjectCreated:CopyObject", "An object was copied."),
    event(
        "oss:ObjectCreated:InitiateMultipartUpload",
        "A multipart upload was begun.",
    ),
    event(
        "oss:ObjectCreated:PostObject",
        "An object was uploaded by an HTML form.",
    ),
    event("oss:ObjectCreated:PutObject", "An object was uploaded."),
    event("oss:ObjectCreated:PutSymlink", "A symbolic link was made."),
    event(
        "oss:ObjectCreated:UploadPart",
        "A part of a multipart upload arrived.",
    ),
    event(
        "oss:ObjectCreated:UploadPartCopy",
        "A part of a multipart upload was copied.",
    ),
    event(
        "oss:ObjectDownloaded:GetObject",
        "An object was downloaded.",
    ),
    event(
        "oss:ObjectRemoved:AbortMultipartUpload",
        "A multipart upload was given up.",
    ),
    event("oss:ObjectRemoved:DeleteObject", "An object was deleted."),
    event(
        "oss:ObjectRemoved:DeleteObjects",
        "Objects were deleted together.",
    ),
    event(
        "oss:ObjectReplication:ObjectCreated",
        "A new object was replicated.",
    ),
    event(
        "oss:ObjectReplication:ObjectModified",
        "A changed object was replicated.",
    ),
    event(
        "oss:ObjectReplication:ObjectRemoved",
        "A deletion was replicated.",
    ),
];

/// The contents of a source's `status.ceAttributes`, sorted by type: the known types that its event
/// rule and its filter let through, and names in these that are not known.
#[must_use]
pub fn announced(spec: &MnsOssSourceSpec) -> Vec<CloudEventAttributes> {
    let filter = spec.filter.iter().map(|filter| {
        let names = filter.event_names.iter();
        names.map(String::as_str).collect::<Vec<_>>()
    });
    let filter = filter.filter(|names| !names.is_empty());
    let rule = spec.event_rule.iter().map(EventRuleSpec::events);
    let conditions: Vec<Vec<&str>> = filter.chain(rule).collect();
    let known = EVENT_TYPES.iter().map(|event| event.type_);
    let known = known.map(|type_| type_.strip_prefix(TYPE_PREFIX).unwrap_or(type_));
    let named = conditions.iter().flatten().copied();
    let named = named.filter(|name| !name.ends_with('*'));
    let passing = known.chain(named).filter(|name| {
        let mut conditions = conditions.iter();
        conditions.all(|patterns| admits(patterns, name))
    });
    let mut types: Vec<_> = passing.map(|name| format!("{TYPE_PREFIX}{name}")).collect();
    types.sort();
    types.dedup();
    types
        .into_iter()
        .map(|type_| CloudEventAttributes {
            type_,
            source: EVENT_SOURCE.to_owned(),
        })
        .collect()
}
