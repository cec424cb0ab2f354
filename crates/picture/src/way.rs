//! The way from a file to its result.

use crate::jpeg::Jpeg;
use crate::png::Png;
use crate::webp::WebP;

/// The way from a file to its result: of those that keep most of the picture, the cheapest.
#[derive(Debug)]
pub(crate) enum Way<'p, 'f> {
    /// Nothing is drawn on a JPEG, which stays as it lies.
    CopyJpeg(&'p Jpeg<'f>),
    /// A JPEG that stands upright is drawn upon in its coefficients.
    Patch(&'p Jpeg<'f>),
    /// A JPEG is turned upright and drawn upon in its coefficients.
    Turn(&'p Jpeg<'f>),
    /// Nothing is drawn on a lossy WebP, which stays as it lies.
    CopyWebP(&'p WebP<'f>),
    /// A PNG is decoded, drawn upon and encoded in strips.
    Strips(&'p Png<'f>),
    /// All of the picture is decoded, drawn upon and encoded.
    Redraw,
}
