//! What the console finds out by itself: the queue, photos under way, and the results.

use std::sync::Arc;
use std::time::{Duration, Instant};

use face_recognition::record::Record;
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use mns::{BatchSize, Queue};
use oss::{ListRequest, ObjectKey, ObjectMeta};
use tokio::time::sleep;
use tracing::warn;

use crate::console::{Console, QueueView};
use crate::gallery::{Listed, MAX_RESULTS};
use crate::journey::{Finished, Journey, State, Step};
use crate::pulse::{Look, QueueState, Troubles};
use crate::source::SourceStatus;
use crate::upload;

/// Between two looks at queue and photos, while a page is open.
const BEAT: Duration = Duration::from_secs(2);
/// The same while nobody watches: each look is a few calls that cost.
const SLOW_BEAT: Duration = Duration::from_secs(30);
/// Before a photo is looked for again.
const CHECK_PAUSE: Duration = Duration::from_secs(4);
const CHECKS_PER_BEAT: usize = 64;
const CALLS_AT_A_TIME: usize = 8;
/// Between two looks for results that came.
const GALLERY_PAUSE: Duration = Duration::from_secs(1);
/// Between two lists of all results.
const LIST_PAUSE: Duration = Duration::from_mins(1);
/// The end of keys of analyses that lie beside results; no photo's key ends so.
const SIDECAR: &str = ".json";
/// How far back a new console looks for photos, and how much it lists of each day.
const DAY: SignedDuration = SignedDuration::from_hours(24);
const MAX_RECALLED_PAGES: usize = 20;
/// A form may be used at its last moment, and a large photo takes its time.
const UPLOAD_GRACE: Duration = Duration::from_mins(15);

impl Console {
    /// Looks at queue and photos until the console stops.
    pub(crate) async fn watch(self: Arc<Self>) {
        let mut source = SourceStatus::default();
        loop {
            self.beat(&mut source).await;
            let pause = if self.live.is_heard() {
                BEAT
            } else {
                SLOW_BEAT
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = sleep(pause) => {}
                () = self.live.joined() => {}
            }
        }
    }

    /// `known` is the last that the source has told.
    async fn beat(&self, known: &mut SourceStatus) {
        let mut look = Look::default();
        let troubles = &mut look.troubles;
        let QueueView { mns, name, source } = &self.queue;
        if let Some(source) = source {
            match source.status().await {
                Ok(status) => {
                    look.adapters = status.adapters;
                    *known = status;
                }
                Err(error) => troubles.source = Some(service::error_line(&error)),
            }
        }
        if let (Some(mns), Some(name)) = (mns, name.as_ref().or(known.queue.as_ref())) {
            look.queue = self.look_at(&mns.queue(name.clone()), troubles).await;
        }
        self.check_photos(troubles).await;
        let now = Timestamp::now();
        look.at_ms = now.as_millisecond();
        look.unanswered = self.journeys.unanswered_since(now);
        look.counted = self.journeys.counts();
        self.live.tell("pulse", &self.pulse.beat(look));
    }

    async fn look_at(&self, queue: &Queue, troubles: &mut Troubles) -> Option<QueueState> {
        let looked = async {
            let status = queue.attributes().await?;
            let peeked = queue.peek_batch(BatchSize::MAX).await?;
            Ok::<_, mns::Error>((status, peeked))
        };
        let (status, peeked) = match looked.await {
            Ok(looked) => looked,
            Err(error) => {
                troubles.mns = Some(service::error_line(&error));
                return None;
            }
        };
        let now = Timestamp::now();
        let mut oldest_seconds = 0;
        for message in peeked {
            let since = message.enqueue_time.unwrap_or(now);
            oldest_seconds = oldest_seconds.max(now.as_second() - since.as_second());
            // What is no event of ours is the adapter's to judge.
            for event in oss::event::parse(&message.body).unwrap_or_default() {
                if let Some(key) = self.settings.photo(&event) {
                    let etag = event.etag.as_ref().map(oss::ETag::as_str);
                    self.journeys
                        .queued(key.as_str(), etag, since, message.dequeue_count);
                }
            }
        }
        Some(QueueState {
            waiting: status.active_messages.unwrap_or(0),
            hidden: status.inactive_messages.unwrap_or(0),
            oldest_seconds,
        })
    }

    /// Looks for results of open photos, and always at the bucket itself.
    async fn check_photos(&self, troubles: &mut Troubles) {
        let due = self
            .journeys
            .to_check(CHECKS_PER_BEAT, CHECK_PAUSE, Instant::now());
        if due.is_empty() {
            let one = ListRequest {
                page_size: Some(1),
                ..ListRequest::default()
            };
            let listed = self.bucket.list(&one, None).await;
            troubles.oss = listed.err().map(|error| service::error_line(&error));
            return;
        }
        let checks = stream::iter(due).map(|journey| self.check(journey));
        let mut checks = checks.buffer_unordered(CALLS_AT_A_TIME);
        while let Some(checked) = checks.next().await {
            if let Err(error) = checked {
                troubles.oss = Some(service::error_line(&error));
            }
        }
    }

    async fn check(&self, journey: Journey) -> Result<(), oss::Error> {
        let Ok(key) = journey.key.parse::<ObjectKey>() else {
            return Ok(());
        };
        let now = Timestamp::now();
        if !journey.steps.contains_key(&Step::Uploaded) {
            match self.found(&key).await? {
                Some(meta) => {
                    let at = meta.last_modified.unwrap_or(now);
                    let etag = meta.etag.as_str();
                    self.journeys.uploaded(key.as_str(), etag, at, now);
                }
                None if is_overdue(&journey, self.settings.url_lifetime, now) => {
                    self.journeys.forget(key.as_str());
                }
                None => {}
            }
            return Ok(());
        }
        let Ok(result) = self.result_key(&key) else {
            return Ok(());
        };
        if let Some(meta) = self.found(&result).await?
            && let Some(record) = Record::read(&meta)
        {
            self.has_result(&key, &meta, &record);
        }
        Ok(())
    }

    /// Ends the journey of a photo whose result lies in the bucket, if it was made of that version.
    fn has_result(&self, photo: &ObjectKey, meta: &ObjectMeta, record: &Record) {
        let (key, etag) = (photo.as_str(), record.source_etag.as_str());
        if !self.journeys.is_open(key, etag) {
            return;
        }
        let now = Timestamp::now();
        let finished = Finished {
            key,
            etag: Some(etag),
            faces: record.counts.total(),
            at: meta.last_modified.unwrap_or(now),
            steps: None,
            document: None,
        };
        self.journeys.finished(&finished, now);
    }

    async fn found(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>, oss::Error> {
        match self.bucket.head(key).await {
            Ok(meta) => Ok(Some(meta)),
            Err(error) if error.is_no_such_key() => Ok(None),
            Err(error) => Err(error),
        }
    }

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
        self.live.tell("gallery", &serde_json::json!({}));
    }

    fn photo_of(&self, result: &str) -> Option<ObjectKey> {
        self.photo_key(&result.parse().ok()?)
    }

    /// Looks at a few results nobody has looked at; tells whether there was none, or no answer.
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

/// Whether the form for the photo can no longer be used.
fn is_overdue(journey: &Journey, lifetime: Duration, now: Timestamp) -> bool {
    let waited = now.as_second() - journey.since.as_second();
    let most = (lifetime + UPLOAD_GRACE).as_secs();
    journey.state == State::Open && u64::try_from(waited).is_ok_and(|waited| waited > most)
}
