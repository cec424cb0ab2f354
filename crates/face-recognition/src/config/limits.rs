//! How much is done at one time, and how large it may be.

use std::time::Duration;

use service::Findings;

use crate::args::LimitArgs;

const MEBI: u64 = 1 << 20;

/// MNS messages have 64 KiB; brokers pass on events of some hundred.
const EVENT_BYTES: u64 = MEBI;
/// A 50-megapixel photo has about 30 MB as JPEG, up to 100 as PNG.
const OBJECT_BYTES: u64 = 100 * MEBI;
/// Twice the default of the adapter. Waiting events cost no memory worth naming.
const EVENTS: u64 = 256;
/// Files and their results: one of the largest, or dozens of ordinary ones.
const FILE_MEMORY: u64 = 256 * MEBI;
/// Three JPEG photos of 50 megapixels at one time, or one PNG.
const PIXEL_MEMORY: u64 = 512 * MEBI;
/// Knative's default time-out is 300 s, its Broker's retries come later than that.
const PHOTO_DEADLINE: Duration = Duration::from_mins(2);
/// Below the 30 s that Kubernetes grants by default.
const DRAIN_GRACE: Duration = Duration::from_secs(20);

const SECOND: Duration = Duration::from_secs(1);

/// How much is done at one time, and how large it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body, in bytes.
    pub event_bytes: usize,
    /// Largest photo file, in bytes.
    pub object_bytes: u64,
    /// Bounds on a decoded photo.
    pub picture: picture::Limits,
    /// Most events in work at one time.
    pub events: usize,
    /// Bytes of files and results held at one time.
    pub file_memory: u64,
    /// Bytes of decoded photos held at one time.
    pub pixel_memory: u64,
    /// Photos decoded and drawn at one time.
    pub cpus: usize,
    /// Time for one photo.
    pub photo_deadline: Duration,
    /// Time to finish after a signal to stop.
    pub drain_grace: Duration,
}

impl Limits {
    /// Memory for the requests of all events in work, in bytes.
    pub const EVENT_MEMORY: u64 = 32 * MEBI;

    /// Connections at one time; each may take the 128 KiB of the largest request head.
    pub const CONNECTIONS: usize = 512;

    /// What the process is without any work: code, threads, and what the decoding of requests
    /// takes for a moment.
    const BASE_MEMORY: u64 = 64 * MEBI;

    /// The nets of the local back end, and the one analysis that runs at a time.
    const NETS_MEMORY: u64 = 160 * MEBI;

    /// What the process takes at most under these limits, in bytes. A container needs it.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let connections = Self::CONNECTIONS as u64 * (128 << 10);
        [
            self.file_memory,
            self.pixel_memory,
            Self::EVENT_MEMORY,
            connections,
            Self::BASE_MEMORY,
            Self::NETS_MEMORY,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    pub(super) fn check(found: &mut Findings, args: &LimitArgs) -> Self {
        let LimitArgs {
            max_event_bytes,
            max_object_bytes,
            max_pixels,
            max_events,
            file_memory,
            pixel_memory,
            cpus,
            photo_deadline,
            drain_grace,
        } = args;
        let mut number = |name, text: &Option<String>, bounds, default| {
            found
                .number(name, text.as_deref(), bounds)
                .unwrap_or(default)
        };
        let event_bytes = number(
            "FACE_MAX_EVENT_BYTES",
            max_event_bytes,
            (1024, 64 * MEBI),
            EVENT_BYTES,
        );
        let object_bytes = number(
            "FACE_MAX_OBJECT_BYTES",
            max_object_bytes,
            (1024, 1 << 32),
            OBJECT_BYTES,
        );
        let default_picture = picture::Limits::default();
        let max_pixels = number(
            "FACE_MAX_PIXELS",
            max_pixels,
            (1, 1 << 32),
            default_picture.max_pixels,
        );
        let events = number("FACE_MAX_EVENTS", max_events, (1, 10_000), EVENTS);
        let file_memory = number(
            "FACE_FILE_MEMORY",
            file_memory,
            (MEBI, 1 << 40),
            FILE_MEMORY,
        );
        let pixel_memory = number(
            "FACE_PIXEL_MEMORY",
            pixel_memory,
            (MEBI, 1 << 40),
            PIXEL_MEMORY,
        );
        if object_bytes * 2 > file_memory {
            found.add(format!(
                "`FACE_FILE_MEMORY` is `{file_memory}`: it must be at least twice `FACE_MAX_OBJECT_BYTES`, for a photo and its result"
            ));
        }
        let mut number = |name, text: &Option<String>, bounds, default| {
            found
                .number(name, text.as_deref(), bounds)
                .unwrap_or(default)
        };
        let cpus = number("FACE_CPUS", cpus, (1, 1024), available_cpus());
        let mut duration = |name, text: &Option<String>, longest, default| {
            found
                .duration_within(name, text.as_deref(), (SECOND, longest))
                .unwrap_or(default)
        };
        let hour = Duration::from_hours(1);
        Self {
            event_bytes: size(event_bytes),
            object_bytes,
            picture: picture::Limits {
                max_pixels,
                max_decoded_bytes: pixel_memory,
                ..default_picture
            },
            events: size(events),
            file_memory,
            pixel_memory,
            cpus: size(cpus),
            photo_deadline: duration("FACE_PHOTO_DEADLINE", photo_deadline, hour, PHOTO_DEADLINE),
            drain_grace: duration("FACE_DRAIN_GRACE", drain_grace, hour, DRAIN_GRACE),
        }
    }
}

fn available_cpus() -> u64 {
    std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64)
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
