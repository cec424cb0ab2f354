//! The passes of the detector over a picture.
//!
//! The first one is over the whole picture, no side above 640 pixels. Where it hints at faces
//! that are too small for it, tiles of the picture itself follow. If no face is found at all, two more
//! are over the picture rotated by 90 degrees to either side.

use std::borrow::Cow;

use image::RgbImage;
use image::imageops::{FilterType, crop_imm, resize, rotate90, rotate270};

use super::candidate::{Candidate, Placement};
use super::center_face::CenterFace;
use super::detector::candidates;
use super::tiles::tiles;

/// Pixels of the longer side in the first pass.
pub(super) const FIRST_SIDE: u32 = 640;

/// Pixels of the longer side of rotated copies. A head that lies on its side is rarely
/// a small one.
const ROTATED_SIDE: u32 = 416;

/// Width in pixels below which the first pass finds faces badly, if at all, and the score with
/// which it hints at one. What is no face rarely seems this small.
const SMALL: f32 = 10.5;
const SMALL_HINT: f32 = 0.1;

/// Width in pixels below which a tile can confirm a face, and the score from which on it
/// may be one.
const MEDIUM: f32 = 24.0;
const MEDIUM_HINT: f32 = 0.3;

/// Pictures whose longer side has fewer pixels are enlarged.
const ENLARGED_BELOW: u32 = 160;

/// A picture, and what its passes need.
pub(super) struct DetectionPasses<'a> {
    pub(super) net: &'a CenterFace,
    pub(super) threads: usize,
    pub(super) picture: &'a RgbImage,
}

impl DetectionPasses<'_> {
    /// Candidates of the whole picture; of those that may be small faces also what has a score
    /// below `least`.
    pub(super) fn whole_picture(&self, least: f32) -> Vec<Candidate> {
        let small = fitted(self.picture, FIRST_SIDE);
        let placement = self.whole(&small);
        let candidates = candidates(self.net, &small, least.min(SMALL_HINT), self.threads);
        candidates.iter().map(|it| it.placed(placement)).collect()
    }

    /// Candidates in those tiles of the picture in which the first pass found what may be small
    /// faces.
    pub(super) fn tiled(&self, seen: &[Candidate], least: f32) -> Vec<Candidate> {
        let first_scale = pixels_of(FIRST_SIDE) / pixels_of(self.long_side());
        if first_scale >= 1.0 {
            return Vec::new();
        }
        let deserves = |it: &&Candidate| {
            let width = it.width * first_scale;
            width < SMALL || width < MEDIUM && (MEDIUM_HINT..least).contains(&it.score)
        };
        let hints = seen.iter().filter(deserves).map(Candidate::centre);
        let hints: Vec<_> = hints.collect();
        let mut found = Vec::new();
        for tile in tiles(self.picture.width(), self.picture.height()) {
            if !hints.iter().any(|hint| tile.contains(*hint)) {
                continue;
            }
            let part = crop_imm(self.picture, tile.left, tile.top, tile.width, tile.height);
            let placement = Placement {
                left: pixels_of(tile.left),
                top: pixels_of(tile.top),
                scale: 1.0,
            };
            let candidates = candidates(self.net, &part.to_image(), least, self.threads);
            let whole = candidates.iter().filter(|it| !tile.cuts(it, self.picture));
            found.extend(whole.map(|it| it.placed(placement)));
        }
        found
    }

    /// Candidates of the picture rotated to either side, where they are in the upright one.
    pub(super) fn rotated(&self, least: f32) -> Vec<Candidate> {
        let small = fitted(self.picture, ROTATED_SIDE);
        let (width, height) = (pixels_of(small.width()), pixels_of(small.height()));
        let placement = self.whole(&small);
        let detect = |rotated: &RgbImage| candidates(self.net, rotated, least, self.threads);
        let counterclockwise = detect(&rotate270(small.as_ref()));
        let clockwise = detect(&rotate90(small.as_ref()));
        let counterclockwise = counterclockwise
            .iter()
            .map(|it| it.rotated_clockwise(width));
        let clockwise = clockwise
            .iter()
            .map(|it| it.rotated_counterclockwise(height));
        let upright = counterclockwise.chain(clockwise);
        upright.map(|it| it.placed(placement)).collect()
    }

    fn long_side(&self) -> u32 {
        self.picture.width().max(self.picture.height())
    }

    /// Of a copy of the whole picture.
    fn whole(&self, copy: &RgbImage) -> Placement {
        let long = copy.width().max(copy.height());
        Placement {
            left: 0.0,
            top: 0.0,
            scale: pixels_of(long) / pixels_of(self.long_side()),
        }
    }
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

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at least 1 and at most 640"
)]
fn scaled(length: u32, factor: f64) -> u32 {
    (f64::from(length) * factor).round().max(1.0) as u32
}

#[expect(clippy::cast_precision_loss, reason = "pictures are not that large")]
pub(super) fn pixels_of(number: u32) -> f32 {
    number as f32
}
