//! Face analysis in this process: no cloud, no key, no cost.
//!
//! Three neural nets do it, built into the program (`models/README.md` says where they come
//! from): one finds faces, one estimates the age of each, one the gender. Time and memory are
//! bounded whatever the size of the photo.
//!
//! The nets are run by the crate `nets`: they load in milliseconds. One analysis runs at a time, on
//! all CPUs, so that memory is that of one.

mod analyser;
mod attributes;
mod candidate;
mod center_face;
mod chip;
mod detection_passes;
mod detector;
mod error;
mod nets;
mod portrait_nets;
mod settings;
mod tiles;

use std::sync::Arc;

use tokio::sync::Semaphore;

pub use analyser::{Analyser, Detection, NetOutputs};
pub use error::ModelError;
pub use settings::{InvalidSetting, Settings};

use crate::analysis::Analysis;
use crate::cpu::on_cpu;
use crate::error::FaceError;
use crate::photo::Photo;

pub(crate) const SERVICE: &str = "local";

/// The local back end. Cheap to clone; clones share the nets and the permits.
#[derive(Clone, Debug)]
pub struct Local {
    analyser: Analyser,
    permits: Arc<Semaphore>,
}

impl Local {
    /// Analyses with `analyser`, as many photos at a time as `permits` allow; of those whose pixels are
    /// ready, one at a time. An analysis takes about 50 MB while it lasts.
    #[must_use]
    pub fn new(analyser: Analyser, permits: Arc<Semaphore>) -> Self {
        Self { analyser, permits }
    }

    /// Analyses one photo.
    ///
    /// # Errors
    /// [`FaceError::PictureUnreadable`] and [`FaceError::Crashed`], both permanent, and
    /// [`FaceError::Unavailable`] while the process stops.
    ///
    /// # Cancel safety
    /// An analysis under way runs to its end, keeping its permit.
    pub async fn analyse(&self, photo: Arc<dyn Photo>) -> Result<Analysis, FaceError> {
        let analyser = self.analyser.clone();
        on_cpu(&self.permits, SERVICE, move || {
            analyse(&analyser, photo.as_ref())
        })
        .await?
    }
}

fn analyse(analyser: &Analyser, photo: &dyn Photo) -> Result<Analysis, FaceError> {
    let picture = photo.rgb(analyser.useful_side());
    let picture = picture.map_err(|source| FaceError::PictureUnreadable { source })?;
    let seen = picture.dimensions().into();
    let analysis = analyser.analyse(&picture);
    let analysis = analysis.map_err(|source| FaceError::Misconfigured {
        service: SERVICE,
        source: source.into(),
    })?;
    Ok(analysis.rescaled(seen, photo.dimensions()))
}
