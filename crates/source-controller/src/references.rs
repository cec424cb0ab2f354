//! The objects that a source refers to, for the watches: its Secret, its sink and its dead letter
//! sink.

use std::collections::BTreeSet;

use source_api::{MnsOssSource, ObjectReference};

/// An object of some kind, by group, kind, namespace if its kind lives in one, and name.
pub type ObjectKey<'a> = (&'a str, &'a str, Option<&'a str>, &'a str);

/// Whether a source takes its credentials from one of these Secrets, by namespace and name.
#[must_use]
pub fn uses_secret(source: &MnsOssSource, secrets: &BTreeSet<(Option<&str>, &str)>) -> bool {
    let namespace = source.metadata.namespace.as_deref();
    let token = source.spec.access_token.as_ref();
    token.is_some_and(|token| secrets.contains(&(namespace, token.secret_key_ref.name.as_str())))
}

/// Whether one of these objects is the sink or the dead letter sink of a source.
#[must_use]
pub fn refers_to(source: &MnsOssSource, changed: &BTreeSet<ObjectKey<'_>>) -> bool {
    let home = source.metadata.namespace.as_deref();
    references(source).any(|reference| {
        let Reference {
            api_version,
            kind,
            name,
            namespace,
        } = reference;
        let key = |namespace| (group(api_version), kind, namespace, name);
        changed.contains(&key(namespace.or(home))) || changed.contains(&key(None))
    })
}

/// Whether a source refers to an object of this group, in any version.
#[must_use]
pub fn refers_into(source: &MnsOssSource, changed: &str) -> bool {
    references(source).any(|reference| group(reference.api_version) == changed)
}

/// A reference to an object, in any of the forms that a source allows.
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
