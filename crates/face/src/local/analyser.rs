//! From a picture to faces with age and gender.
//!
//! The whole picture is looked at first, no side above 640 pixels. Where that look hints at faces
//! too small for it, the picture itself is looked at in tiles. If no face is found at all, the
//! picture is looked at twice more, turned by 90 degrees to either side. So the usual photo costs
//! one run of the detector, one without people two smaller ones more.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use image::RgbImage;
use image::imageops::{FilterType, crop_imm, resize, rotate90, rotate270};
use tracing::debug;

use super::attributes::{self, Attributes, attributes};
use super::candidate::{Candidate, Placement, best};
use super::chip::Chip;
use super::detector::{self, candidates};
use super::error::ModelError;
use super::nets::Nets;
use super::settings::Settings;
use super::tiles::{self, Tile, tiles};
use crate::analysis::{Analysis, Dimensions, Face, Rect};

/// Pixels of the longer side in a look at turned copies. A head that lies on its side is rarely
/// a small one.
const TURNED_SIDE: u32 = 416;

/// How much surer than usual the detector must be of a face in a turned copy.
const TURNED_MARGIN: f32 = 0.1;

/// Width in pixels below which the first look sees faces badly, if at all, and the score with
/// which it hints at one. What is no face rarely seems this small.
const SMALL: f32 = 10.5;
const SMALL_HINT: f32 = 0.1;

/// Width in pixels below which a closer look can confirm a face, and the score from which on it
/// may be one.
const MEDIUM: f32 = 24.0;
const MEDIUM_HINT: f32 = 0.3;

/// Faces as narrow as this many pixels can be found.
const NARROWEST: f32 = 12.0;

/// The most pixels of the longer side that are of use.
const MAX_USEFUL_SIDE: u32 = 4000;

/// Pictures whose longer side has fewer pixels are enlarged.
const ENLARGED_BELOW: u32 = 160;

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
    /// Of the detector: scores, sizes, offsets and landmarks.
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
    turn: Arc<Mutex<()>>,
}

impl Analyser {
    /// Analyses with `settings`, by `threads` threads, which all clones share.
    #[must_use]
    pub fn new(settings: Settings, threads: usize) -> Self {
        Self {
            settings,
            threads,
            nets: Arc::default(),
            turn: Arc::default(),
        }
    }

