//! What is wrong with a configuration.

use thiserror::Error;

/// Everything that is wrong with a configuration. Permanent; never holds a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", .0.join("; "))]
pub struct ConfigError(pub(crate) Vec<String>);

impl ConfigError {
    /// One text per mistake.
    #[must_use]
    pub fn mistakes(&self) -> &[String] {
        &self.0
    }
}
