//! What is stored beside results.

use clap::ValueEnum;

/// What is stored beside results.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Output {
    /// Whether the analysis is stored beside each result: `none`, or `json`, under the key of the
    /// result with `.json` behind it.
    #[arg(
        long,
        env = "FACE_SIDECAR",
        value_name = "FORM",
        default_value = "none",
        hide_possible_values = true
    )]
    pub sidecar: Sidecar,
}

/// The form of the analysis that is stored beside a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sidecar {
    /// It is not stored.
    None,
    /// The data of the reply.
    Json,
}
