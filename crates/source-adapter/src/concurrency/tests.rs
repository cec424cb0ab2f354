//! Of the limit, in virtual time.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::sleep;

use super::*;

const MAX_REQUESTS: usize = 160;

/// A sink with so many workers, which take so many milliseconds each, in virtual time.
#[derive(Clone)]
struct SlowSink {
    workers: Arc<Semaphore>,
    service_ms: Arc<AtomicU64>,
}

impl SlowSink {
    fn new(workers: usize, service_ms: u64) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(workers)),
            service_ms: Arc::new(AtomicU64::new(service_ms)),
        }
    }

    async fn answer(&self) {
        let _worker = self.workers.acquire().await.unwrap();
        sleep(Duration::from_millis(
            self.service_ms.load(Ordering::Relaxed),
        ))
        .await;
    }

    /// Latencies of the answers of `time`, in the order of their arrival, from a backlog
    /// that never ends.
    async fn answers(&self, limit: &Concurrency, time: Duration) -> Vec<Duration> {
        let latencies = Arc::new(Mutex::new(Vec::new()));
        let ends = Instant::now() + time;
        let mut posters = tokio::task::JoinSet::new();
        for _ in 0..2 * MAX_REQUESTS {
            let (sink, limit, latencies) = (self.clone(), limit.clone(), latencies.clone());
            posters.spawn(async move {
                while Instant::now() < ends {
                    let permit = limit.acquire().await;
                    sink.answer().await;
                    latencies.lock().push(permit.started.elapsed());
                    permit.end(Outcome::Answered);
                }
            });
        }
        posters.join_all().await;
        Arc::into_inner(latencies).unwrap().into_inner()
    }
}

fn percentile_99(latencies: &[Duration]) -> Duration {
    let mut sorted = latencies.to_vec();
    sorted.sort();
    sorted[sorted.len() * 99 / 100]
}

#[tokio::test(start_paused = true)]
async fn sink_with_few_workers_has_a_short_queue_and_is_never_idle() {
    let (sink, limit) = (SlowSink::new(16, 100), Concurrency::new(MAX_REQUESTS));
    let latencies = sink.answers(&limit, Duration::from_mins(1)).await;
    let longest = latencies.iter().max().copied();
    assert!(longest <= Some(Duration::from_millis(210)), "{longest:?}");
    let p99 = percentile_99(&latencies);
    assert!(p99 < Duration::from_millis(200), "{p99:?}");
    // Sixteen workers make 160 answers per second.
    assert!(
        latencies.len() >= 160 * 60 * 95 / 100,
        "{}",
        latencies.len()
    );
}

#[tokio::test(start_paused = true)]
async fn sink_that_keeps_up_gets_all_that_is_allowed() {
    let (sink, limit) = (SlowSink::new(10_000, 50), Concurrency::new(MAX_REQUESTS));
    let _answers = sink.answers(&limit, Duration::from_secs(1)).await;
    assert_eq!(limit.limit(), MAX_REQUESTS);
}

#[tokio::test(start_paused = true)]
async fn sink_that_gets_slower_as_a_whole_is_not_taken_for_a_queue() {
    let (sink, limit) = (SlowSink::new(10_000, 50), Concurrency::new(MAX_REQUESTS));
    let _fast = sink.answers(&limit, Duration::from_secs(2)).await;
    sink.service_ms.store(500, Ordering::Relaxed);
    let _adapting = sink.answers(&limit, Duration::from_secs(20)).await;
    assert_eq!(limit.limit(), MAX_REQUESTS);
}

#[tokio::test(start_paused = true)]
async fn sink_that_loses_workers_gets_less_and_gets_more_when_they_are_back() {
    let (sink, limit) = (SlowSink::new(10_000, 100), Concurrency::new(MAX_REQUESTS));
    let _fast = sink.answers(&limit, Duration::from_secs(2)).await;
    let few = SlowSink::new(16, 100);
    let _adapting = few.answers(&limit, Duration::from_secs(30)).await;
    let p99 = percentile_99(&few.answers(&limit, Duration::from_mins(1)).await);
    assert!(p99 <= Duration::from_millis(200), "{p99:?}");
    let _back = sink.answers(&limit, Duration::from_secs(5)).await;
    assert_eq!(limit.limit(), MAX_REQUESTS);
}

#[tokio::test(start_paused = true)]
async fn overloaded_sink_gets_less_at_once() {
    let limit = Concurrency::new(MAX_REQUESTS);
    let sink = SlowSink::new(10_000, 50);
    let _answers = sink.answers(&limit, Duration::from_secs(1)).await;
    for _ in 0..MAX_REQUESTS {
        limit.acquire().await.end(Outcome::Overloaded);
    }
    assert_eq!(limit.limit(), MAX_REQUESTS * 7 / 10);
}

#[tokio::test(start_paused = true)]
async fn request_that_nobody_waits_for_gives_its_permit_back() {
    let limit = Concurrency::new(1);
    for _ in 0..100 {
        drop(limit.acquire().await);
    }
    assert_eq!(limit.limit(), 1);
    assert_eq!(limit.permits.available_permits(), 1);
}
