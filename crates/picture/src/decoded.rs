//! A picture as its pixels, and the knowledge that makes a file of them again.

use image::RgbImage;

use crate::bmp::{self, BmpStyle};
use crate::composite::composite;
use crate::error::PictureError;
use crate::gif::{self, GifStyle};
use crate::jpeg::{self, JpegStyle};
use crate::orientation::Orientation;
use crate::overlay::Overlay;
use crate::png::{self, PngStyle};
use crate::raster::Raster;
use crate::shrink;
use crate::webp::{self, WebPStyle};

/// Pixels in the order and in the colour space in which the file stored them; the upright view is
/// arithmetic on coordinates.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) raster: Raster,
    pub(crate) orientation: Orientation,
    pub(crate) style: Style,
}

/// What an encoder needs to make the result like its source.
#[derive(Debug)]
pub(crate) enum Style {
    Jpeg(JpegStyle),
    Png(PngStyle),
    WebP(WebPStyle),
    Bmp(BmpStyle),
    Gif(GifStyle),
}

impl Style {
    /// Leaves out all metadata but what decides how pixels are shown: the rest may tell, in texts or
    /// in a small picture, whose face it is.
    pub(crate) fn strip(&mut self) {
        match self {
            Self::Png(style) => style.strip(),
            Self::WebP(style) => style.strip(),
            Self::Gif(style) => style.strip(),
            Self::Jpeg(style) => style.descriptions.clear(),
            Self::Bmp(_) => {}
        }
    }
}

impl Decoded {
    /// Lays an overlay of the same dimensions over the upright picture.
    pub(crate) fn composite(&mut self, overlay: &Overlay) {
        composite(overlay, &mut self.raster, self.orientation);
    }

    /// The upright picture in sRGB-like colours over white, no side above `max_side`.
    pub(crate) fn rgb(&self, max_side: u32) -> RgbImage {
        shrink::rgb(&self.raster, self.orientation, max_side)
    }

    /// The upright picture as a file of its old format. Consumes the pixels, so that their memory
    /// is free as soon as the encoder ends.
    pub(crate) fn encode(self) -> Result<Vec<u8>, PictureError> {
        let Self {
            raster,
            orientation,
            style,
        } = self;
        match style {
            Style::Jpeg(style) => jpeg::encode(&raster, orientation, &style),
            Style::Png(style) => png::encode(&raster, orientation, style),
            Style::WebP(style) => webp::encode(raster, orientation, style),
            Style::Bmp(style) => bmp::encode(&raster, &style),
            Style::Gif(style) => Ok(gif::encode(raster, &style)),
        }
    }
}
