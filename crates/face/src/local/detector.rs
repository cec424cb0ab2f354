//! `rustface` with its own model, run on one picture in several sizes.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use image::GrayImage;
use image::imageops::{FilterType, resize};
use rustface::{Detector, FaceInfo, ImageData, Model};
use thiserror::Error;
use tracing::debug;

use super::frame::{LEADING, framed};
use super::merge::{Finding, faces};
use super::scale::{MAX_WINDOW, PYRAMID, scaled, scales, to_f32, working_scale};
use crate::analysis::{Dimensions, Face};

/// The model of the `rustface` package that `Cargo.lock` names; the build script finds it.
const MODEL: &[u8] = include_bytes!(env!("RUSTFACE_MODEL"));

/// Pixels from one window to the next.
const STEP: u32 = 4;

/// Findings below this score are dropped; low, because other sizes may support them.
const LEAST_SCORE: f64 = 0.3;

/// Why there is no detector.
#[derive(Debug, Error)]
#[error("the face detection model is damaged")]
pub struct ModelError {
    #[source]
    source: std::io::Error,
}

/// Finds frontal faces in gray pictures. Cheap to clone; clones share the model.
#[derive(Clone)]
pub struct LocalDetector {
    model: Arc<Model>,
}

impl LocalDetector {
    /// Reads the model that is built in: once per process is enough, it takes milliseconds.
    ///
    /// # Errors
    /// Permanent: the program was built from a damaged package.
    pub fn new() -> Result<Self, ModelError> {
        let model = rustface::read_model(MODEL).map_err(|source| ModelError { source })?;
        Ok(Self {
            model: Arc::new(model),
        })
    }

    /// The longer side, in pixels, that a picture of this size needs to have for
    /// [`detect`](Self::detect); whoever can, scales a larger one down while decoding.
    #[must_use]
    pub fn useful_side(picture: Dimensions) -> u32 {
        let scale = working_scale(picture).min(1.0);
        scaled(picture, scale).long_side()
    }

    /// Finds the faces of a picture, from left to right, in its coordinates.
    ///
    /// The time is that of about 2.4 megapixels for large pictures and less for small ones; the
    /// memory is about 60 MB at most, beside the picture itself. Gender and age stay unknown.
    #[must_use]
    pub fn detect(&self, picture: &GrayImage) -> Vec<Face> {
        let dimensions = Dimensions::from(picture.dimensions());
        let first_scale = working_scale(dimensions);
        let first = resized(picture, scaled(dimensions, first_scale));
        let mut detector = self.configured();
        let mut findings = Vec::new();
        for scale in scales(dimensions) {
            let framed = framed(&resized(&first, scaled(dimensions, scale)));
            let seen = detector.detect(&ImageData::new(&framed, framed.width(), framed.height()));
            findings.extend(seen.iter().map(|face| finding(face, scale)));
        }
        let faces = faces(findings, first_scale, dimensions);
        debug!(faces = faces.len(), "searched for faces");
        faces
    }

    fn configured(&self) -> Box<dyn Detector> {
        let mut detector = rustface::create_detector_with_model(Model::clone(&self.model));
        detector.set_score_thresh(LEAST_SCORE);
        detector.set_pyramid_scale_factor(PYRAMID);
        detector.set_slide_window_step(STEP, STEP);
        detector.set_max_face_size(MAX_WINDOW);
        detector
    }
}

impl fmt::Debug for LocalDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalDetector").finish_non_exhaustive()
    }
}

fn resized(picture: &GrayImage, to: Dimensions) -> Cow<'_, GrayImage> {
    if Dimensions::from(picture.dimensions()) == to {
        return Cow::Borrowed(picture);
    }
    Cow::Owned(resize(picture, to.width, to.height, FilterType::Triangle))
}

/// A finding in coordinates of the picture, without frame and scale.
fn finding(face: &FaceInfo, scale: f32) -> Finding {
    let square = face.bbox();
    Finding {
        left: from_frame(square.x()) / scale,
        top: from_frame(square.y()) / scale,
        side: to_f32(square.width()) / scale,
        score: single(face.score()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "pictures are not that large")]
fn from_frame(position: i32) -> f32 {
    position as f32 - to_f32(LEADING)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a score is a sum of few singles"
)]
fn single(score: f64) -> f32 {
    score as f32
}
