//! Face detection in this process: no cloud, no key, no cost.
//!
//! It finds positions only: gender and age stay unknown. Every picture is scaled to about the same
//! number of pixels, so that time and memory are bounded.

mod detector;
mod frame;
mod merge;
mod scale;

use std::sync::Arc;

use tokio::sync::Semaphore;

pub use detector::{LocalDetector, ModelError};

use crate::analysis::Analysis;
use crate::cpu::on_cpu;
use crate::error::FaceError;
use crate::photo::Photo;

pub(crate) const SERVICE: &str = "local";

/// The local back end. Cheap to clone; clones share the model and the permits.
#[derive(Clone, Debug)]
pub struct Local {
    detector: LocalDetector,
    permits: Arc<Semaphore>,
}

impl Local {
    /// Detects with `detector`, as many pictures at a time as `permits` allow. One detection
    /// takes about 60 MB while it lasts.
    #[must_use]
    pub fn new(detector: LocalDetector, permits: Arc<Semaphore>) -> Self {
        Self { detector, permits }
    }

    /// Analyses one photo.
    ///
    /// # Errors
    /// [`FaceError::PictureUnreadable`] and [`FaceError::Crashed`], both permanent, and
    /// [`FaceError::Unavailable`] while the process stops.
    ///
    /// # Cancel safety
    /// A detection under way runs to its end, keeping its permit.
    pub async fn analyse(&self, photo: Arc<dyn Photo>) -> Result<Analysis, FaceError> {
        let detector = self.detector.clone();
        on_cpu(&self.permits, SERVICE, move || {
            detect(&detector, photo.as_ref())
        })
        .await?
    }
}

fn detect(detector: &LocalDetector, photo: &dyn Photo) -> Result<Analysis, FaceError> {
    let dimensions = photo.dimensions();
    let luma = photo.luma(LocalDetector::useful_side(dimensions));
    let luma = luma.map_err(|source| FaceError::PictureUnreadable { source })?;
    let seen = luma.dimensions().into();
    let faces = detector.detect(&luma);
    Ok(Analysis { faces }.rescaled(seen, dimensions))
}
