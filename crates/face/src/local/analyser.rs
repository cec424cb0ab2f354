//! From a picture to faces with age and gender.
//!
//! The usual photo costs one run of the detector, one without people two smaller ones more.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::thread;

use image::RgbImage;
use parking_lot::Mutex;
use tracing::debug;

use super::attributes::{self, Attributes, attributes};
use super::candidate::{Candidate, non_maximum_suppression};
use super::chip::Chip;
use super::detection_passes::{DetectionPasses, FIRST_SIDE, pixels_of};
use super::detector;
use super::error::ModelError;
use super::nets::Nets;
use super::settings::Settings;
use crate::analysis::{Analysis, Dimensions, Face, Rect};

/// How much surer than usual the detector must be of a face in a turned copy.
const TURNED_MARGIN: f32 = 0.1;

/// Faces as narrow as this many pixels can be found.
const NARROWEST: f32 = 12.0;

/// The most pixels of the longer side that are of use.
const MAX_USEFUL_SIDE: u32 = 4000;

/// A face with what the nets tell of it beside the model that all back ends share.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// The face.
    pub face: Face,
    /// Left and right eye (as seen), tip of the nose, left and right corner of the mouth: x and y
    /// in pixels of the picture, which they may lie outside of.
    pub landmarks: [[f32; 2]; 5],
    /// Standard deviation of the age, in years; 0 if no age is estimated.
    pub age_deviation: f32,
}

/// Outputs of the nets for one picture, as a damaged net might give them.
#[derive(Clone, Copy, Debug)]
pub struct NetOutputs<'a> {
    /// Of the detector: scores, sizes, offsets and landmarks, pixel by pixel.
    pub detector: [&'a [f32]; 4],
    /// Probabilities of the ages of every face.
    pub ages: &'a [f32],
    /// Probabilities of the genders of every face.
    pub genders: &'a [f32],
}

/// Analyses pictures. Cheap to clone; clones share the nets, which are loaded at the first use.
#[derive(Clone)]
pub struct Analyser {
    settings: Settings,
    threads: usize,
    nets: Arc<OnceLock<Nets>>,
    /// Held by the analysis that runs: each uses all threads, and memory is that of one.
    running: Arc<Mutex<()>>,
}

impl Analyser {
    /// Analyses with `settings`, by `threads` threads, which all clones share.
    #[must_use]
    pub fn new(settings: Settings, threads: usize) -> Self {
        Self {
            settings,
            threads,
            nets: Arc::default(),
            running: Arc::default(),
        }
    }

    /// The pixels of the longer side that a picture needs to have for [`analyse`](Self::analyse);
    /// larger ones are best scaled down while they are decoded.
    #[must_use]
    pub fn useful_side(&self) -> u32 {
        let side = NARROWEST / (self.settings.smallest_face_percent() / 100.0);
        pixels(side).clamp(FIRST_SIDE, MAX_USEFUL_SIDE)
    }

    /// The faces of a picture, as [`detect`](Self::detect) finds them.
    ///
    /// # Errors
    /// As for [`detect`](Self::detect).
    pub fn analyse(&self, picture: &RgbImage) -> Result<Analysis, ModelError> {
        let detections = self.detect(picture)?.into_iter();
        Ok(Analysis {
            faces: detections.map(|detection| detection.face).collect(),
        })
    }

    /// Finds the faces of a picture, from left to right, in its coordinates, and estimates age and
    /// gender of each.
    ///
    /// Takes about 40 ms of CPU for most pictures and 2 ms per face, more for crowds, and about
    /// 50 MB beside the picture; clones take turns. Blocks; call it off the async runtime.
    ///
    /// # Errors
    /// [`ModelError`], permanent: the program was built from damaged files.
    pub fn detect(&self, picture: &RgbImage) -> Result<Vec<Detection>, ModelError> {
        if picture.width() == 0 || picture.height() == 0 {
            return Ok(Vec::new());
        }
        let _running = self.running.lock();
        let nets = self.nets()?;
        let found = self.find(nets, picture);
        let attributes = self.attributes(nets, picture, &found)?;
        let found = found.iter().zip(attributes);
        let detections = found.filter_map(|(candidate, attributes)| {
            detection(candidate, attributes, picture.dimensions().into())
        });
        let mut detections: Vec<_> = detections.collect();
        detections.sort_by_key(|it| (it.face.rect.left, it.face.rect.top));
        debug!(faces = detections.len(), "looked for faces");
        Ok(detections)
    }

