//! Which sources a change elsewhere concerns. Pure.

use kube::ResourceExt as _;
use source_api::{MnsOssSource, ObjectReference};

use crate::sink::Changed;

/// Whether a source takes its credentials from this Secret.
#[must_use]
pub fn uses_secret(source: &MnsOssSource, namespace: Option<&str>, name: &str) -> bool {
    source.namespace().as_deref() == namespace
        && source.spec.access_token.secret_key_ref.name == name
}

/// Whether a source sends, or dead-letters, to this object.
#[must_use]
pub fn refers_to(source: &MnsOssSource, changed: &Changed) -> bool {
    let home = source.namespace();
    references(source).any(|reference| {
        let namespace = reference.namespace.or(home.as_deref());
        group(reference.api_version) == changed.group
            && reference.kind == changed.kind
            && reference.name == changed.name
            && (changed.namespace.is_none() || changed.namespace.as_deref() == namespace)
    })
}

/// Whether a source refers to an object of this group, in whatever version.
#[must_use]
pub fn refers_into(source: &MnsOssSource, changed: &str) -> bool {
    references(source).any(|reference| group(reference.api_version) == changed)
}

/// A reference, wherever in the source it stands.
#[derive(Clone, Copy)]
struct Reference<'a> {
    api_version: &'a str,
    kind: &'a str,
    name: &'a str,
    namespace: Option<&'a str>,
}

fn references(source: &MnsOssSource) -> impl Iterator<Item = Reference<'_>> {
    let sink = &source.spec.sink;
    let inline = sink
        .api_version
        .as_deref()
        .zip(sink.kind.as_deref())
        .zip(sink.name.as_deref())
        .map(|((api_version, kind), name)| Reference {
            api_version,
            kind,
            name,
            namespace: sink.namespace.as_deref(),
        });
    let delivery = source.spec.delivery.as_ref();
    let dead_letter_sink = delivery.and_then(|delivery| delivery.dead_letter_sink.as_ref());
    let dead_letter_sink = dead_letter_sink.and_then(|sink| sink.reference.as_ref());
    let modern = sink.reference.iter().chain(dead_letter_sink);
    modern.map(Reference::of).chain(inline)
}

impl<'a> Reference<'a> {
    fn of(reference: &'a ObjectReference) -> Self {
        Self {
            api_version: &reference.api_version,
            kind: &reference.kind,
            name: &reference.name,
            namespace: reference.namespace.as_deref(),
        }
    }
}

fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}