    /// The pixels of the longer side that a picture needs to have for [`analyse`](Self::analyse);
    /// whoever can, scales a larger one down while decoding.
    #[must_use]
    pub fn useful_side(&self) -> u32 {
        let side = NARROWEST / (self.settings.smallest_face_percent() / 100.0);
        pixels(side).clamp(tiles::SIDE, MAX_USEFUL_SIDE)
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
    /// Takes about 0.1 s of CPU for most pictures and 5 ms per face, more for crowds, and about
    /// 110 MB beside the picture; clones take turns. Blocks; call it off the async runtime.
    ///
    /// # Errors
    /// [`ModelError`], permanent: the program was built from damaged files.
    pub fn detect(&self, picture: &RgbImage) -> Result<Vec<Detection>, ModelError> {
        if picture.width() == 0 || picture.height() == 0 {
            return Ok(Vec::new());
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let nets = self.nets()?;
        let found = self.find(nets, picture)?;
        let mut detections = Vec::with_capacity(found.len());
        for candidate in found {
            let set = self.settings.attributes();
            let attributes = attributes(nets, picture, &candidate.landmarks, set)?;
            detections.extend(detection(
                &candidate,
                attributes,
                picture.dimensions().into(),
            ));
        }
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
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let least = self.settings.confidence();
        let candidates = detector::read(outputs.detector, (width, height), least);
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
        let nets = Nets::load(self.threads)?;
        Ok(self.nets.get_or_init(|| nets))
    }

    fn find(&self, nets: &Nets, picture: &RgbImage) -> Result<Vec<Candidate>, ModelError> {
        let confidence = self.settings.confidence();
        let first = look(nets, picture, tiles::SIDE, confidence.min(SMALL_HINT))?;
        let mut found = best(first);
        let closer = look_closer(nets, picture, &found, confidence)?;
        found.extend(closer);
        let faces = self.faces(found, picture);
        if !faces.is_empty() {
            return Ok(faces);
        }
        let turned = look_at_turned(nets, picture, confidence + TURNED_MARGIN)?;
        Ok(self.faces(turned, picture))
    }

    /// Those of the candidates that are faces.
    fn faces(&self, mut candidates: Vec<Candidate>, picture: &RgbImage) -> Vec<Candidate> {
        let long = pixels_of(picture.width().max(picture.height()));
        let narrowest = long * self.settings.smallest_face_percent() / 100.0;
        let is_face =
            |it: &Candidate| it.score >= self.settings.confidence() && it.width >= narrowest;
        candidates.retain(is_face);
        best(candidates)
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

/// Candidates of the whole picture, made to fit into a square of `side` pixels.
fn look(
    nets: &Nets,
    picture: &RgbImage,
    side: u32,
    least: f32,
) -> Result<Vec<Candidate>, ModelError> {
    let small = fitted(picture, side);
    let placement = Placement {
        left: 0.0,
        top: 0.0,
        scale: scale(picture, &small),
    };
    let candidates = candidates(&nets.detector, &small, least)?;
    Ok(candidates.iter().map(|it| it.placed(placement)).collect())
}

/// Candidates in those tiles of the picture in which the first look saw what may be small faces.
fn look_closer(
    nets: &Nets,
    picture: &RgbImage,
    seen: &[Candidate],
    least: f32,
) -> Result<Vec<Candidate>, ModelError> {
    let long = picture.width().max(picture.height());
    let first_scale = pixels_of(tiles::SIDE) / pixels_of(long);
    if first_scale >= 1.0 {
        return Ok(Vec::new());
    }
    let deserves = |it: &&Candidate| {
        let width = it.width * first_scale;
        width < SMALL || width < MEDIUM && (MEDIUM_HINT..least).contains(&it.score)
    };
    let hints: Vec<_> = seen
        .iter()
        .filter(deserves)
        .map(Candidate::centre)
        .collect();
    let mut found = Vec::new();
    for tile in tiles(picture.width(), picture.height()) {
        if !hints.iter().any(|hint| tile.contains(hint.x, hint.y)) {
            continue;
        }
        let part = crop_imm(picture, tile.left, tile.top, tile.width, tile.height).to_image();
        let whole = candidates(&nets.detector, &part, least)?;
        let placement = Placement {
            left: pixels_of(tile.left),
            top: pixels_of(tile.top),
            scale: 1.0,
        };
        let whole = whole.iter().filter(|it| !tile.cuts(it, picture));
        found.extend(whole.map(|it| it.placed(placement)));
    }
    Ok(found)
}

impl Tile {
    fn contains(&self, x: f32, y: f32) -> bool {
        let along = |start: u32, length: u32, at: f32| {
            (pixels_of(start)..pixels_of(start + length)).contains(&at)
        };
        along(self.left, self.width, x) && along(self.top, self.height, y)
    }

    /// Whether an edge of the tile that is none of the picture cuts a candidate of the tile.
    fn cuts(&self, candidate: &Candidate, picture: &RgbImage) -> bool {
        let cuts = |tile: (u32, u32), whole: u32, at: f32, length: f32| {
            let (start, side) = tile;
            (start > 0 && at < 0.0) || (start + side < whole && at + length > pixels_of(side))
        };
        let (left, top) = (candidate.left, candidate.top);
        cuts(
            (self.left, self.width),
            picture.width(),
            left,
            candidate.width,
        ) || cuts(
            (self.top, self.height),
            picture.height(),
            top,
            candidate.height,
        )
    }
}

/// Candidates of the picture turned to either side, where they are in the upright one.
fn look_at_turned(
    nets: &Nets,
    picture: &RgbImage,
    least: f32,
) -> Result<Vec<Candidate>, ModelError> {
    let small = fitted(picture, TURNED_SIDE);
    let (width, height) = (pixels_of(small.width()), pixels_of(small.height()));
    let placement = Placement {
        left: 0.0,
        top: 0.0,
        scale: scale(picture, &small),
    };
    let counterclockwise = candidates(&nets.detector, &rotate270(small.as_ref()), least)?;
    let clockwise = candidates(&nets.detector, &rotate90(small.as_ref()), least)?;
    let counterclockwise = counterclockwise.iter().map(|it| it.turned_clockwise(width));
    let clockwise = clockwise
        .iter()
        .map(|it| it.turned_counterclockwise(height));
    let upright = counterclockwise.chain(clockwise);
    Ok(upright.map(|it| it.placed(placement)).collect())
}

/// The picture with its longer side scaled to `side` pixels, where that makes it smaller; a tiny
/// one doubled.
fn fitted(picture: &RgbImage, side: u32) -> Cow<'_, RgbImage> {
    let long = picture.width().max(picture.height());
    let factor = if long > side {
        f64::from(side) / f64::from(long)
    } else if long < ENLARGED_BELOW {
        2.0
    } else {
        return Cow::Borrowed(picture);
    };
    let scaled = |length: u32| scaled(length, factor);
    let (width, height) = (scaled(picture.width()), scaled(picture.height()));
    Cow::Owned(resize(picture, width, height, FilterType::Triangle))
}

/// Pixels of `small` per pixel of `picture`.
fn scale(picture: &RgbImage, small: &RgbImage) -> f32 {
    let long = |picture: &RgbImage| pixels_of(picture.width().max(picture.height()));
    long(small) / long(picture)
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
    reason = "at least 1 and at most 640"
)]
fn scaled(length: u32, factor: f64) -> u32 {
    (f64::from(length) * factor).round().max(1.0) as u32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "settings are positive, and what is too large saturates"
)]
fn pixels(number: f32) -> u32 {
    number.round() as u32
}

#[expect(clippy::cast_precision_loss, reason = "pictures are not that large")]
fn pixels_of(number: u32) -> f32 {
    number as f32
}
