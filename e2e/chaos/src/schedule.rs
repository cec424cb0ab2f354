//! The schedule of uploads and faults, as a pure function of the seed.
//!
//! Nothing here looks at a clock or a process. Faults run in lanes; within a lane one ends
//! before the next begins, so that nothing is killed while it is cut off, and lanes are
//! drawn apart, so that a change of one leaves the others as they were.

use std::ops::Range;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

use crate::fault::{Api, Fault};

/// How much is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Photos to upload.
    pub photos: usize,
    /// How long faults go on. What has struck nothing by then still comes.
    pub window: Duration,
}

impl Size {
    /// Small enough for every change.
    pub const SHORT: Self = Self {
        photos: 200,
        window: Duration::from_secs(40),
    };

    /// From here on there is time for long faults, too.
    const LONG: Duration = Duration::from_mins(2);
}

/// Everything that a seed decides.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Schedule {
    /// One for each photo, in the order of their times.
    pub(crate) uploads: Vec<Upload>,
    /// Faults by lane, each in the order of their times.
    pub(crate) lanes: [Vec<Injection>; Lane::ALL.len()],
    /// How long the face API and the sink take when they are slow.
    pub(crate) slowness: Slowness,
}

/// One photo's way into the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Upload {
    /// Which photo.
    pub(crate) photo: usize,
    /// When.
    pub(crate) at: Duration,
    /// How long after its first version the second one follows, if one does.
    pub(crate) overwritten_after: Option<Duration>,
}

/// One fault from its beginning to its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Injection {
    /// When it begins.
    pub(crate) at: Duration,
    /// How long it lasts.
    pub(crate) duration: Duration,
    /// The kind of fault.
    pub(crate) fault: Fault,
    /// Where, if that is an API.
    pub(crate) api: Option<Api>,
    /// How likely each call is struck, above 0 and at most 1.
    pub(crate) probability: f64,
    /// Decides all the rest.
    pub(crate) seed: u64,
}

/// Faults that must not overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Faults of the adapter.
    Adapter,
    /// Faults of the face service.
    Face,
    /// Faults of the emulator and of the credentials that it accepts.
    Emulator,
    /// Misbehaviour of the APIs.
    Apis,
    /// Misbehaviour of the sink.
    Sink,
}

impl Lane {
    /// All of them, in the order of [`Schedule::lanes`].
    pub(crate) const ALL: [Self; 5] = [
        Self::Adapter,
        Self::Face,
        Self::Emulator,
        Self::Apis,
        Self::Sink,
    ];

    /// The faults of the lane; all are dealt before one comes again.
    fn deck(self) -> Vec<(Fault, Option<Api>)> {
        let plain = |faults: &[Fault]| faults.iter().map(|&fault| (fault, None)).collect();
        match self {
            // Kills are worth more than cuts: each loses everything in memory.
            Self::Adapter => plain(&[
                Fault::AdapterKilled,
                Fault::AdapterKilled,
                Fault::AdapterCutOff,
            ]),
            Self::Face => plain(&[Fault::FaceKilled, Fault::FaceKilled, Fault::FaceCutOff]),
            Self::Emulator => plain(&[
                Fault::EmulatorKilled,
                Fault::EmulatorRestarted,
                Fault::EmulatorCutOff,
                Fault::CredentialsExpired,
            ]),
            Self::Apis => api_deck(),
            Self::Sink => plain(&[
                Fault::SinkRefuses,
                Fault::SinkDropped,
                Fault::SinkAnswerLost,
                Fault::SinkHalfAnswer,
                Fault::SinkDoubles,
                Fault::SlowSink,
            ]),
        }
    }
}

fn api_deck() -> Vec<(Fault, Option<Api>)> {
    let everywhere = [
        Fault::ServerError,
        Fault::Throttled,
        Fault::LateAnswer,
        Fault::Dropped,
        Fault::AnswerLost,
        Fault::HalfAnswer,
        Fault::ClockSkew,
    ];
    let pairs = everywhere
        .iter()
        .flat_map(|&fault| Api::ALL.map(|api| (fault, Some(api))));
    pairs
        .chain([
            (Fault::DoubleReceive, Some(Api::Mns)),
            (Fault::SlowFaceApi, Some(Api::Face)),
            (Fault::SilentFaceApi, Some(Api::Face)),
        ])
        .collect()
}

