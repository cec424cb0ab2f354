//! A photo between its file and its file: decoded once, turned upright without a second copy,
//! drawn upon in place, encoded as it came.
//!
//! A JPEG as cameras make it is not decoded at all, but for the parts that are drawn upon, and
//! turned upright by the numbers of its blocks ([`patch`]). Of all others, the pixels stay in the
//! order and in the colour space in which the file stored them; the upright view is arithmetic
//! on coordinates, so that no second copy is needed, and no conversion to RGB and back.
//!
//! The format is decided by content, never by a name. Whatever a file claims about itself is
//! checked against [`Limits`] before memory is set aside for it. Metadata other than the
//! colour profile is left behind: a result has no orientation tag because it is upright, no
//! stale thumbnail, and does not carry the place where the photo was taken any further.

mod colour;
mod error;
mod exif;
mod format;
mod gif;
mod header;
mod jpeg;
mod limits;
mod orientation;
mod plain;
mod raster;
mod sheet;
mod shrink;
mod webp;

pub use error::PictureError;
pub use format::{Content, Format};
pub use header::Header;
pub use limits::Limits;
pub use orientation::Orientation;
pub use sheet::Sheet;

use image::{GrayImage, RgbImage};
use jpeg::JpegStyle;
use raster::Raster;

/// What the encoder needs to make the result like its source.
#[derive(Debug)]
enum Style {
    Jpeg(JpegStyle),
    Plain(Format),
}

/// A decoded photo.
#[derive(Debug)]
pub struct Picture {
    raster: Raster,
    orientation: Orientation,
    icc_profile: Option<Vec<u8>>,
    style: Style,
}

impl Picture {
    /// Decodes `file`, whose `header` was read from the same bytes.
    ///
    /// Blocks a CPU for tens of milliseconds per megapixel at worst; call it off the runtime.
    ///
    /// # Errors
    /// Always permanent: the same bytes fail again.
    pub fn decode(file: &[u8], header: &Header, limits: &Limits) -> Result<Self, PictureError> {
        match header.format {
            Format::Jpeg => jpeg::decode(file, limits),
            _ => plain::decode(file, header.format, limits),
        }
    }

    /// Width and height as a viewer shows them, in pixels.
    #[must_use]
    pub fn dimensions(&self) -> (u32, u32) {
        self.orientation
            .upright(self.raster.width, self.raster.height)
    }

    /// Lays a sheet of the same dimensions over the upright picture.
    pub fn lay(&mut self, sheet: &Sheet) {
        sheet.lay_over(&mut self.raster, self.orientation);
    }

    /// The upright picture in shades of grey, scaled down until no side exceeds `max_side`.
    #[must_use]
    pub fn luma(&self, max_side: u32) -> GrayImage {
        shrink::luma(&self.raster, self.orientation, max_side)
    }

    /// The upright picture in sRGB-like colours over white, scaled down likewise.
    #[must_use]
    pub fn rgb(&self, max_side: u32) -> RgbImage {
        shrink::rgb(&self.raster, self.orientation, max_side)
    }

    /// Encodes the upright picture in the format, with the colour profile and at the quality
    /// of its source. Consumes it, so that its memory is free as soon as the encoder ends.
    ///
    /// # Errors
    /// [`PictureError::Encode`], permanent.
    pub fn encode(self) -> Result<EncodedPicture, PictureError> {
        let content_type = match &self.style {
            Style::Jpeg(_) => Format::Jpeg.media_type(),
            Style::Plain(format) => format.media_type(),
        };
        let bytes = match &self.style {
            Style::Jpeg(style) => jpeg::encode(
                &self.raster,
                self.orientation,
                style,
                self.icc_profile.as_deref(),
            )?,
            Style::Plain(format) => {
                plain::encode(self.raster, self.orientation, *format, self.icc_profile)?
            }
        };
        Ok(EncodedPicture {
            bytes,
            content_type,
        })
    }
}

/// Lays `sheet` over the photo in `file`, whose `header` was read from the same bytes, without
/// decoding it: what is not drawn upon loses nothing, or next to nothing if it is turned upright.
/// Takes [`Header::patch_bytes`] of memory beside the result.
///
/// `None` if the file does not lend itself to that: then [`Picture`] does it, or says why not.
/// Blocks a CPU for some ten milliseconds per megapixel.
#[must_use]
pub fn patch(
    file: &[u8],
    header: &Header,
    limits: &Limits,
    sheet: &Sheet,
) -> Option<EncodedPicture> {
    if header.format != Format::Jpeg || header.patch_bytes > limits.max_decoded_bytes {
        return None;
    }
    Some(EncodedPicture {
        bytes: jpeg::patch(file, header, limits, sheet)?,
        content_type: header.format.media_type(),
    })
}

/// The upright photo in shades of grey, scaled down until no side exceeds `max_side`, without
/// decoding more of it than that takes. `None` if the file does not lend itself to that: then
/// [`Picture::luma`] does it, or the file is damaged.
///
/// Blocks a CPU for some milliseconds per megapixel.
#[must_use]
pub fn luma(file: &[u8], header: &Header, limits: &Limits, max_side: u32) -> Option<GrayImage> {
    if header.format != Format::Jpeg {
        return None;
    }
    jpeg::luma(file, header, limits, max_side)
}

/// A picture ready to be stored.
#[derive(Debug)]
pub struct EncodedPicture {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its media type, for `Content-Type`.
    pub content_type: &'static str,
}
