//! The analysis as an object beside the result, for readers that see no reply.
//!
//! It is stored after the result, whose version it names, and before the event is answered. If
//! the process dies between the two writes, the event is delivered again, and that delivery
//! finds a result without its sidecar and stores it.

use std::slice;

use oss::{Metadata, ObjectKey, PutOptions};

use super::{Done, PhotoTask, Pipeline};
use crate::config::Sidecar;
use crate::failure::Failure;
use crate::metrics::Stage;
use crate::{record, reply};

/// The entry that names the version of the result.
const RESULT_ETAG: &str = "result-etag";

impl Pipeline {
    /// Makes sure that a result which was there already has its sidecar, if results have one.
    /// `false` if that takes a new analysis.
    pub(super) async fn complete(&self, task: &PhotoTask, done: &Done) -> Result<bool, Failure> {
        if self.output.sidecar == Sidecar::None || self.has_sidecar(task, done).await? {
            return Ok(true);
        }
        if done.record.analysis.is_none() {
            return Ok(false);
        }
        self.store_sidecar(task, done).await?;
        Ok(true)
    }

    /// Stores the sidecar of a result, if results have one.
    pub(super) async fn store_sidecar(&self, task: &PhotoTask, done: &Done) -> Result<(), Failure> {
        if self.output.sidecar == Sidecar::None {
            return Ok(());
        }
        let options = PutOptions {
            content_type: Some("application/json".to_owned()),
            metadata: metadata(done).map_err(Failure::ResultKey)?,
            forbid_overwrite: false,
        };
        // The same bytes at every delivery.
        let done = Done {
            known: false,
            steps: None,
            ..done.clone()
        };
        let document = reply::document(&task.event, slice::from_ref(&done), vec![])?;
        let key = key(&done)?;
        let storing = task.bucket.put(&key, document.into(), &options);
        let stored = self.metrics.stage(Stage::Put, storing).await;
        stored
            .map(|_stored| ())
            .map_err(|error| Failure::storage("OSS did not store the analysis", error))
    }

    async fn has_sidecar(&self, task: &PhotoTask, done: &Done) -> Result<bool, Failure> {
        let key = key(done)?;
        let looking = task.bucket.head(&key);
        match self.metrics.stage(Stage::Look, looking).await {
            Ok(meta) => Ok(meta.metadata.get(RESULT_ETAG) == Some(done.target_etag.as_str())),
            Err(error) if error.is_no_such_key() => Ok(false),
            Err(error) => Err(Failure::storage(
                "cannot read the metadata of the analysis",
                error,
            )),
        }
    }
}

fn key(done: &Done) -> Result<ObjectKey, Failure> {
    crate::target::sidecar_key(&done.target).map_err(Failure::ResultKey)
}

fn metadata(done: &Done) -> Result<Metadata, oss::NameError> {
    record::marked()?.try_with(RESULT_ETAG, done.target_etag.as_str())
}
