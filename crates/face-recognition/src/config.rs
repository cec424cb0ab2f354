//! The service's settings: flags and variables, their defaults, and the rules between them.

mod faces;
mod limits;
mod operation;
mod output;
mod storage;

use clap::Parser;
use service::credentials::CredentialSource;
use service::telemetry::TelemetryArgs;
use service::traces::TraceArgs;

pub use faces::{BackendKind, Faces};
pub use limits::Limits;
pub use operation::Operation;
pub use output::{Output, Sidecar};
pub use service::ConfigError;
pub use storage::{Allowed, RequestForm, Storage};

/// Takes events about photos in OSS and stores each photo again with its faces marked.
///
/// Credentials come from --credentials-file, from `ACCESSKEY_ID` and `ACCESSKEY_SECRET`, or
/// from the variables of the official SDKs, never from a flag.
#[derive(Clone, Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Config {
    /// Where photos come from and results go.
    #[command(flatten, next_help_heading = "Storage")]
    pub storage: Storage,
    /// How faces are found.
    #[command(flatten, next_help_heading = "Faces")]
    pub faces: Faces,
    /// What results look like, and what is stored beside them.
    #[command(flatten, next_help_heading = "Results")]
    pub output: Output,
    /// How much is done at one time.
    #[command(flatten, next_help_heading = "Limits")]
    pub limits: Limits,
    /// Where the service listens.
    #[command(flatten, next_help_heading = "Operation")]
    pub operation: Operation,
    /// Options for the logs.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
    /// Options for traces.
    #[command(flatten)]
    pub traces: TraceArgs,
}

impl Config {
    /// Checks the rules between settings and chooses where credentials come from; `lookup` finds
    /// the variables that hold some.
    ///
    /// # Errors
    /// Permanent; names every setting that is at fault and what it should be.
    pub fn check(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<CredentialSource, ConfigError> {
        let rules = [
            self.storage.mistake(),
            self.faces.mistake(),
            self.limits.mistake(),
        ];
        let mut mistakes: Vec<String> = rules.into_iter().flatten().collect();
        let file = self.storage.credentials_file.clone();
        match CredentialSource::from_vars(file, "CREDENTIALS_FILE", lookup) {
            Ok(source) if mistakes.is_empty() => return Ok(source),
            Ok(_) => {}
            Err(error) => mistakes.push(service::error_line(&error)),
        }
        Err(ConfigError(mistakes))
    }
}

#[cfg(test)]
mod tests;
