//! Boxes: the frame of each face, as thick as face and picture suggest.

use face::Face;

use super::area::Area;
use super::colours::{self, Colour};

/// The frame of one face.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FaceBox {
    /// Its outer edge, inside the picture.
    pub(crate) area: Area,
    /// Thickness of the coloured line, in pixels, inwards from the edge.
    pub(crate) stroke: i32,
    /// Thickness of the dark lines on both sides of it.
    pub(crate) halo: i32,
    /// The line.
    pub(crate) colour: Colour,
}

/// The frame for `face`; `None` when nothing of it lies inside the picture.
pub(crate) fn face_box(face: &Face, picture: &Area) -> Option<FaceBox> {
    let area = Area::of(&face.rect).common(picture);
    if area.short_side() < 1 {
        return None;
    }
    let stroke = stroke(&area, picture);
    let halo = if stroke < 2 { 0 } else { (stroke / 4).max(1) };
    Some(FaceBox {
        area,
        stroke,
        halo,
        colour: colours::of(face),
    })
}

/// Thick enough to be seen when the picture is shown on a screen (a 1,200th of its longer
/// side), otherwise in proportion to the picture, but never more than suits a small face.
fn stroke(area: &Area, picture: &Area) -> i32 {
    let visible = picture.width.max(picture.height) / 1200;
    let handsome = picture.short_side() / 200 + 1;
    let bearable = area.short_side() / 20;
    handsome
        .min(bearable)
        .max(visible)
        .max(1)
        .min((area.short_side() / 4).max(1))
}
