//! How many requests a sink gets at one time.
//!
//! More requests than a sink has workers make no event faster: they only lengthen the line in
//! front of the workers, and every answer takes longer. So the limit follows the latency: it grows
//! while the answers come as fast as they ever did, and shrinks when they take much longer
//! or when the sink says that it is overloaded. Additive increase and multiplicative decrease, as
//! in TCP; the estimate of a queue by the growth of latency is that of TCP Vegas.
//!
//! A sink whose every answer got slower, however few requests it has, is not told from one with a
//! queue by its latency alone. Halving the limit tells: if that did not help, the new latency is
//! the sink's own.
//!
//! Workers that begin at one time end at one time, and then one request more than there are workers
//! waits for as long as it is worked on. So requests that had to wait start evenly spread over the time
//! that one takes, as packets do by pacing in TCP: the workers are out of step from then on.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// A sink with one worker has a line of seven for the first few answers.
const FIRST_LIMIT: usize = 8;
/// Answers that are looked at together, so that chance plays no part; as many as there are requests
/// at one time, if that is more, or if no queue was seen yet.
const MIN_SAMPLES: usize = 16;
/// Latency above this multiple of the best one, and above the slack, is a queue.
const TOLERANCE: f64 = 1.4;
/// The same while the limit doubles: then the queue has grown by the time that its first answers are here,
/// so a few of them are enough.
const SLOW_START_TOLERANCE: f64 = 1.2;
const SLOW_START_SAMPLES: usize = 4;
/// A queue as short as this does no harm, and smaller differences are noise.
const SLACK: Duration = Duration::from_millis(10);
/// What the limit is multiplied by at a queue, and at a sink that says it is overloaded.
const DECREASE: f64 = 0.9;
const OVERLOAD_DECREASE: f64 = 0.7;
/// Requests that a limit of so many grows by one for.
const REQUESTS_PER_INCREASE: usize = 10;
/// Requests that are closer to one another than timers can tell are not spread.
const MIN_GAP: Duration = Duration::from_millis(1);
/// Halving the limit helped when the latency fell below this part of what it was.
const HELPED: f64 = 0.75;

/// How a request to the sink ended, as far as the limit is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An answer that took its time.
    Answered,
    /// The sink has too much to do, or did not answer in time.
    Overloaded,
    /// Tells nothing about the sink's speed: no connection, or the wait was cancelled.
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
    max_limit: usize,
    /// Permits that go when they come back, because the limit has shrunk below what is out.
    excess: usize,
    /// Whether the limit still doubles, because no queue was seen yet: slow start, as in TCP.
    in_slow_start: bool,
    /// The lowest mean latency that the sink is known to have.
    base_latency: Option<Duration>,
    /// The limit when the present queue was first seen, and the worst latency since.
    queue_seen: Option<(usize, Duration)>,
    window: Window,
    /// When the next of the requests that wait may start.
    next_start: Option<Instant>,
}

/// The answers since the limit was last looked at.
#[derive(Debug, Default)]
struct Window {
    answers: u32,
    total: Duration,
    is_overloaded: bool,
    /// Whether a request had to wait for a permit.
    was_full: bool,
    /// What the latest answers took, while the limit doubles.
    latest: [Duration; SLOW_START_SAMPLES],
}

impl Concurrency {
    /// At most `max_limit` requests at one time.
    pub(crate) fn new(max_limit: usize) -> Self {
        let limit = FIRST_LIMIT.min(max_limit);
        Self {
            permits: Arc::new(Semaphore::new(limit)),
            state: Arc::new(Mutex::new(State {
                limit,
                max_limit,
                excess: 0,
                in_slow_start: true,
                base_latency: None,
                queue_seen: None,
                window: Window::default(),
                next_start: None,
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
                self.state.lock().window.was_full = true;
                // An error never happens: the semaphore is not closed.
                let permit = self.permits.clone().acquire_owned().await.ok();
                let start = self.state.lock().next_start(Instant::now());
                if let Some(start) = start {
                    // On the heap, because fast sinks need none.
                    Box::pin(sleep_until(start)).await;
                }
                permit
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
        self.state.lock().limit
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
        let mut state = self.state.lock();
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
        if self.in_slow_start && self.is_queueing(took) {
            // What the last step added is the queue.
            self.in_slow_start = false;
            self.limit = (self.limit / 2).max(1);
            self.window = Window::default();
            return;
        }
        self.window.answers += 1;
        self.window.total += took;
        let fewest = if self.in_slow_start { 0 } else { MIN_SAMPLES };
        if self.window.answers as usize >= self.limit.max(fewest) {
            let window = std::mem::take(&mut self.window);
            self.adjust(&window);
        }
    }

    /// Whether all of the latest answers in slow start are late; `took` is one more.
    fn is_queueing(&mut self, took: Duration) -> bool {
        let latest = &mut self.window.latest;
        latest.rotate_left(1);
        latest[SLOW_START_SAMPLES - 1] = took;
        self.base_latency.is_some_and(|best| {
            let bound = best.mul_f64(SLOW_START_TOLERANCE) + SLACK;
            latest.iter().all(|&took| took > bound)
        })
    }

    /// When a request that had a permit to wait for may start, if that is not at once.
    fn next_start(&mut self, now: Instant) -> Option<Instant> {
        let requests = u32::try_from(self.limit).unwrap_or(u32::MAX);
        let gap = self.base_latency.unwrap_or_default() / requests.max(1);
        if gap < MIN_GAP {
            return None;
        }
        let start = self.next_start.map_or(now, |start| start.max(now));
        self.next_start = Some(start + gap);
        (start > now).then_some(start)
    }

    fn adjust(&mut self, window: &Window) {
        if window.is_overloaded {
            self.in_slow_start = false;
            self.decrease(OVERLOAD_DECREASE);
            return;
        }
        let mean = window.total / window.answers.max(1);
        let best = self.base_latency.map_or(mean, |best| best.min(mean));
        self.base_latency = Some(best);
        if mean <= best.mul_f64(TOLERANCE) + SLACK {
            self.queue_seen = None;
            if window.was_full {
                self.increase();
            }
            return;
        }
        self.in_slow_start = false;
        let (limit_then, worst) = self.queue_seen.unwrap_or((self.limit, mean));
        let worst = worst.max(mean);
        self.queue_seen = Some((limit_then, worst));
        if self.limit > limit_then / 2 && self.limit > 1 {
            self.decrease(DECREASE);
            return;
        }
        self.queue_seen = None;
        if mean >= worst.mul_f64(HELPED) {
            self.base_latency = Some(mean);
        }
    }

    fn increase(&mut self) {
        let step = if self.in_slow_start {
            self.limit
        } else {
            (self.limit / REQUESTS_PER_INCREASE).max(1)
        };
        self.limit = (self.limit + step).min(self.max_limit);
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

#[cfg(test)]
mod tests;
