//! How many requests a sink gets at one time.
//!
//! More requests than a sink has workers make no event faster: they only lengthen the line in
//! front of the workers, and every answer takes longer. So the limit follows the latency: it grows
//! while the answers come as fast as they ever did, and shrinks when they take half as long again
//! or when the sink says that it is overloaded. Additive increase and multiplicative decrease, as
//! in TCP; the estimate of a queue by the growth of latency is that of TCP Vegas.
//!
//! A sink whose every answer got slower, however few requests it has, is not told from one with a
//! queue by its latency alone. Halving the limit tells: if that did not help, the new latency is
//! the sink's own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// A sink with one worker has a line of seven for the first few answers.
const FIRST_LIMIT: usize = 8;
/// Answers that are looked at together, so that chance plays no part; as many as there are requests
/// at one time, if that is more, or if no queue was seen yet.
const FEWEST_ANSWERS: usize = 16;
/// Latency above this multiple of the best one, and above the slack, is a queue.
const TOLERANCE: f64 = 1.5;
/// The same while the limit doubles, which makes the second half of the answers as late as a whole
/// line: the mean shows half of it.
const TOLERANCE_AT_START: f64 = 1.25;
/// Nobody waits in a queue as short as this; and smaller differences are noise.
const SLACK: Duration = Duration::from_millis(10);
/// What the limit is multiplied by at a queue, and at a sink that says it is overloaded.
const DECREASE: f64 = 0.9;
const OVERLOAD_DECREASE: f64 = 0.7;
/// Requests that a limit of so many grows by one for.
const REQUESTS_PER_INCREASE: usize = 10;
/// Halving the limit helped when the latency fell below this part of what it was.
const HELPED: f64 = 0.75;

/// How a request to the sink ended, as far as the limit is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An answer that took its time.
    Answered,
    /// The sink has too much to do, or did not answer in time.
    Overloaded,
    /// Tells nothing about the sink's speed: no connection, or nobody waited for the answer.
    Unknown,
}

/// Permits for requests to one sink, as many as it keeps up with.
#[derive(Clone, Debug)]
pub(crate) struct Concurrency {
    permits: Arc<Semaphore>,
    state: Arc<Mutex<State>>,
}

/// The permit for one request. Dropped without an outcome, it tells nothing.
#[derive(Debug)]
pub(crate) struct RequestPermit {
    permit: Option<OwnedSemaphorePermit>,
    started: Instant,
    state: Arc<Mutex<State>>,
    outcome: Outcome,
}

#[derive(Debug)]
struct State {
    limit: usize,
    most: usize,
    /// Permits that go when they come back, because the limit has shrunk below what is out.
    excess: usize,
    /// Whether the limit still doubles, because no queue was seen yet.
    is_starting: bool,
    /// The best mean latency that the sink is known to have.
    best: Option<Duration>,
    /// The limit when the present queue was first seen, and the worst latency since.
    queue_seen: Option<(usize, Duration)>,
    window: Window,
}

/// The answers since the limit was last looked at.
#[derive(Debug, Default)]
struct Window {
    answers: u32,
    total: Duration,
    is_overloaded: bool,
    /// Whether a request had to wait for a permit.
    was_full: bool,
}

impl Concurrency {
    /// At most `most` requests at one time.
    pub(crate) fn new(most: usize) -> Self {
        let limit = FIRST_LIMIT.min(most);
        Self {
            permits: Arc::new(Semaphore::new(limit)),
            state: Arc::new(Mutex::new(State {
                limit,
                most,
                excess: 0,
                is_starting: true,
                best: None,
                queue_seen: None,
                window: Window::default(),
            })),
        }
    }

    /// Waits until the sink may get one more request. The permit's time begins then.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the line.
    pub(crate) async fn acquire(&self) -> RequestPermit {
        let permit = match self.permits.clone().try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_none_left) => {
                lock(&self.state).window.was_full = true;
                // An error never happens: the semaphore is not closed.
                self.permits.clone().acquire_owned().await.ok()
            }
        };
        RequestPermit {
            permit,
            started: Instant::now(),
            state: self.state.clone(),
            outcome: Outcome::Unknown,
        }
    }

    /// How many requests the sink gets at one time, at present.
    #[cfg(test)]
    fn limit(&self) -> usize {
        lock(&self.state).limit
    }
}

impl RequestPermit {
    /// Gives the permit back.
    pub(crate) fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for RequestPermit {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else {
            return;
        };
        let mut state = lock(&self.state);
        let limit_before = state.limit;
        state.ended(self.outcome, self.started.elapsed());
        let limit = state.limit;
        if limit > limit_before {
            let added = limit - limit_before;
            let forgiven = state.excess.min(added);
            state.excess -= forgiven;
            permit.semaphore().add_permits(added - forgiven);
        } else {
            let removed = limit_before - limit;
            state.excess += removed - permit.semaphore().forget_permits(removed);
        }
        if state.excess > 0 {
            state.excess -= 1;
            permit.forget();
        }
    }
}

