//! Places everything, by arithmetic alone: no pixels, so it can be tested to the last one.

use face::Face;
use image::RgbImage;

use super::area::Area;
use super::banner;
use super::boxes::{FaceBox, face_box};
use super::hide::Hidden;
use super::label::{self, Label};
use super::options::{Banner, Mark, Metadata, Options};
use super::paint::{paint_box, paint_plate, sides};
use super::plate::Plate;
use crate::overlay::{Overlay, SIDE};

mod labels;
#[cfg(test)]
mod tests;

/// Most faces that are boxed. The largest crowds in which single faces can be told apart are
/// about as large; more boxes would lie upon each other.
pub const MAX_BOXES: usize = 1000;

/// Most faces that are labelled.
pub const MAX_LABELS: usize = 300;

/// Everything that is to be drawn, in the order of drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Width and height of the upright picture, in pixels.
    size: (u32, u32),
    /// One per face if faces are hidden, and then nothing but the banner beside.
    hidden: Vec<Hidden>,
    /// One per face, from left to right; of more than [`MAX_BOXES`], the largest.
    boxes: Vec<FaceBox>,
    /// One per face at most; of more than [`MAX_LABELS`], the largest.
    labels: Vec<Plate>,
    /// The count of all.
    banner: Option<Plate>,
    keeps_metadata: bool,
}

impl Plan {
    /// Plans for a picture of `size` upright pixels.
    ///
    /// Faces outside the picture get no box, but are counted.
    pub(crate) fn new(size: (u32, u32), faces: &[Face], options: Options) -> Self {
        let pixels = |side: u32| i32::try_from(side).unwrap_or(i32::MAX / 4);
        let picture = Area::new(0, 0, pixels(size.0), pixels(size.1));
        let mut plan = Self {
            size,
            hidden: Vec::new(),
            boxes: Vec::new(),
            labels: Vec::new(),
            banner: None,
            keeps_metadata: options.metadata() == Metadata::Keep,
        };
        let has_boxes = options.mark == Mark::Box && !faces.is_empty();
        let wordings = match options.banner {
            Banner::Never => Vec::new(),
            Banner::WithBoxes if !has_boxes => Vec::new(),
            Banner::WithBoxes | Banner::Always => label::banners(faces),
        };
        if options.mark == Mark::Box {
            plan.mark(&picture, faces, &wordings);
        } else {
            let is_soft = options.mark == Mark::Blur;
            let hidden = |face: &Face| Hidden::new(&Area::of(&face.rect), &picture, is_soft);
            plan.hidden = faces.iter().filter_map(hidden).collect();
            plan.banner = banner::place(&wordings, &picture, &[]);
        }
        plan
    }

    /// Places boxes, labels and the banner.
    fn mark(&mut self, picture: &Area, faces: &[Face], wordings: &[Vec<String>]) {
        let mut marked: Vec<(FaceBox, &Face)> = faces
            .iter()
            .filter_map(|face| Some((face_box(face, picture)?, face)))
            .collect();
        keep_largest(&mut marked, MAX_BOXES, |(marked, _)| marked.area.pixels());
        marked.sort_by_key(|(marked, _)| (marked.area.left, marked.area.top));

        self.boxes = marked.iter().map(|(marked, _)| marked.clone()).collect();
        let areas: Vec<Area> = self.boxes.iter().map(|marked| marked.area).collect();
        self.banner = banner::place(wordings, picture, &areas);
        let mut labelled: Vec<(Label, FaceBox)> = (1..)
            .zip(marked)
            .map(|(number, (marked, face))| (label::label(face, number), marked))
            .collect();
        keep_largest(&mut labelled, MAX_LABELS, |(_, marked)| {
            marked.area.pixels()
        });
        self.labels = labels::place(&labelled, &self.boxes, self.banner.as_ref(), picture);
    }

    /// How many faces are boxed, or hidden.
    #[must_use]
    pub fn marked(&self) -> usize {
        self.boxes.len() + self.hidden.len()
    }

    /// How many faces are labelled.
    #[must_use]
    pub fn labelled(&self) -> usize {
        self.labels.len()
    }

    /// Whether faces are hidden.
    fn hides(&self) -> bool {
        !self.hidden.is_empty()
    }

    /// Whether nothing is drawn.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marked() == 0 && self.banner.is_none()
    }

    /// Whether the result has the metadata of the file.
    pub(crate) fn keeps_metadata(&self) -> bool {
        self.keeps_metadata
    }

    /// The longer side of the small picture that [`paint`](Self::paint) needs; `None` if it needs
    /// none.
    pub(crate) fn small_side(&self) -> Option<u32> {
        let (width, height) = self.size;
        self.hides().then(|| width.max(height).div_ceil(SIDE))
    }

    /// The most tiles of an overlay that are drawn upon.
    pub(crate) fn tiles(&self) -> u64 {
        let along = |pixels: i32| u64::from(pixels.max(0).unsigned_abs() / SIDE) + 2;
        let tiles = |area: &Area| along(area.width).saturating_mul(along(area.height));
        let frames = self.boxes.iter().map(|marked| {
            let line = marked.stroke + 2 * marked.halo;
            let outer = marked.area.grown(marked.halo);
            sides(&outer, line).iter().map(tiles).sum::<u64>()
        });
        let plates = self.labels.iter().chain(&self.banner);
        let plates = plates.map(|plate| tiles(&plate.area));
        let hidden = self.hidden.iter().map(Hidden::tiles);
        let drawn = frames
            .chain(plates)
            .chain(hidden)
            .fold(0, u64::saturating_add);
        let (width, height) = self.size;
        let all = u64::from(width.div_ceil(SIDE)) * u64::from(height.div_ceil(SIDE));
        drawn.min(all)
    }

    /// Draws everything on an overlay. Hidden faces get the colours of `small`, which is the same
    /// picture scaled down to [`small_side`](Self::small_side).
    pub(crate) fn paint(&self, small: Option<&RgbImage>) -> Overlay {
        let mut overlay = Overlay::new(self.size.0, self.size.1);
        for hidden in &self.hidden {
            hidden.paint(&mut overlay, small);
        }
        for face_box in &self.boxes {
            paint_box(&mut overlay, face_box);
        }
        for plate in self.labels.iter().chain(&self.banner) {
            paint_plate(&mut overlay, plate);
        }
        overlay
    }
}

/// Drops the smallest until no more than `most` are left, whose order stays as it is.
pub fn keep_largest<T>(all: &mut Vec<T>, most: usize, size: impl Fn(&T) -> f64) {
    if all.len() <= most {
        return;
    }
    let mut ranked: Vec<usize> = (0..all.len()).collect();
    ranked.sort_by(|&one, &other| size(&all[other]).total_cmp(&size(&all[one])));
    let mut kept = vec![false; all.len()];
    ranked
        .iter()
        .take(most)
        .for_each(|&index| kept[index] = true);
    let mut kept = kept.into_iter();
    all.retain(|_| kept.next().unwrap_or(false));
}
