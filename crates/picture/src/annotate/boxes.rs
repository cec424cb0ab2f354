//! Boxes: the frame of each face, as thick as face and picture suggest.

use face::Face;

use super::{Area, Colour, palette};

/// The frame of one face.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceBox {
    /// Its outer edge, inside the picture.
    pub area: Area,
    /// Thickness of the coloured line, in pixels, inwards from the edge.
    pub stroke: i32,
    /// Thickness of the dark lines on both sides of it.
    pub halo: i32,
    /// The line.
    pub colour: Colour,
}

/// The frame for `face`; `None` when nothing of it lies inside the picture.
pub(super) fn face_box(face: &Face, picture: &Area) -> Option<FaceBox> {
    let area = area_of(face).common(picture);
    if area.short_side() < 1 {
        return None;
    }
    let stroke = stroke(&area, picture);
    let halo = if stroke < 2 { 0 } else { (stroke / 4).max(1) };
    Some(FaceBox {
        area,
        stroke,
        halo,
        colour: palette::of(face),
    })
}

fn area_of(face: &Face) -> Area {
    let pixels = |length: u32| {
        i32::try_from(length)
            .unwrap_or(i32::MAX / 4)
            .min(i32::MAX / 4)
    };
    let rect = &face.rect;
    Area::new(
        pixels(rect.left),
        pixels(rect.top),
        pixels(rect.width),
        pixels(rect.height),
    )
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
