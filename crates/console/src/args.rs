//! The console's flags and variables, as text; [`Config`](crate::Config) checks them.

use std::path::PathBuf;

use clap::Parser;
use service::telemetry::TelemetryArgs;

/// Shows photos on their way through the pipeline, in a page for the browser.
///
/// Credentials come from --credentials-file, from `ACCESSKEY_ID` and `ACCESSKEY_SECRET`, or
/// from the variables of the official SDKs, never from a flag.
#[derive(Clone, Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Args {
    /// Where photos and results are.
    #[command(flatten, next_help_heading = "Bucket")]
    pub bucket: BucketArgs,
    /// The queue between bucket and adapter.
    #[command(flatten, next_help_heading = "Queue")]
    pub queue: QueueArgs,
    /// Who may use the page.
    #[command(flatten, next_help_heading = "Access")]
    pub access: AccessArgs,
    /// Where the console listens.
    #[command(flatten, next_help_heading = "Operation")]
    pub operation: OperationArgs,
    /// Options for the logs.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// Where photos and results are.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct BucketArgs {
    /// The bucket.
    #[arg(long, env = "OSS_BUCKET", value_name = "NAME")]
    pub bucket: Option<String>,
    /// Its region.
    #[arg(long, env = "OSS_REGION", value_name = "NAME")]
    pub region: Option<String>,
    /// Endpoint for the console [default: that of the region].
    #[arg(long, env = "OSS_ENDPOINT", value_name = "URL")]
    pub oss_endpoint: Option<String>,
    /// Endpoint for browsers [default: --oss-endpoint, else the public one of the region].
    #[arg(long, env = "OSS_PUBLIC_ENDPOINT", value_name = "URL")]
    pub oss_public_endpoint: Option<String>,
    /// How a bucket is put into an endpoint: `virtual`, `path` or `cname` [default: virtual].
    #[arg(long, env = "OSS_ADDRESSING", value_name = "FORM")]
    pub oss_addressing: Option<String>,
    /// Signature version: `v4` or `v1` [default: v4].
    #[arg(long, env = "OSS_SIGNATURE", value_name = "VERSION")]
    pub oss_signature: Option<String>,
    /// Folder in the bucket for results, as the face service has it.
    #[arg(long, env = "UPLOAD_OSS_PATH", value_name = "PATH")]
    pub results: Option<String>,
    /// Folder in the bucket for photos that the page uploads [default: photos].
    #[arg(long, env = "CONSOLE_PHOTOS", value_name = "PATH")]
    pub photos: Option<String>,
    /// Largest photo that the page uploads, in bytes [default: 104857600].
    #[arg(long, env = "CONSOLE_MAX_UPLOAD_BYTES", value_name = "BYTES")]
    pub max_upload_bytes: Option<String>,
    /// How long a URL or form for the browser lives, ISO 8601, from PT1M to PT1H [default: PT5M].
    #[arg(long, env = "CONSOLE_URL_LIFETIME", value_name = "DURATION")]
    pub url_lifetime: Option<String>,
    /// A mounted Secret: a file with `{"accessKeyId","accessKeySecret"}`, or its directory.
    #[arg(long, env = "CREDENTIALS_FILE", value_name = "PATH")]
    pub credentials_file: Option<PathBuf>,
}

/// The queue between bucket and adapter.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct QueueArgs {
    /// Endpoint of MNS; needed with --mns-queue unless the mounted Secret names it.
    #[arg(long, env = "MNS_ENDPOINT", value_name = "URL")]
    pub mns_endpoint: Option<String>,
    /// The queue; without it the page shows no queue [default: none].
    #[arg(long, env = "MNS_QUEUE", value_name = "NAME")]
    pub mns_queue: Option<String>,
    /// In a cluster, the `MnsOssSource` in the console's namespace that the photos come by: its
    /// status names the queue and counts the adapters [default: none].
    #[arg(long, env = "CONSOLE_SOURCE", value_name = "NAME")]
    pub source: Option<String>,
}

/// Who may use the page.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct AccessArgs {
    /// A file with the token that people sign in with, of 16 characters or more.
    #[arg(long, env = "CONSOLE_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// A header in which an authenticating proxy names the user, in place of a token. The proxy
    /// must be the only way to the console, and replace the header when a client sends it.
    #[arg(long, env = "CONSOLE_USER_HEADER", value_name = "NAME")]
    pub user_header: Option<String>,
    /// Let the browser send the cookie over plain HTTP: `true` or `false` [default: false].
    #[arg(long, env = "CONSOLE_INSECURE_COOKIE", value_name = "BOOL")]
    pub insecure_cookie: Option<String>,
    /// The name that the console has inside its cluster, or the start of it: events sent to any
    /// other name are refused [default: every name will do].
    #[arg(long, env = "CONSOLE_EVENTS_HOST", value_name = "NAME")]
    pub events_host: Option<String>,
}

/// Where the console listens.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct OperationArgs {
    /// Address for page, events, health and metrics [default: 0.0.0.0 and the port in `PORT`].
    #[arg(long, env = "LISTEN", value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Port to listen on if no address is given. Knative sets it [default: 8080].
    #[arg(long, env = "PORT", value_name = "PORT")]
    pub port: Option<String>,
    /// Write the bound address to this file, as `{"http":"..."}`.
    #[arg(long, env = "ANNOUNCE", value_name = "FILE")]
    pub announce: Option<PathBuf>,
}
