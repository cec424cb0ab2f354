//! Places everything, by arithmetic alone: no pixels, so it can be tested to the last one.

use face::Face;

use super::boxes::{FaceBox, face_box};
use super::label::{self, Label};
use super::{Area, Plate, banner};

mod labels;

/// All that is to be drawn, in the order of drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// One per face, from left to right.
    pub boxes: Vec<FaceBox>,
    /// One per face at most.
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
    marked.sort_by_key(|(marked, _)| (marked.area.left, marked.area.top));

    let areas: Vec<Area> = marked.iter().map(|(marked, _)| marked.area).collect();
    let banner = banner::place(&label::banners(faces), &picture, &areas);
    let texts: Vec<Label> = (1..)
        .zip(&marked)
        .map(|(number, (_, face))| label::label(face, number))
        .collect();
    let boxes: Vec<FaceBox> = marked.into_iter().map(|(marked, _)| marked).collect();
    let labels = labels::place(&texts, &boxes, banner.as_ref(), &picture);
    Plan {
        boxes,
        labels,
        banner,
    }
}
