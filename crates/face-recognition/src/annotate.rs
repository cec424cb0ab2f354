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
pub use plan::{Plan, plan};
pub use plate::Plate;

use face::Face;

use crate::picture::Sheet;

/// Draws boxes, labels and the banner for `faces`, given in upright coordinates.
pub fn annotate(sheet: &mut Sheet<'_>, faces: &[Face]) {
    let (width, height) = sheet.dimensions();
    paint::paint(sheet, &plan(width, height, faces));
}
