//! What the console finds out by itself: the queue, photos in progress, and the results.

mod gallery;

use std::sync::Arc;
use std::time::{Duration, Instant};

use face_recognition::record::Record;
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use mns::{BatchSize, Queue};
use oss::{ListRequest, ObjectKey, ObjectMeta};
use tokio::time::sleep;

use crate::console::{Console, QueueView};
use crate::journey::{Finished, Journey, State, Step};
use crate::source::SourceStatus;
use crate::status::{QueueState, StatusSample};

/// Between two polls of queue and photos, while a page is open.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// The same while no page is open: each poll is a few calls that cost.
const IDLE_POLL_INTERVAL: Duration = Duration::from_secs(30);
/// Before a photo is looked for again.
const CHECK_PAUSE: Duration = Duration::from_secs(4);
const CHECKS_PER_POLL: usize = 64;
const CALLS_AT_A_TIME: usize = 8;
/// A form may be used at its last moment, and a large photo takes its time.
const UPLOAD_GRACE: Duration = Duration::from_mins(15);

impl Console {
    /// Polls queue and photos until the console stops.
    pub(crate) async fn watch(self: Arc<Self>) {
        let mut source = SourceStatus::default();
        loop {
            self.poll(&mut source).await;
            let pause = if self.broadcaster.has_subscribers() {
                POLL_INTERVAL
            } else {
                IDLE_POLL_INTERVAL
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = sleep(pause) => {}
                () = self.broadcaster.subscriber_joined() => {}
            }
        }
    }

    /// Takes one sample. `known` is the last status of the source.
    async fn poll(&self, known: &mut SourceStatus) {
        let mut sample = StatusSample::default();
        let troubles = &mut sample.troubles;
        let QueueView { mns, name, source } = &self.queue;
        if let Some(source) = source {
            match source.status().await {
                Ok(status) => {
                    sample.adapters = status.adapters;
                    *known = status;
                }
                Err(error) => troubles.source = Some(service::error_line(&error)),
            }
        }
        if let (Some(mns), Some(name)) = (mns, name.as_ref().or(known.queue.as_ref())) {
            match self.read_queue(&mns.queue(name.clone())).await {
                Ok(queue) => sample.queue = Some(queue),
                Err(error) => troubles.mns = Some(service::error_line(&error)),
            }
        }
        let error = self.check_photos().await;
        troubles.oss = error.map(|error| service::error_line(&error));
        let now = Timestamp::now();
        sample.at_ms = now.as_millisecond();
        sample.unanswered = self.journeys.unanswered_since(now);
        sample.counted = self.journeys.counts();
        self.broadcaster
            .publish("pulse", &self.status.record(sample));
    }

    /// Reads the length of the queue, and of its first messages which photos they are about.
    async fn read_queue(&self, queue: &Queue) -> Result<QueueState, mns::Error> {
        let status = queue.attributes().await?;
        let peeked = queue.peek_batch(BatchSize::MAX).await?;
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
        Ok(QueueState {
            waiting: status.active_messages.unwrap_or(0),
            hidden: status.inactive_messages.unwrap_or(0),
            oldest_seconds,
        })
    }

    /// Looks for results of open photos. Without any, it lists one key, so that an outage of OSS is
    /// noticed. Returns the last error of OSS.
    async fn check_photos(&self) -> Option<oss::Error> {
        let now = Instant::now();
        let due = self.journeys.to_check(CHECKS_PER_POLL, CHECK_PAUSE, now);
        if due.is_empty() {
            return self.probe_bucket().await.err();
        }
        let checks = stream::iter(due).map(|journey| self.check(journey));
        let mut checks = checks.buffer_unordered(CALLS_AT_A_TIME);
        let mut last = None;
        while let Some(checked) = checks.next().await {
            last = checked.err().or(last);
        }
        last
    }

    async fn probe_bucket(&self) -> Result<(), oss::Error> {
        let one = ListRequest {
            page_size: Some(1),
            ..ListRequest::default()
        };
        self.bucket.list(&one, None).await.map(drop)
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
}

/// Whether the form for the photo can no longer be used.
fn is_overdue(journey: &Journey, lifetime: Duration, now: Timestamp) -> bool {
    let waited = now.as_second() - journey.since.as_second();
    let most = (lifetime + UPLOAD_GRACE).as_secs();
    journey.state == State::Open && u64::try_from(waited).is_ok_and(|waited| waited > most)
}
