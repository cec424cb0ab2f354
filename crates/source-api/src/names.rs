//! Names of everything that belongs to a source: the same in every reconcile.
//!
//! A name outside of the cluster ends in a hash of the source's uid. A queue, subscription or event
//! rule without that hash does not belong to the source.

use std::fmt::Write as _;

use md5::Md5;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Label with the controller that created an object, as Knative's own sources set it.
pub const SOURCE_LABEL: &str = "eventing.knative.dev/source";
/// Label with the source of an object; see [`label_value`].
pub const SOURCE_NAME_LABEL: &str = "eventing.knative.dev/sourceName";
/// Value of [`SOURCE_LABEL`] on objects of this project's controller.
pub const CONTROLLER: &str = "mnsoss-source-controller";
/// Label of each ServiceAccount whose tokens are shown to sinks, as Knative sets it on its own.
pub const OIDC_LABEL: &str = "eventing.knative.dev/oidc";
/// Taken off a source only when nothing of it is left in MNS.
pub const FINALIZER: &str = "sources.eventing.knative.dev/mnsoss";

/// Maximum length of the name of an object whose name becomes a label, and of a label's value.
const MAX_LABEL_BYTES: usize = 63;
/// Maximum length of the name of a queue in MNS.
const MAX_QUEUE_BYTES: usize = 120;
/// Maximum length of the name of an event rule.
const MAX_EVENT_RULE_BYTES: usize = 85;
const PREFIX: &str = "mnsoss";
/// 64 bits of the uid's hash: enough to never meet another source's.
const MARK_CHARS: usize = 16;
/// 48 bits of the content's hash: enough to tell the rules of one source apart.
const VERSION_CHARS: usize = 12;

/// The adapter's Deployment.
#[must_use]
pub fn adapter(source_name: &str, source_uid: &str) -> String {
    child_name(&format!("mnsosssource-{source_name}-"), source_uid)
}

/// The controller's ServiceAccount for a source whose sink expects tokens. Knative names those of
/// its own sources alike (`GetOIDCServiceAccountNameForResource`), so that tools recognise it.
#[must_use]
pub fn oidc_account(source_name: &str) -> String {
    child_name(
        source_name,
        "-oidc-sources.eventing.knative.dev-MnsOssSource",
    )
    .to_lowercase()
}

/// The queue and the subscription that the controller creates for a source: at most 120
/// letters, digits and `-`.
#[must_use]
pub fn queue(namespace: &str, source_name: &str, source_uid: &str) -> String {
    let mark = ownership_mark(source_uid);
    readable(namespace, source_name, &mark, MAX_QUEUE_BYTES)
}

/// The event rule with this content that the controller creates for a source: at most 85 letters,
/// digits and `-`. A rule cannot be changed, so another content has another name.
#[must_use]
pub fn event_rule(
    namespace: &str,
    source_name: &str,
    source_uid: &str,
    content: &impl Serialize,
) -> String {
    // A resource of the API always has a JSON form.
    let content = serde_json::to_vec(content).unwrap_or_default();
    let mut version = hex(&Sha256::digest(content));
    version.truncate(VERSION_CHARS);
    let end = format!("{version}-{}", ownership_mark(source_uid));
    readable(namespace, source_name, &end, MAX_EVENT_RULE_BYTES)
}

/// Whether a queue, subscription or event rule of this name was created for this source. Only such
/// ones may be changed or deleted.
#[must_use]
pub fn is_made_for(name: &str, source_uid: &str) -> bool {
    name.starts_with(PREFIX)
        && name
            .strip_suffix(&ownership_mark(source_uid))
            .is_some_and(|rest| rest.ends_with('-'))
}

/// A source's name as the value of a label: cut, with a hash, if it is too long for one.
#[must_use]
pub fn label_value(source_name: &str) -> String {
    child_name(source_name, "")
}

/// The `EventType` for one type and origin of events, as Knative itself names it.
#[must_use]
pub fn event_type(type_: &str, event_source: &str, schema: &str, source_uid: &str) -> String {
    hex(&Md5::digest(format!(
        "{type_}{event_source}{schema}{source_uid}"
    )))
}

/// Joins two parts to a name of at most 63 characters, as Knative's `kmeta.ChildName` does:
/// what is too long is cut, and gets an MD5 in place of what is lost.
#[must_use]
pub fn child_name(parent: &str, suffix: &str) -> String {
    const HEAD: usize = MAX_LABEL_BYTES - 32;
    if parent.len() + suffix.len() <= MAX_LABEL_BYTES {
        return format!("{parent}{suffix}");
    }
    if suffix.len() >= HEAD {
        let hash = hex(&Md5::digest(format!("{parent}{suffix}")));
        let start = format!("{}{hash}", head(parent, HEAD));
        let rest = head(suffix, MAX_LABEL_BYTES - start.len());
        return format!("{start}{rest}")
            .trim_end_matches(['-', '.', '_'])
            .to_owned();
    }
    let hash = hex(&Md5::digest(parent));
    format!("{}{hash}{suffix}", head(parent, HEAD - suffix.len()))
}

/// A name outside of the cluster: a part for people, then the hash.
fn readable(namespace: &str, source_name: &str, end: &str, max_bytes: usize) -> String {
    let mut name: String = format!("{PREFIX}-{namespace}-{source_name}")
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '-'
            }
        })
        .collect();
    name.truncate(max_bytes - end.len() - 1);
    format!("{name}-{end}")
}

fn ownership_mark(source_uid: &str) -> String {
    let mut mark = hex(&Sha256::digest(source_uid));
    mark.truncate(MARK_CHARS);
    mark
}

/// The start of a text, at most so many bytes; names are ASCII, but nothing breaks if not.
fn head(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
