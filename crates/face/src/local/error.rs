//! Why a built-in net did not answer.

use nets::BadWeights;
use thiserror::Error;

/// A built-in net cannot be used. Permanent: the program was built from damaged files.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The net is no net.
    #[error("the built-in net `{net}` cannot be loaded")]
    Load {
        /// `detector`, `age` or `gender`.
        net: &'static str,
        /// What is wrong with it.
        #[source]
        source: BadWeights,
    },
    /// The response holds something else than numbers.
    #[error("the built-in net `{net}` gave an answer that is no number")]
    NotANumber {
        /// `age` or `gender`.
        net: &'static str,
    },
    /// The response has another shape than it should.
    #[error("the built-in net `{net}` gave an answer of the wrong shape")]
    Shape {
        /// `gender`.
        net: &'static str,
    },
}