/// How long things take when they are slow, and how long others wait for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slowness {
    /// How long a received message stays hidden.
    pub(crate) visibility: Duration,
    /// How long the adapter waits for the sink.
    pub(crate) delivery_timeout: Duration,
    /// Longer than the first, shorter than the second.
    pub(crate) slow: Duration,
    /// Longer than both.
    pub(crate) silent: Duration,
}

impl Slowness {
    fn of(window: Duration) -> Self {
        let seconds = Duration::from_secs;
        Self {
            visibility: seconds(3),
            delivery_timeout: seconds(7),
            slow: seconds(4),
            // In a long run even the face service's own patience (20 s) ends.
            silent: seconds(if window < Size::LONG { 9 } else { 25 }),
        }
    }
}

/// How long faults last and what lies between them, in milliseconds.
struct Timing {
    duration: Range<u64>,
    between: Range<u64>,
}

impl Timing {
    fn of(lane: Lane, window: Duration) -> Self {
        let (duration, between) = match (lane, window < Size::LONG) {
            (Lane::Adapter | Lane::Face, true) => (50..2500, 1500..4000),
            (Lane::Adapter | Lane::Face, false) => (50..12_000, 3000..15_000),
            (Lane::Emulator, true) => (300..2500, 2000..4000),
            (Lane::Emulator, false) => (300..12_000, 6000..25_000),
            (Lane::Apis, true) => (400..1400, 50..400),
            (Lane::Apis, false) => (500..6000, 100..3000),
            (Lane::Sink, true) => (400..1500, 300..1500),
            (Lane::Sink, false) => (500..6000, 500..6000),
        };
        Self { duration, between }
    }
}

/// One photo in this many is overwritten.
const OVERWRITTEN: f64 = 0.15;

impl Schedule {
    /// The schedule of this seed.
    #[must_use]
    pub(crate) fn new(seed: u64, size: Size) -> Self {
        let lanes = Lane::ALL.map(|lane| {
            let mut rng = StdRng::seed_from_u64(seed.wrapping_add(1 + lane as u64));
            injections(lane, size.window, &mut rng)
        });
        Self {
            uploads: uploads(size, &mut StdRng::seed_from_u64(seed)),
            lanes,
            slowness: Slowness::of(size.window),
        }
    }

    /// Uploads and nothing else: what an undisturbed pipeline must do.
    #[must_use]
    pub(crate) fn undisturbed(seed: u64, size: Size) -> Self {
        Self {
            lanes: Default::default(),
            ..Self::new(seed, size)
        }
    }
}

fn uploads(size: Size, rng: &mut StdRng) -> Vec<Upload> {
    // The last ones have a moment of trouble left, too.
    let last = millis(size.window) * 9 / 10;
    let mut uploads: Vec<_> = (0..size.photos)
        .map(|photo| Upload {
            photo,
            at: Duration::from_millis(rng.random_range(0..=last)),
            overwritten_after: rng
                .random_bool(OVERWRITTEN)
                .then(|| Duration::from_millis(rng.random_range(0..1500))),
        })
        .collect();
    uploads.sort_by_key(|upload| upload.at);
    uploads
}

fn injections(lane: Lane, window: Duration, rng: &mut StdRng) -> Vec<Injection> {
    let timing = Timing::of(lane, window);
    let draw = |rng: &mut StdRng, range: &Range<u64>| {
        Duration::from_millis(rng.random_range(range.clone()))
    };
    let mut injections = Vec::new();
    let mut hand = Vec::new();
    let at_least = lane.deck().len();
    let mut at = draw(rng, &timing.between);
    loop {
        if hand.is_empty() {
            hand = lane.deck();
            hand.shuffle(rng);
        }
        let duration = draw(rng, &timing.duration);
        // All of them once, however short the window is: what never came was never survived.
        let is_wanted = at + duration <= window || injections.len() < at_least;
        let (Some((fault, api)), true) = (hand.pop(), is_wanted) else {
            return injections;
        };
        injections.push(Injection {
            at,
            duration,
            fault,
            api,
            probability: rng.random_range(0.3..1.0),
            seed: rng.random(),
        });
        at += duration + draw(rng, &timing.between);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
