//! Keeps the gallery: lists the results, adds new ones, and counts the faces on each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use face_recognition::record::Record;
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use oss::{ListRequest, ObjectKey, ObjectMeta};
use tokio::time::sleep;
use tracing::warn;

use super::CALLS_AT_A_TIME;
use crate::console::Console;
use crate::gallery::{Listed, MAX_RESULTS};
use crate::upload;

/// Between two looks for results that came.
const GALLERY_PAUSE: Duration = Duration::from_secs(1);
/// Between two lists of all results.
const LIST_PAUSE: Duration = Duration::from_mins(1);
/// The end of keys of analyses that lie beside results; no photo's key ends so.
const SIDECAR: &str = ".json";
/// How far back a new console looks for photos, and how much it lists of each day.
const DAY: SignedDuration = SignedDuration::from_hours(24);
const MAX_RECALLED_PAGES: usize = 20;

impl Console {
    /// Lists the results and counts their faces until the console stops.
    pub(crate) async fn keep_gallery(self: Arc<Self>) {
        let mut listed: Option<Instant> = None;
        let mut is_recalled = false;
        loop {
            if !is_recalled {
                is_recalled = self.recall().await.is_ok();
            }
            if listed.is_none_or(|listed| listed.elapsed() >= LIST_PAUSE) {
                match self.list().await {
                    Ok(()) => {
                        listed = Some(Instant::now());
                        self.gallery_changed();
                    }
                    Err(error) => {
                        let cause: &dyn std::error::Error = &error;
                        warn!(cause, "cannot list the results");
                    }
                }
            }
            self.show_fresh().await;
            let is_done = self.count_faces().await;
            let pause = if is_done {
                GALLERY_PAUSE
            } else {
                Duration::ZERO
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = sleep(pause) => {}
            }
        }
    }

    /// Takes in what was uploaded by the page since yesterday, as far as the bucket knows it: a
    /// console that was started anew has heard nothing of it.
    async fn recall(&self) -> Result<(), oss::Error> {
        let now = Timestamp::now();
        let mut photos = Vec::new();
        for day in [now - DAY, now] {
            let request = ListRequest {
                prefix: format!("{}/", upload::folder_of_day(&self.settings, day)),
                ..ListRequest::default()
            };
            let mut after = None;
            for _ in 0..MAX_RECALLED_PAGES {
                let page = self.bucket.list(&request, after.as_deref()).await?;
                photos.extend(page.objects);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        photos.sort_by_key(|photo| photo.last_modified);
        for photo in photos {
            let at = photo.last_modified.unwrap_or(now);
            self.journeys
                .uploaded(photo.key.as_str(), photo.etag.as_str(), at, at);
        }
        Ok(())
    }

    async fn list(&self) -> Result<(), oss::Error> {
        let request = ListRequest {
            prefix: format!("{}/", self.settings.results),
            ..ListRequest::default()
        };
        let mut results = Vec::new();
        let mut after = None;
        let is_complete = loop {
            let page = self.bucket.list(&request, after.as_deref()).await?;
            let photos = page.objects.into_iter();
            // Beside a result may lie its analysis.
            let photos = photos.filter(|object| !object.key.as_str().ends_with(SIDECAR));
            results.extend(photos.map(|object| Listed {
                key: object.key.to_string(),
                etag: object.etag.to_string(),
                size_bytes: object.size_bytes,
                modified_ms: object.last_modified.map_or(0, Timestamp::as_millisecond),
            }));
            after = page.next;
            if after.is_none() || results.len() >= MAX_RESULTS {
                break after.is_none();
            }
        };
        self.gallery.replace(results, is_complete);
        Ok(())
    }

    /// Adds results that came since the last list.
    async fn show_fresh(&self) {
        let fresh = self.journeys.take_fresh();
        if fresh.is_empty() {
            return;
        }
        let heads = stream::iter(fresh).map(|key| async move {
            let result = self.result_key(&key.parse().ok()?).ok()?;
            // Where there is no answer, the next list has it.
            let meta = self.found(&result).await.ok()??;
            Some((result, meta))
        });
        let mut heads = heads.buffer_unordered(CALLS_AT_A_TIME);
        while let Some(head) = heads.next().await {
            if let Some((result, meta)) = head {
                let record = Record::read(&meta);
                let faces = record.map(|record| record.counts.total());
                self.gallery.add(listed(&result, &meta), faces);
            }
        }
        self.gallery_changed();
    }

    fn gallery_changed(&self) {
        self.broadcaster.publish("gallery", &serde_json::json!({}));
    }

    fn photo_of(&self, result: &str) -> Option<ObjectKey> {
        self.photo_key(&result.parse().ok()?)
    }

    /// Counts the faces of a few results; returns whether none was left, or OSS did not answer.
    async fn count_faces(&self) -> bool {
        let unseen = self.gallery.unseen(CALLS_AT_A_TIME * 4);
        let is_done = unseen.is_empty();
        let heads = stream::iter(unseen).map(|key| async move {
            let meta = match key.parse() {
                Ok(parsed) => self.found(&parsed).await,
                Err(_) => Ok(None),
            };
            (key, meta)
        });
        let mut heads = heads.buffer_unordered(CALLS_AT_A_TIME);
        let mut is_answered = true;
        while let Some((key, meta)) = heads.next().await {
            match meta {
                Ok(meta) => {
                    let record = meta.as_ref().and_then(Record::read);
                    let faces = record.as_ref().map(|record| record.counts.total());
                    self.gallery.seen(&key, faces);
                    if let (Some(meta), Some(record)) = (meta, record)
                        && let Some(photo) = self.photo_of(&key)
                    {
                        self.has_result(&photo, &meta, &record);
                    }
                }
                Err(_) => is_answered = false,
            }
        }
        if !is_done && self.gallery.unseen(1).is_empty() {
            self.gallery_changed();
        }
        is_done || !is_answered
    }
}

fn listed(key: &ObjectKey, meta: &ObjectMeta) -> Listed {
    Listed {
        key: key.to_string(),
        etag: meta.etag.to_string(),
        size_bytes: meta.size_bytes,
        modified_ms: meta.last_modified.map_or(0, Timestamp::as_millisecond),
    }
}
