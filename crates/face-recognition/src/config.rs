//! What the service was told to do, checked once.
//!
//! Every mistake is reported, each with what to set. Only where credentials come from is
//! decided here; they change while the process runs.

mod faces;
mod limits;
mod operation;
mod storage;

use std::path::PathBuf;

use service::credentials::CredentialSource;
use service::findings::{Findings, present_path};

use crate::Args;
pub use faces::{Faces, Finder};
pub use limits::Limits;
pub use operation::Operation;
pub use service::ConfigError;
pub use storage::Storage;

/// Everything the service needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where photos come from and results go.
    pub storage: Storage,
    /// Who finds the faces.
    pub faces: Faces,
    /// How much is done at one time.
    pub limits: Limits,
    /// Where the service listens.
    pub operation: Operation,
    /// Where credentials come from.
    pub credentials: CredentialSource,
}

impl Config {
    /// Checks the arguments and, through `lookup`, the variables that hold credentials. An
    /// empty value counts as absent.
    ///
    /// # Errors
    /// Permanent; names every bad or missing setting and what it should be.
    pub fn from_args(
        args: Args,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let Args {
            storage,
            faces,
            limits,
            operation,
            telemetry: _,
        } = args;
        let mut found = Findings::default();
        let credentials = credentials(&mut found, storage.credentials_file.clone(), lookup);
        let storage = Storage::check(&mut found, storage);
        let faces = Faces::check(&mut found, &faces);
        let limits = Limits::check(&mut found, &limits);
        let operation = Operation::check(&mut found, operation);
        let (Some(storage), Some(credentials)) = (storage, credentials) else {
            return Err(found.into());
        };
        found.none()?;
        Ok(Self {
            storage,
            faces,
            limits,
            operation,
            credentials,
        })
    }
}

fn credentials(
    found: &mut Findings,
    file: Option<PathBuf>,
    lookup: impl Fn(&str) -> Option<String>,
) -> Option<CredentialSource> {
    CredentialSource::from_vars(present_path(file), "CREDENTIALS_FILE", lookup)
        .map_err(|error| found.add(service::error_line(&error)))
        .ok()
}

#[cfg(test)]
mod tests;
