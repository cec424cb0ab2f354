//! Which events are about a new photo: one list for the source's filter and the Trigger's.

/// Names of events after which an object is complete. A multipart upload has others before that.
pub(super) const FINISHED: [&str; 5] = [
    "ObjectCreated:AppendObject",
    "ObjectCreated:CompleteMultipartUpload",
    "ObjectCreated:CopyObject",
    "ObjectCreated:PostObject",
    "ObjectCreated:PutObject",
];
