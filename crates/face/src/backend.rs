//! One type for all back ends.

use std::sync::Arc;

use tracing::instrument;

use crate::analysis::Analysis;
use crate::dataplus::Dataplus;
use crate::error::FaceError;
use crate::facebody::Facebody;
use crate::imm::Imm;
use crate::local::Local;
use crate::photo::Photo;
use crate::{dataplus, facebody, imm, local};

/// A back end that finds faces. Cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Backend {
    /// The old face API.
    Dataplus(Dataplus),
    /// Today's face API.
    Facebody(Facebody),
    /// The face API that reads buckets.
    Imm(Imm),
    /// This process.
    Local(Local),
}

impl Backend {
    /// The name of the back end, from a closed set: fit for a metric's label.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dataplus(_) => dataplus::SERVICE,
            Self::Facebody(_) => facebody::SERVICE,
            Self::Imm(_) => imm::SERVICE,
            Self::Local(_) => local::SERVICE,
        }
    }

    /// Analyses one photo.
    ///
    /// # Errors
    /// See [`FaceError::disposition`]; temporary failures have been retried as the transport's
    /// policy allows.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the analysis; a call that was made may still be billed.
    #[instrument(skip_all, fields(face.backend = self.name()))]
    pub async fn analyse(&self, photo: Arc<dyn Photo>) -> Result<Analysis, FaceError> {
        match self {
            Self::Dataplus(backend) => backend.analyse(photo).await,
            Self::Facebody(backend) => backend.analyse(photo).await,
            Self::Imm(backend) => backend.analyse(photo).await,
            Self::Local(backend) => backend.analyse(photo).await,
        }
    }
}

impl From<Dataplus> for Backend {
    fn from(backend: Dataplus) -> Self {
        Self::Dataplus(backend)
    }
}

impl From<Facebody> for Backend {
    fn from(backend: Facebody) -> Self {
        Self::Facebody(backend)
    }
}

impl From<Imm> for Backend {
    fn from(backend: Imm) -> Self {
        Self::Imm(backend)
    }
}

impl From<Local> for Backend {
    fn from(backend: Local) -> Self {
        Self::Local(backend)
    }
}
