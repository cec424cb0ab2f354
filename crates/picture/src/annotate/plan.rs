//! Places everything, by arithmetic alone: no pixels, so it can be tested to the last one.

use face::Face;

use super::boxes::{FaceBox, face_box};
use super::label::{self, Label};
use super::{Area, Plate, banner};

mod labels;

/// Most faces that are boxed. The largest crowds in which single faces can be told apart are
/// about as large; what is beyond would be boxes upon boxes.
pub const MOST_BOXES: usize = 1000;

/// Most faces that are labelled.
pub const MOST_LABELS: usize = 300;

/// All that is to be drawn, in the order of drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One per face, from left to right; of more than [`MOST_BOXES`], the largest.
    pub boxes: Vec<FaceBox>,
    /// One per face at most; of more than [`MOST_LABELS`], the largest.
    pub labels: Vec<Plate>,
    /// The count of all.
    pub banner: Option<Plate>,
}

/// Plans the annotation of a picture of `width` x `height` upright pixels.
///
/// Faces outside the picture get no box, but are counted.
#[must_use]
pub fn plan(width: u32, height: u32, faces: &[Face]) -> Plan {
    let side = |side: u32| i32::try_from(side).unwrap_or(i32::MAX / 4);
    let picture = Area::new(0, 0, side(width), side(height));
    let mut marked: Vec<(FaceBox, &Face)> = faces
        .iter()
        .filter_map(|face| Some((face_box(face, &picture)?, face)))
        .collect();
    keep_largest(&mut marked, MOST_BOXES, |(marked, _)| marked.area.pixels());
    marked.sort_by_key(|(marked, _)| (marked.area.left, marked.area.top));

    let boxes: Vec<FaceBox> = marked.iter().map(|(marked, _)| marked.clone()).collect();
    let areas: Vec<Area> = boxes.iter().map(|marked| marked.area).collect();
    let banner = banner::place(&label::banners(faces), &picture, &areas);
    let mut labelled: Vec<(Label, FaceBox)> = (1..)
        .zip(marked)
        .map(|(number, (marked, face))| (label::label(face, number), marked))
        .collect();
    keep_largest(&mut labelled, MOST_LABELS, |(_, marked)| {
        marked.area.pixels()
    });
    let labels = labels::place(&labelled, &boxes, banner.as_ref(), &picture);
    Plan {
        boxes,
        labels,
        banner,
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