    /// The faces that such outputs would amount to, without running a net: for tests of what
    /// becomes of numbers that no undamaged net gives. The sides of the picture must be multiples
    /// of 32.
    ///
    /// # Errors
    /// [`ModelError`] when outputs have a wrong shape or are no numbers.
    pub fn read(
        &self,
        outputs: &NetOutputs<'_>,
        picture: &RgbImage,
    ) -> Result<Vec<Detection>, ModelError> {
        let least = self.settings.confidence();
        let candidates = detector::read(outputs.detector, picture.width() as usize, least);
        let mut detections = Vec::new();
        for candidate in self.faces(candidates, picture) {
            // Not looked at, but it must be possible to cut.
            Chip::cut(picture, &candidate.landmarks);
            let attributes = attributes::read(Some(outputs.ages), Some(outputs.genders))?;
            detections.extend(detection(
                &candidate,
                attributes,
                picture.dimensions().into(),
            ));
        }
        Ok(detections)
    }

    fn nets(&self) -> Result<&Nets, ModelError> {
        if let Some(nets) = self.nets.get() {
            return Ok(nets);
        }
        let nets = Nets::load()?;
        Ok(self.nets.get_or_init(|| nets))
    }

    fn find(&self, nets: &Nets, picture: &RgbImage) -> Vec<Candidate> {
        let confidence = self.settings.confidence();
        let passes = DetectionPasses {
            net: &nets.detector,
            threads: self.threads,
            picture,
        };
        let mut found = non_maximum_suppression(passes.whole_picture(confidence));
        found.extend(passes.tiled(&found, confidence));
        let faces = self.faces(found, picture);
        if !faces.is_empty() {
            return faces;
        }
        self.faces(passes.rotated(confidence + TURNED_MARGIN), picture)
    }

    /// Those of each face, which the threads share.
    fn attributes(
        &self,
        nets: &Nets,
        picture: &RgbImage,
        faces: &[Candidate],
    ) -> Result<Vec<Attributes>, ModelError> {
        let set = self.settings.attributes();
        let of = |face: &Candidate| attributes(nets, picture, &face.landmarks, set);
        let each = faces.len().div_ceil(self.threads.max(1)).max(1);
        if each >= faces.len() {
            return faces.iter().map(of).collect();
        }
        let mut all: Vec<_> = faces.iter().map(|_| None).collect();
        thread::scope(|scope| {
            for (faces, all) in faces.chunks(each).zip(all.chunks_mut(each)) {
                scope.spawn(move || {
                    for (face, one) in faces.iter().zip(all) {
                        *one = Some(of(face));
                    }
                });
            }
        });
        all.into_iter().flatten().collect()
    }

    /// Those of the candidates that are faces.
    fn faces(&self, mut candidates: Vec<Candidate>, picture: &RgbImage) -> Vec<Candidate> {
        let long = pixels_of(picture.width().max(picture.height()));
        let narrowest = long * self.settings.smallest_face_percent() / 100.0;
        let is_face =
            |it: &Candidate| it.score >= self.settings.confidence() && it.width >= narrowest;
        candidates.retain(is_face);
        non_maximum_suppression(candidates)
    }
}

impl fmt::Debug for Analyser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Analyser")
            .field("settings", &self.settings)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

fn detection(
    candidate: &Candidate,
    attributes: Attributes,
    picture: Dimensions,
) -> Option<Detection> {
    let rect = Rect::clipped(
        f64::from(candidate.left),
        f64::from(candidate.top),
        f64::from(candidate.width),
        f64::from(candidate.height),
        picture,
    )?;
    let face = Face {
        rect,
        probability: Some(share(candidate.score)),
        gender: attributes.gender.map(|(gender, _)| gender),
        gender_probability: attributes.gender.map(|(_, probability)| share(probability)),
        age: attributes.age.map(|(age, _)| age),
    };
    Some(Detection {
        face,
        landmarks: candidate.landmarks.map(|point| [point.x, point.y]),
        age_deviation: attributes.age.map_or(0.0, |(_, deviation)| deviation),
    })
}

/// A probability to three places, which is more than it is good for.
fn share(probability: f32) -> f32 {
    (probability.clamp(0.0, 1.0) * 1000.0).round() / 1000.0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "settings are positive, and what is too large saturates"
)]
fn pixels(number: f32) -> u32 {
    number.round() as u32
}
