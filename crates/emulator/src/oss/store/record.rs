//! The changes of a store, as the journal keeps them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AboutBucket, Bucket, Part, Store, Upload};
use crate::blobs::Blob;
use crate::journal::Journaled;
use crate::oss::archive::Restored;
use crate::oss::cors::Cors;
use crate::oss::object::{BucketAcl, Kind, Object, ObjectAcl, Sums};

/// One change of a store.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    PutBucket {
        bucket: String,
        about: AboutBucket,
    },
    SetBucketAcl {
        bucket: String,
        acl: BucketAcl,
    },
    SetCors {
        bucket: String,
        cors: Option<Cors>,
    },
    DeleteBucket {
        bucket: String,
    },
    PutObject {
        bucket: String,
        key: String,
        object: Box<Object>,
    },
    Append {
        bucket: String,
        key: String,
        blob: Blob,
        sums: Sums,
        modified: Timestamp,
    },
    SetObjectAcl {
        bucket: String,
        key: String,
        acl: ObjectAcl,
    },
    SetTagging {
        bucket: String,
        key: String,
        tagging: Vec<(String, String)>,
    },
    SetRestored {
        bucket: String,
        key: String,
        restored: Option<Restored>,
    },
    DeleteObjects {
        bucket: String,
        keys: Vec<String>,
    },
    StartUpload {
        bucket: String,
        id: String,
        upload: Upload,
    },
    PutPart {
        bucket: String,
        id: String,
        number: u32,
        part: Part,
    },
    /// The chosen parts become the object; the others go.
    CompleteUpload {
        bucket: String,
        id: String,
        numbers: Vec<u32>,
        sums: Sums,
        modified: Timestamp,
        /// In place of what the upload began with.
        #[serde(default)]
        acl: Option<ObjectAcl>,
    },
    AbortUpload {
        bucket: String,
        id: String,
    },
    MapHost {
        host: String,
        bucket: String,
    },
    UnmapHost {
        host: String,
    },
}

impl Journaled for Store {
    type Record = Record;

    const SECTION: &'static str = "oss";

    fn apply(&mut self, record: Record) {
        match record {
            Record::PutBucket { bucket, about } => {
                let (objects, uploads) = (BTreeMap::new(), BTreeMap::new());
                self.buckets.insert(
                    bucket,
                    Bucket {
                        about,
                        objects,
                        uploads,
                    },
                );
            }
            Record::DeleteBucket { bucket } => drop(self.buckets.remove(&bucket)),
            Record::MapHost { host, bucket } => drop(self.cnames.insert(host, bucket)),
            Record::UnmapHost { host } => drop(self.cnames.remove(&host)),
            record => self.apply_within(record),
        }
    }

    fn snapshot(&self) -> Vec<Record> {
        self.records()
    }
}

impl Store {
    /// Changes that happen within a bucket. A bucket, object or upload that is gone leaves
    /// nothing to change.
    fn apply_within(&mut self, record: Record) {
        let freed = match record {
            Record::SetBucketAcl { bucket, acl } => {
                self.change(&bucket, |bucket| bucket.about.acl = acl);
                Vec::new()
            }
            Record::SetCors { bucket, cors } => {
                self.change(&bucket, |bucket| bucket.about.cors = cors);
                Vec::new()
            }
            Record::PutObject {
                bucket,
                key,
                object,
            } => self
                .change(&bucket, |bucket| bucket.put(key, *object))
                .unwrap_or_default(),
            Record::Append {
                bucket,
                key,
                blob,
                sums,
                modified,
            } => {
                self.change_object(&bucket, &key, |object| {
                    object.blobs.push(blob);
                    (object.sums, object.modified) = (sums, modified);
                });
                Vec::new()
            }
            Record::SetObjectAcl { bucket, key, acl } => {
                self.change_object(&bucket, &key, |object| object.described.acl = acl);
                Vec::new()
            }
            Record::SetTagging {
                bucket,
                key,
                tagging,
            } => {
                self.change_object(&bucket, &key, |object| object.described.tagging = tagging);
                Vec::new()
            }
            Record::SetRestored {
                bucket,
                key,
                restored,
            } => {
                self.change_object(&bucket, &key, |object| object.restored = restored);
                Vec::new()
            }
            Record::DeleteObjects { bucket, keys } => self
                .change(&bucket, |bucket| bucket.delete(&keys))
                .unwrap_or_default(),
            record => self.apply_to_upload(record),
        };
        self.blobs.discard(freed);
    }

    fn apply_to_upload(&mut self, record: Record) -> Vec<Blob> {
        match record {
            Record::StartUpload { bucket, id, upload } => {
                self.change(&bucket, |bucket| bucket.uploads.insert(id, upload));
                Vec::new()
            }
            Record::PutPart {
                bucket,
                id,
                number,
                part,
            } => {
                let replaced = self.change(&bucket, |bucket| {
                    bucket
                        .uploads
                        .get_mut(&id)
                        .and_then(|upload| upload.parts.insert(number, part))
                });
                replaced
                    .flatten()
                    .map(|part| part.blob)
                    .into_iter()
                    .collect()
            }
            Record::CompleteUpload {
                bucket,
                id,
                numbers,
                sums,
                modified,
                acl,
            } => {
                let complete =
                    |bucket: &mut Bucket| bucket.complete(&id, &numbers, sums, modified, acl);
                self.change(&bucket, complete).unwrap_or_default()
            }
            Record::AbortUpload { bucket, id } => {
                let upload = self
                    .change(&bucket, |bucket| bucket.uploads.remove(&id))
                    .flatten();
                upload.map(Upload::into_blobs).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    fn change<T>(&mut self, bucket: &str, change: impl FnOnce(&mut Bucket) -> T) -> Option<T> {
        self.buckets.get_mut(bucket).map(change)
    }

    fn change_object(&mut self, bucket: &str, key: &str, change: impl FnOnce(&mut Object)) {
        self.change(bucket, |bucket| bucket.objects.get_mut(key).map(change));
    }
}

/// Changes that give back the blobs that lost their owner.
impl Bucket {
    fn put(&mut self, key: String, object: Object) -> Vec<Blob> {
        self.objects
            .insert(key, object)
            .map(|object| object.blobs)
            .unwrap_or_default()
    }

    fn delete(&mut self, keys: &[String]) -> Vec<Blob> {
        let removed = keys.iter().filter_map(|key| self.objects.remove(key));
        removed.flat_map(|object| object.blobs).collect()
    }

    fn complete(
        &mut self,
        id: &str,
        numbers: &[u32],
        sums: Sums,
        modified: Timestamp,
        acl: Option<ObjectAcl>,
    ) -> Vec<Blob> {
        let Some(mut upload) = self.uploads.remove(id) else {
            return Vec::new();
        };
        let chosen = numbers
            .iter()
            .filter_map(|number| upload.parts.remove(number));
        let blobs = chosen.map(|part| part.blob).collect();
        let mut freed: Vec<Blob> = upload.parts.into_values().map(|part| part.blob).collect();
        let mut described = upload.described;
        described.acl = acl.unwrap_or(described.acl);
        let object = Object::new(Kind::Multipart, blobs, sums, described, modified);
        freed.extend(self.put(upload.key, object));
        freed
    }
}

impl Upload {
    fn into_blobs(self) -> Vec<Blob> {
        self.parts.into_values().map(|part| part.blob).collect()
    }
}
