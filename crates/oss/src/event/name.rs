//! Event names. The group before the colon says too little: parts of an upload that may never
//! be finished are `ObjectCreated:` too, so the kind is taken from both halves.

use crate::names::{NameError, checked_text};

/// Longest name accepted, in bytes. The longest documented one has 38.
const MAX_BYTES: usize = 128;

/// The name of an event, `<group>:<action>`, such as `ObjectCreated:PutObject`.
///
/// Any pair of printable ASCII words is accepted; OSS adds names without notice.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventName(String);

/// The meaning of an event's name to a consumer that waits for objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// An object was written and can be read: put, posted, copied, appended to, or completed
    /// from parts.
    ObjectFinished,
    /// A part or the begin or end of an upload that has not made an object.
    UploadStep,
    /// A symbolic link was written; it has no content of its own.
    SymlinkCreated,
    /// An object was read.
    ObjectDownloaded,
    /// An object was deleted.
    ObjectRemoved,
    /// Cross-region replication did something to an object.
    ObjectReplicated,
    /// Not about an object, or a name that is not known here.
    Other,
}

impl EventName {
    /// The word before the colon; the whole name if there is no colon.
    #[must_use]
    pub fn group(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(group, _)| group)
    }

    /// The words after the first colon; empty if there is no colon.
    #[must_use]
    pub fn action(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, action)| action)
    }

    /// The meaning of the name.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        match (self.group(), self.action()) {
            (
                "ObjectCreated",
                "PutObject"
                | "PostObject"
                | "CopyObject"
                | "AppendObject"
                | "CompleteMultipartUpload",
            ) => EventKind::ObjectFinished,
            ("ObjectCreated", "InitiateMultipartUpload" | "UploadPart" | "UploadPartCopy")
            | ("ObjectRemoved", "AbortMultipartUpload") => EventKind::UploadStep,
            ("ObjectCreated", "PutSymlink") => EventKind::SymlinkCreated,
            ("ObjectDownloaded", _) => EventKind::ObjectDownloaded,
            ("ObjectRemoved", _) => EventKind::ObjectRemoved,
            ("ObjectReplication", _) => EventKind::ObjectReplicated,
            _ => EventKind::Other,
        }
    }

    /// The CloudEvents `type` that EventBridge gives the event: `oss:` and the name.
    #[must_use]
    pub fn cloud_event_type(&self) -> String {
        ["oss:", &self.0].concat()
    }

    fn check(text: &str) -> Result<(), NameError> {
        let refuse = |reason| Err(NameError::new("an event name", text, reason));
        if !(1..=MAX_BYTES).contains(&text.len()) {
            return refuse("it must have 1 to 128 characters");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("only visible ASCII characters may occur");
        }
        Ok(())
    }
}

checked_text!(EventName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_name_has_its_kind() {
        let names = [
            (
                "ObjectCreated",
                "PutObject PostObject CopyObject AppendObject PutSymlink",
            ),
            (
                "ObjectCreated",
                "InitiateMultipartUpload UploadPart UploadPartCopy CompleteMultipartUpload",
            ),
            ("ObjectDownloaded", "GetObject"),
            (
                "ObjectRemoved",
                "DeleteObject DeleteObjects AbortMultipartUpload",
            ),
            (
                "ObjectReplication",
                "ObjectCreated ObjectModified ObjectRemoved",
            ),
            ("BucketCreated", "PutBucket"),
        ];
        let mut table = Vec::new();
        for (group, actions) in names {
            for action in actions.split(' ') {
                let name: EventName = format!("{group}:{action}").parse().unwrap();
                assert_eq!((name.group(), name.action()), (group, action));
                table.push(format!("{name} {:?}", name.kind()));
            }
        }
        insta::assert_snapshot!(table.join("\n"), @"
        ObjectCreated:PutObject ObjectFinished
        ObjectCreated:PostObject ObjectFinished
        ObjectCreated:CopyObject ObjectFinished
        ObjectCreated:AppendObject ObjectFinished
        ObjectCreated:PutSymlink SymlinkCreated
        ObjectCreated:InitiateMultipartUpload UploadStep
        ObjectCreated:UploadPart UploadStep
        ObjectCreated:UploadPartCopy UploadStep
        ObjectCreated:CompleteMultipartUpload ObjectFinished
        ObjectDownloaded:GetObject ObjectDownloaded
        ObjectRemoved:DeleteObject ObjectRemoved
        ObjectRemoved:DeleteObjects ObjectRemoved
        ObjectRemoved:AbortMultipartUpload UploadStep
        ObjectReplication:ObjectCreated ObjectReplicated
        ObjectReplication:ObjectModified ObjectReplicated
        ObjectReplication:ObjectRemoved ObjectReplicated
        BucketCreated:PutBucket Other
        ");
    }

    #[test]
    fn unknown_names_are_values() {
        for text in [
            "ObjectCreated:Teleport",
            "ObjectCreated",
            "x",
            "a:b:c",
            "ObjectCreated:*",
        ] {
            let name: EventName = text.parse().unwrap();
            assert_eq!(name.kind(), EventKind::Other, "{text}");
            assert_eq!(name.cloud_event_type(), format!("oss:{text}"));
        }
    }

    #[test]
    fn names_that_break_headers_are_refused() {
        for text in ["", "a b", "a\r\nb", "é", &"x".repeat(129)] {
            assert!(text.parse::<EventName>().is_err(), "{text:?}");
        }
    }
}