impl State {
    /// Takes note of one request that ended.
    fn ended(&mut self, outcome: Outcome, took: Duration) {
        match outcome {
            Outcome::Unknown => return,
            Outcome::Overloaded => self.window.is_overloaded = true,
            Outcome::Answered => {}
        }
        self.window.answers += 1;
        self.window.total += took;
        let fewest = if self.is_starting { 0 } else { FEWEST_ANSWERS };
        if self.window.answers as usize >= self.limit.max(fewest) {
            let window = std::mem::take(&mut self.window);
            self.adjust(&window);
        }
    }

    fn adjust(&mut self, window: &Window) {
        if window.is_overloaded {
            self.is_starting = false;
            self.decrease(OVERLOAD_DECREASE);
            return;
        }
        let mean = window.total / window.answers.max(1);
        let best = self.best.map_or(mean, |best| best.min(mean));
        self.best = Some(best);
        let tolerance = if self.is_starting {
            TOLERANCE_AT_START
        } else {
            TOLERANCE
        };
        if mean <= best.mul_f64(tolerance) + SLACK {
            self.queue_seen = None;
            if window.was_full {
                self.increase();
            }
            return;
        }
        if self.is_starting {
            // What the last step added is the queue.
            self.is_starting = false;
            self.limit = (self.limit / 2).max(1);
            return;
        }
        let (limit_then, worst) = self.queue_seen.unwrap_or((self.limit, mean));
        let worst = worst.max(mean);
        self.queue_seen = Some((limit_then, worst));
        if self.limit > limit_then / 2 && self.limit > 1 {
            self.decrease(DECREASE);
            return;
        }
        self.queue_seen = None;
        if mean >= worst.mul_f64(HELPED) {
            self.best = Some(mean);
        }
    }

    fn increase(&mut self) {
        let step = if self.is_starting {
            self.limit
        } else {
            (self.limit / REQUESTS_PER_INCREASE).max(1)
        };
        self.limit = (self.limit + step).min(self.most);
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a limit is a small positive number"
    )]
    fn decrease(&mut self, factor: f64) {
        self.limit = ((self.limit as f64 * factor) as usize).max(1);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::time::sleep;

    use super::*;

    const MOST: usize = 160;

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
            for _ in 0..2 * MOST {
                let (sink, limit, latencies) = (self.clone(), limit.clone(), latencies.clone());
                posters.spawn(async move {
                    while Instant::now() < ends {
                        let permit = limit.acquire().await;
                        sink.answer().await;
                        latencies.lock().unwrap().push(permit.started.elapsed());
                        permit.end(Outcome::Answered);
                    }
                });
            }
            posters.join_all().await;
            Arc::into_inner(latencies).unwrap().into_inner().unwrap()
        }
    }

    fn percentile_99(latencies: &[Duration]) -> Duration {
        let mut sorted = latencies.to_vec();
        sorted.sort();
        sorted[sorted.len() * 99 / 100]
    }

    #[tokio::test(start_paused = true)]
    async fn sink_with_few_workers_has_a_short_queue_and_is_never_idle() {
        let (sink, limit) = (SlowSink::new(16, 100), Concurrency::new(MOST));
        let latencies = sink.answers(&limit, Duration::from_mins(1)).await;
        let longest = latencies.iter().max().copied();
        assert_eq!(longest, Some(Duration::from_millis(200)), "from the start");
        // Sixteen workers make 160 answers per second.
        assert!(
            latencies.len() >= 160 * 60 * 95 / 100,
            "{}",
            latencies.len()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn sink_that_keeps_up_gets_all_that_is_allowed() {
        let (sink, limit) = (SlowSink::new(10_000, 50), Concurrency::new(MOST));
        let _answers = sink.answers(&limit, Duration::from_secs(1)).await;
        assert_eq!(limit.limit(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn sink_that_gets_slower_as_a_whole_is_not_taken_for_a_queue() {
        let (sink, limit) = (SlowSink::new(10_000, 50), Concurrency::new(MOST));
        let _fast = sink.answers(&limit, Duration::from_secs(2)).await;
        sink.service_ms.store(500, Ordering::Relaxed);
        let _adapting = sink.answers(&limit, Duration::from_secs(20)).await;
        assert_eq!(limit.limit(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn sink_that_loses_workers_gets_less_and_gets_more_when_they_are_back() {
        let (sink, limit) = (SlowSink::new(10_000, 100), Concurrency::new(MOST));
        let _fast = sink.answers(&limit, Duration::from_secs(2)).await;
        let few = SlowSink::new(16, 100);
        let _adapting = few.answers(&limit, Duration::from_secs(30)).await;
        let p99 = percentile_99(&few.answers(&limit, Duration::from_mins(1)).await);
        assert!(p99 <= Duration::from_millis(200), "{p99:?}");
        let _back = sink.answers(&limit, Duration::from_secs(5)).await;
        assert_eq!(limit.limit(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn overloaded_sink_gets_less_at_once() {
        let limit = Concurrency::new(MOST);
        let sink = SlowSink::new(10_000, 50);
        let _answers = sink.answers(&limit, Duration::from_secs(1)).await;
        for _ in 0..MOST {
            limit.acquire().await.end(Outcome::Overloaded);
        }
        assert_eq!(limit.limit(), MOST * 7 / 10);
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
}
