//! The shortest way to make a store again, and the blobs it owns.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Bucket, Record, Store, Upload};
use crate::blobs::Blob;

impl Store {
    /// The records that make this store of an empty one.
    pub(super) fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for (name, bucket) in &self.buckets {
            bucket.records(name, &mut records);
        }
        records.extend(self.cnames.iter().map(|(host, bucket)| Record::MapHost {
            host: host.clone(),
            bucket: bucket.clone(),
        }));
        records
    }

    /// The blobs that objects and parts own.
    pub(crate) fn owned_blobs(&self) -> HashSet<Uuid> {
        let in_buckets = self.buckets.values().flat_map(|bucket| {
            let objects = bucket.objects.values().flat_map(|object| &object.blobs);
            let parts = bucket
                .uploads
                .values()
                .flat_map(|upload| upload.parts.values());
            objects.chain(parts.map(|part| &part.blob))
        });
        in_buckets.map(Blob::id).collect()
    }
}

impl Bucket {
    fn records(&self, name: &str, records: &mut Vec<Record>) {
        let bucket = || name.to_owned();
        records.push(Record::PutBucket {
            bucket: bucket(),
            about: self.about.clone(),
        });
        records.extend(self.objects.iter().map(|(key, object)| Record::PutObject {
            bucket: bucket(),
            key: key.clone(),
            object: Box::new(object.clone()),
        }));
        for (id, upload) in &self.uploads {
            let id = || id.clone();
            records.push(Record::StartUpload {
                bucket: bucket(),
                id: id(),
                upload: upload.bare(),
            });
            records.extend(upload.parts.iter().map(|(&number, part)| Record::PutPart {
                bucket: bucket(),
                id: id(),
                number,
                part: part.clone(),
            }));
        }
    }
}

impl Upload {
    /// The upload as it was before its first part.
    fn bare(&self) -> Self {
        let (key, described) = (self.key.clone(), self.described.clone());
        Self {
            key,
            initiated: self.initiated,
            described,
            parts: std::collections::BTreeMap::new(),
        }
    }
}
