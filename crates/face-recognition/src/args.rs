//! The service's flags and variables, as text.
//!
//! Everything is taken as a string here, so that [`Config`](crate::Config) can check it all
//! and report every mistake at once instead of the first one.

use std::path::PathBuf;

use clap::Parser;
use service::telemetry::TelemetryArgs;

/// Takes events about photos in OSS and stores each photo again with its faces marked.
///
/// Credentials come from --credentials-file, from `ACCESSKEY_ID` and `ACCESSKEY_SECRET`, or
/// from the variables of the official SDKs, never from a flag.
#[derive(Clone, Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Args {
    /// Where photos come from and results go.
    #[command(flatten, next_help_heading = "Storage")]
    pub storage: StorageArgs,
    /// Who finds the faces.
    #[command(flatten, next_help_heading = "Faces")]
    pub faces: FaceArgs,
    /// How much is done at one time.
    #[command(flatten, next_help_heading = "Limits")]
    pub limits: LimitArgs,
    /// Where the service listens.
    #[command(flatten, next_help_heading = "Operation")]
    pub operation: OperationArgs,
    /// Options for the logs.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// Where photos come from and results go.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct StorageArgs {
    /// Folder in the bucket for results; what lies in it is never taken for a photo.
    #[arg(long, env = "UPLOAD_OSS_PATH", value_name = "PATH")]
    pub upload_path: Option<String>,
    /// A mounted Secret: a file with `{"accessKeyId","accessKeySecret"}`, or its directory.
    #[arg(long, env = "CREDENTIALS_FILE", value_name = "PATH")]
    pub credentials_file: Option<PathBuf>,
    /// Endpoint for all buckets [default: that of the event's region].
    #[arg(long, env = "OSS_ENDPOINT", value_name = "URL")]
    pub oss_endpoint: Option<String>,
    /// How a bucket is put into the endpoint: `virtual`, `path` or `cname` [default: virtual].
    #[arg(long, env = "OSS_ADDRESSING", value_name = "FORM")]
    pub oss_addressing: Option<String>,
    /// Signature version: `v4` or `v1` [default: v4].
    #[arg(long, env = "OSS_SIGNATURE", value_name = "VERSION")]
    pub oss_signature: Option<String>,
    /// Use the endpoints inside the region, which cost no traffic: `true` or `false` [default:
    /// false].
    #[arg(long, env = "OSS_INTERNAL", value_name = "BOOL")]
    pub oss_internal: Option<String>,
    /// Buckets to work in, separated by commas [default: all].
    #[arg(long, env = "OSS_ALLOWED_BUCKETS", value_name = "NAMES")]
    pub allowed_buckets: Option<String>,
    /// Regions to work in, separated by commas [default: all].
    #[arg(long, env = "OSS_ALLOWED_REGIONS", value_name = "NAMES")]
    pub allowed_regions: Option<String>,
}

/// Who finds the faces.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct FaceArgs {
    /// `local`, `facebody` or `dataplus` [default: local].
    #[arg(long, env = "FACE_BACKEND", value_name = "NAME")]
    pub face_backend: Option<String>,
    /// Endpoint of the face API [default: the service's own].
    #[arg(long, env = "FACE_ENDPOINT", value_name = "URL")]
    pub face_endpoint: Option<String>,
    /// Endpoint that authorises uploads for `facebody` [default: --face-endpoint, else the
    /// service's own].
    #[arg(long, env = "FACE_OPEN_PLATFORM_ENDPOINT", value_name = "URL")]
    pub face_open_platform_endpoint: Option<String>,
    /// Score that a face needs with `local`, 0.05 to 0.99 [default: 0.5].
    #[arg(long, env = "FACE_LOCAL_CONFIDENCE", value_name = "SCORE")]
    pub face_local_confidence: Option<String>,
    /// Width of the smallest face that `local` finds, in percent of the photo's longer side, 0.3
    /// to 50 [default: 0.75].
    #[arg(long, env = "FACE_LOCAL_SMALLEST_FACE", value_name = "PERCENT")]
    pub face_local_smallest_face: Option<String>,
    /// How long the face API can read a photo by its URL, ISO 8601 [default: PT10M].
    #[arg(long, env = "FACE_URL_LIFETIME", value_name = "DURATION")]
    pub face_url_lifetime: Option<String>,
    /// Calls of the face API at one time; further photos wait [default: 16].
    #[arg(long, env = "FACE_MAX_CALLS", value_name = "COUNT")]
    pub face_max_calls: Option<String>,
}

/// How much is done at one time, and how large it may be.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LimitArgs {
    /// Largest event, in bytes [default: 1048576].
    #[arg(long, env = "FACE_MAX_EVENT_BYTES", value_name = "BYTES")]
    pub max_event_bytes: Option<String>,
    /// Largest photo file, in bytes [default: 104857600].
    #[arg(long, env = "FACE_MAX_OBJECT_BYTES", value_name = "BYTES")]
    pub max_object_bytes: Option<String>,
    /// Largest photo, in pixels, whatever memory it takes [default: 1000000000].
    #[arg(long, env = "FACE_MAX_PIXELS", value_name = "PIXELS")]
    pub max_pixels: Option<String>,
    /// Events in work at one time; more are answered with 429, as are photos whose turn does not
    /// come in time [default: 256].
    #[arg(long, env = "FACE_MAX_EVENTS", value_name = "COUNT")]
    pub max_events: Option<String>,
    /// Memory for photo files and results in work, in bytes; the process takes 320 MiB more than
    /// this and --pixel-memory together [default: 268435456].
    #[arg(long, env = "FACE_FILE_MEMORY", value_name = "BYTES")]
    pub file_memory: Option<String>,
    /// Memory for decoded photos, in bytes [default: 536870912].
    #[arg(long, env = "FACE_PIXEL_MEMORY", value_name = "BYTES")]
    pub pixel_memory: Option<String>,
    /// Photos decoded and drawn at one time [default: the number of CPUs].
    #[arg(long, env = "FACE_CPUS", value_name = "COUNT")]
    pub cpus: Option<String>,
    /// Time for one photo, ISO 8601; half of it may be spent waiting [default: PT2M].
    #[arg(long, env = "FACE_PHOTO_DEADLINE", value_name = "DURATION")]
    pub photo_deadline: Option<String>,
    /// Time to finish photos in work after SIGTERM, ISO 8601 [default: PT20S].
    #[arg(long, env = "FACE_DRAIN_GRACE", value_name = "DURATION")]
    pub drain_grace: Option<String>,
}

/// Where the service listens.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct OperationArgs {
    /// Address for events, health and metrics [default: 0.0.0.0 and the port in `PORT`].
    #[arg(long, env = "LISTEN", value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Port to listen on if no address is given. Knative sets it [default: 8080].
    #[arg(long, env = "PORT", value_name = "PORT")]
    pub port: Option<String>,
    /// A further address for health and metrics, which no sender of events can crowd out; its
    /// port is best open to the cluster's operators only [default: none].
    #[arg(long, env = "HEALTH_LISTEN", value_name = "ADDRESS")]
    pub health_listen: Option<String>,
    /// Write the bound addresses to this file, as `{"health":"...","http":"..."}`.
    #[arg(long, env = "ANNOUNCE", value_name = "FILE")]
    pub announce: Option<PathBuf>,
    /// Accepted and ignored, because the original's manifest passes it.
    #[arg(long, hide = true)]
    pub configpath: Option<String>,
}
