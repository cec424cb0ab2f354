//! How much is done at one time, and how large it may be.

use std::time::Duration;

use service::settings::{duration, number};

const MEBI: u64 = 1 << 20;
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// How much is done at one time, and how large it may be.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Limits {
    /// Largest event, in bytes.
    // MNS messages have 64 KiB; brokers pass on events of some hundred.
    #[arg(long, env = "FACE_MAX_EVENT_BYTES", value_name = "BYTES", default_value = "1048576", value_parser = number(1024..=64_usize << 20))]
    pub max_event_bytes: usize,
    /// Largest photo file, in bytes.
    // A 50-megapixel photo has about 30 MB as JPEG, up to 100 as PNG.
    #[arg(long, env = "FACE_MAX_OBJECT_BYTES", value_name = "BYTES", default_value = "104857600", value_parser = number(1024..=1_u64 << 32))]
    pub max_object_bytes: u64,
    /// Largest photo, in pixels, whatever memory it takes.
    #[arg(long, env = "FACE_MAX_PIXELS", value_name = "PIXELS", default_value_t = picture::Limits::default().max_pixels, value_parser = number(1..=1_u64 << 32))]
    pub max_pixels: u64,
    /// Events in progress at one time; more are answered with 429, as are photos whose turn does not
    /// come in time.
    // Twice the default of the adapter. Waiting events cost no memory worth naming.
    #[arg(long, env = "FACE_MAX_EVENTS", value_name = "COUNT", default_value = "256", value_parser = number(1..=10_000_usize))]
    pub max_events: usize,
    /// Memory for photo files in progress, in bytes, which their results take over; the process takes 240
    /// MiB more than this and --pixel-memory together.
    // One of the largest files, eleven of 10 MB, or dozens of ordinary ones. Others wait with their
    // requests open.
    #[arg(long, env = "FACE_FILE_MEMORY", value_name = "BYTES", default_value = "115343360", value_parser = number(MEBI..=1 << 40))]
    pub file_memory: u64,
    /// Memory for decoded photos, and for results while they are drawn, in bytes.
    // Three JPEG photos of 50 megapixels at one time, or one PNG.
    #[arg(long, env = "FACE_PIXEL_MEMORY", value_name = "BYTES", default_value = "536870912", value_parser = number(MEBI..=1 << 40))]
    pub pixel_memory: u64,
    /// Photos decoded and drawn at one time [default: the number of CPUs].
    #[arg(long, env = "FACE_CPUS", value_name = "COUNT", default_value_t = available_cpus(), hide_default_value = true, value_parser = number(1..=1024_usize))]
    pub cpus: usize,
    /// Time for one photo, ISO 8601; half of it may be spent waiting.
    // Knative's default time-out is 300 s, its Broker's retries come later than that.
    #[arg(long, env = "FACE_PHOTO_DEADLINE", value_name = "DURATION", default_value = "PT2M", value_parser = duration(SECOND..=HOUR))]
    pub photo_deadline: Duration,
    /// Time to finish photos in progress after SIGTERM, ISO 8601.
    // Below the 30 s that Kubernetes grants by default.
    #[arg(long, env = "FACE_DRAIN_GRACE", value_name = "DURATION", default_value = "PT20S", value_parser = duration(SECOND..=HOUR))]
    pub drain_grace: Duration,
}

impl Limits {
    /// Memory for the requests of all events in progress, in bytes.
    pub const EVENT_MEMORY: u64 = 32 * MEBI;

    /// Connections at one time; each may take the 128 KiB of the largest request head.
    pub const CONNECTIONS: usize = 512;

    /// What the process is without any work: code, threads, and what the decoding of requests
    /// takes for a moment.
    const BASE_MEMORY: u64 = 64 * MEBI;

    /// The nets of the local back end, and the one analysis that runs at a time. Beside its
    /// picture that takes 53 MB with one thread and 74 MB with 64, measured with the crowd of
    /// `cargo xtask bench local`; more threads find no work.
    const NETS_MEMORY: u64 = 80 * MEBI;

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

    /// Bounds on a decoded photo.
    #[must_use]
    pub fn picture(&self) -> picture::Limits {
        picture::Limits {
            max_pixels: self.max_pixels,
            max_decoded_bytes: self.pixel_memory,
            ..picture::Limits::default()
        }
    }

    /// The mistake of memory that does not hold the largest photo.
    pub(super) fn mistake(&self) -> Option<String> {
        let file_memory = self.file_memory;
        (self.max_object_bytes > file_memory).then(|| {
            format!(
                "`FACE_FILE_MEMORY` is `{file_memory}`: it must be at least `FACE_MAX_OBJECT_BYTES`"
            )
        })
    }
}

fn available_cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
