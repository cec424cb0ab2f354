//! Draws a box and a label for each face, and one banner that counts them; or hides the faces.
//!
//! First everything is placed by arithmetic on rectangles ([`Plan`]), then it is painted on a
//! overlay. Everything stays inside the picture, whatever its size: text shrinks, then is
//! abbreviated, then left out, never cut. Labels keep clear of neighbouring faces as far as there
//! is room.

mod area;
mod banner;
mod boxes;
mod colours;
mod hide;
mod label;
mod lettering;
mod options;
mod paint;
mod pixel_font;
mod plan;
mod plate;

pub use options::{Banner, Mark, Metadata, Options};
pub use plan::{MAX_BOXES, MAX_LABELS, Plan, keep_largest};
