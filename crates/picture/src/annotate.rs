//! Draws what is known of the faces onto a photo: a box and a label for each, and one banner
//! that counts them.
//!
//! First everything is placed by arithmetic on rectangles ([`plan()`]), then it is painted.
//! Everything stays inside the picture, whatever its size: text shrinks, then is abbreviated,
//! then left out, never cut. Labels keep clear of neighbouring faces as far as there is room.

mod area;
mod banner;
mod boxes;
mod label;
mod lettering;
mod paint;
mod palette;
mod pixel_font;
mod plan;
mod plate;

pub use area::Area;
pub use boxes::FaceBox;
pub use lettering::Lettering;
pub use palette::Colour;
pub use plan::keep_largest;
pub use plan::{MOST_BOXES, MOST_LABELS, Plan, plan};
pub use plate::Plate;

use face::Face;

use crate::Sheet;

/// Draws boxes, labels and the banner for `faces`, given in the upright coordinates of a picture
/// of `width` x `height` pixels.
#[must_use]
pub fn annotate((width, height): (u32, u32), faces: &[Face]) -> Sheet {
    paint((width, height), &plan(width, height, faces))
}

/// Puts a plan for a picture of `width` x `height` pixels onto a sheet.
#[must_use]
pub fn paint((width, height): (u32, u32), plan: &Plan) -> Sheet {
    let mut sheet = Sheet::new(width, height);
    paint::paint(&mut sheet, plan);
    sheet
}
