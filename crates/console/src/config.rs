//! The console's settings: flags and variables, their defaults, and the rules between them.

mod access;
mod bucket;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Parser;
use mns::QueueName;
use service::credentials::CredentialSource;
use service::settings::{listen_address, number};
use service::telemetry::TelemetryArgs;

pub(crate) use access::AuthMethod;
pub use access::{Access, AccessConfig};
pub use bucket::BucketConfig;
pub use service::ConfigError;

/// Shows photos on their way through the pipeline, in a page for the browser.
///
/// Credentials come from --credentials-file, from `ACCESSKEY_ID` and `ACCESSKEY_SECRET`, or
/// from the variables of the official SDKs, never from a flag.
#[derive(Clone, Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Config {
    /// Where photos and results are.
    #[command(flatten, next_help_heading = "Bucket")]
    pub bucket: BucketConfig,
    /// The queue between bucket and adapter.
    #[command(flatten, next_help_heading = "Queue")]
    pub queue: QueueConfig,
    /// Who may use the page.
    #[command(flatten, next_help_heading = "Access")]
    pub access: AccessConfig,
    /// Where the console listens.
    #[command(flatten, next_help_heading = "Operation")]
    pub operation: Operation,
    /// Options for the logs.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// The queue between bucket and adapter.
#[derive(Clone, Debug, clap::Args)]
pub struct QueueConfig {
    /// Endpoint of MNS; needed with --mns-queue unless the mounted Secret names it.
    #[arg(id = "mns-endpoint", long, env = "MNS_ENDPOINT", value_name = "URL")]
    pub endpoint: Option<mns::Endpoint>,
    /// The queue; without it the page shows no queue [default: none].
    #[arg(id = "mns-queue", long, env = "MNS_QUEUE", value_name = "NAME")]
    pub name: Option<QueueName>,
    /// In a cluster, the `MnsOssSource` in the console's namespace that the photos come by: its
    /// status names the queue and counts the adapters [default: none].
    #[arg(long, env = "CONSOLE_SOURCE", value_name = "NAME")]
    pub source: Option<String>,
}

/// Where the console listens.
#[derive(Clone, Debug, clap::Args)]
pub struct Operation {
    /// Address for page, events, health and metrics [default: 0.0.0.0 and the port in `PORT`].
    #[arg(long, env = "LISTEN", value_name = "ADDRESS", value_parser = listen_address)]
    pub listen: Option<SocketAddr>,
    /// Port to listen on if no address is given. Knative sets it.
    #[arg(long, env = "PORT", value_name = "PORT", default_value = "8080", value_parser = number(0..=u16::MAX))]
    pub port: u16,
    /// Write the bound address to this file, as `{"http":"..."}`.
    #[arg(long, env = "ANNOUNCE", value_name = "FILE")]
    pub announce: Option<PathBuf>,
}

impl Config {
    /// Checks the rules between settings, reads the token, and chooses where credentials come
    /// from; `lookup` finds the variables that hold some.
    ///
    /// # Errors
    /// Permanent; names every setting that is at fault and what it should be.
    pub fn check(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<(Access, CredentialSource), ConfigError> {
        let file = self.bucket.credentials_file.clone();
        let credentials = CredentialSource::from_vars(file, "CREDENTIALS_FILE", lookup)
            .map_err(|error| service::error_line(&error));
        let mut mistakes = self.bucket.mistakes();
        match (self.access.open(), credentials) {
            (Ok(access), Ok(credentials)) if mistakes.is_empty() => Ok((access, credentials)),
            (access, credentials) => {
                mistakes.extend(access.err().into_iter().chain(credentials.err()));
                Err(ConfigError(mistakes))
            }
        }
    }
}

impl Operation {
    /// The address for page, events, health and metrics.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listen
            .unwrap_or((Ipv4Addr::UNSPECIFIED, self.port).into())
    }
}

#[cfg(test)]
mod tests;
