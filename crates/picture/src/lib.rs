//! Reads photos, draws upon them, and writes them as they came: decoded once, turned upright
//! without a second copy, drawn upon in place.
//!
//! A JPEG as cameras make it is not decoded at all, but for the parts that are drawn upon, and
//! turned upright by the numbers of its blocks ([`patch`]). Of all others, the pixels stay in the
//! order and in the colour space in which the file stored them; the upright view is arithmetic
//! on coordinates, so that no second copy is needed, and no conversion to RGB and back.
//!
//! The format is decided by content, never by a name. Whatever a file claims about itself is
//! checked against [`Limits`] before memory is set aside for it. Of its metadata a result keeps
//! what is true of it; wherever it comes from, it says that the picture is upright, has no stale
//! thumbnail, and does not carry the place where the photo was taken any further.

pub mod annotate;
mod bmp;
mod colour;
mod error;
mod exif;
mod format;
mod gif;
mod header;
mod jpeg;
mod limits;
mod orientation;
mod palette;
mod png;
mod raster;
mod sheet;
mod shrink;
mod webp;
mod xmp;

pub use error::PictureError;
pub use format::{Content, Format};
pub use header::Header;
pub use limits::Limits;
pub use orientation::Orientation;
pub use sheet::Sheet;

use bmp::BmpStyle;
use gif::GifStyle;
use image::{GrayImage, RgbImage};
use jpeg::JpegStyle;
use palette::Palette;
use png::PngStyle;
use raster::Raster;
use webp::WebPStyle;

/// What the encoder needs to make the result like its source.
#[derive(Debug)]
enum Style {
    Jpeg(JpegStyle),
    Png(Box<PngStyle>),
    WebP(Box<WebPStyle>),
    Bmp(Box<BmpStyle>),
    Gif(Box<GifStyle>),
}

impl Style {
    fn format(&self) -> Format {
        match self {
            Self::Jpeg(_) => Format::Jpeg,
            Self::Png(_) => Format::Png,
            Self::WebP(_) => Format::WebP,
            Self::Bmp(_) => Format::Bmp,
            Self::Gif(_) => Format::Gif,
        }
    }

    fn palette(&self) -> Option<&Palette> {
        match self {
            Self::Png(style) => style.palette.as_ref(),
            Self::Bmp(style) => style.palette.as_ref(),
            Self::Gif(style) => style.palette.as_ref(),
            Self::Jpeg(_) | Self::WebP(_) => None,
        }
    }

    /// Where the palette is kept; when it is taken away, pixels are colours.
    fn palette_mut(&mut self) -> Option<&mut Option<Palette>> {
        match self {
            Self::Png(style) => Some(&mut style.palette),
            Self::Bmp(style) => Some(&mut style.palette),
            Self::Gif(style) => Some(&mut style.palette),
            Self::Jpeg(_) | Self::WebP(_) => None,
        }
    }
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
            Format::Jpeg => jpeg::decode(file, header, limits),
            Format::Png => png::decode(file, limits),
            Format::WebP => webp::decode(file, limits),
            Format::Bmp => bmp::decode(file, limits),
            Format::Gif => gif::decode(file, limits),
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
        if let Some(slot) = self.style.palette_mut()
            && let Some(palette) = slot.take()
        {
            let laid = palette.lay(sheet, &mut self.raster, self.orientation);
            if laid.looks_right || !laid.may_expand() {
                *slot = Some(laid.apply(sheet, &mut self.raster, self.orientation));
                return;
            }
            laid.expand(&mut self.raster);
        }
        sheet.lay_over(&mut self.raster, self.orientation);
    }

    /// The upright picture in shades of grey, scaled down until no side exceeds `max_side`.
    #[must_use]
    pub fn luma(&self, max_side: u32) -> GrayImage {
        let palette = self.style.palette();
        shrink::luma(&self.raster, palette, self.orientation, max_side)
    }

    /// The upright picture in sRGB-like colours over white, scaled down likewise.
    #[must_use]
    pub fn rgb(&self, max_side: u32) -> RgbImage {
        let palette = self.style.palette();
        shrink::rgb(&self.raster, palette, self.orientation, max_side)
    }

    /// Encodes the upright picture in the format of its source, with what is kept of its
    /// metadata and, where there is one, at its quality. Consumes it, so that its memory is free
    /// as soon as the encoder ends.
    ///
    /// # Errors
    /// [`PictureError::Encode`], permanent.
    pub fn encode(self) -> Result<EncodedPicture, PictureError> {
        let Self {
            raster,
            orientation,
            icc_profile,
            style,
        } = self;
        let content_type = style.format().media_type();
        let is_lossless_copy = matches!(&style, Style::WebP(style) if style.is_lossy);
        let bytes = match style {
            Style::Jpeg(style) => {
                jpeg::encode(&raster, orientation, &style, icc_profile.as_deref())
            }
            Style::Png(style) => png::encode(&raster, orientation, *style),
            Style::WebP(style) => webp::encode(raster, orientation, *style),
            Style::Bmp(style) => bmp::encode(&raster, &style),
            Style::Gif(style) => gif::encode(raster, &style),
        }?;
        Ok(EncodedPicture {
            bytes,
            content_type,
            is_lossless_copy,
        })
    }
}

/// Lays `sheet` over the photo in `file`, whose `header` was read from the same bytes, without
/// decoding it: what is not drawn upon loses nothing, or next to nothing if it is turned upright.
/// Takes [`patch_bytes`] of memory beside the file, its result included.
///
/// `None` if the file does not lend itself to that, for which [`Picture`] is there. Blocks a CPU
/// for some ten milliseconds per megapixel.
///
/// # Errors
/// The file is damaged: permanent.
pub fn patch(
    file: &[u8],
    header: &Header,
    sheet: &Sheet,
) -> Result<Option<EncodedPicture>, PictureError> {
    if header.patch_bytes.is_none() {
        return Ok(None);
    }
    // Hardly ever too little; what would do in any case may be far more.
    let room = usize::try_from(result_bytes(file, sheet)).unwrap_or(usize::MAX);
    let mut bytes = Vec::with_capacity(room.min(2 * file.len() + (64 << 10)));
    jpeg::patch(file, sheet, &mut bytes)?;
    Ok(Some(EncodedPicture {
        bytes,
        content_type: header.format.media_type(),
        is_lossless_copy: false,
    }))
}

/// Memory that [`patch`] takes beside the file, in bytes; `None` if the file does not lend itself
/// to that.
#[must_use]
pub fn patch_bytes(file: &[u8], header: &Header, sheet: &Sheet) -> Option<u64> {
    let working_bytes = header.patch_bytes?;
    Some(working_bytes.saturating_add(result_bytes(file, sheet)))
}

/// At most so many bytes has a file that was drawn upon in its code.
fn result_bytes(file: &[u8], sheet: &Sheet) -> u64 {
    /// What 64 numbers of at most 26 bits take, and the zeros stuffed between them.
    const BLOCK_BYTES: u64 = 256;
    /// Those of CMYK.
    const COMPONENTS: u64 = 4;
    /// Tables that the file did without.
    const HEAD_BYTES: u64 = 4096;
    let drawn = sheet.blocks().saturating_mul(BLOCK_BYTES * COMPONENTS);
    // Codes that lack symbols are completed, whereby one bit becomes two at worst.
    let copied = 2 * file.len() as u64;
    drawn.saturating_add(copied + HEAD_BYTES)
}

/// The upright photo in shades of grey, scaled down until no side exceeds `max_side`, without
/// decoding more of it than that takes. `None` if the file does not lend itself to that, for
/// which [`Picture::luma`] is there.
///
/// Blocks a CPU for some milliseconds per megapixel.
///
/// # Errors
/// The file is damaged: permanent.
pub fn luma(
    file: &[u8],
    header: &Header,
    max_side: u32,
) -> Result<Option<GrayImage>, PictureError> {
    match header.format {
        Format::Jpeg => jpeg::luma(file, max_side),
        _ => Ok(None),
    }
}

/// As [`luma`], in sRGB-like colours.
///
/// # Errors
/// The file is damaged: permanent.
pub fn rgb(file: &[u8], header: &Header, max_side: u32) -> Result<Option<RgbImage>, PictureError> {
    match header.format {
        Format::Jpeg => jpeg::rgb(file, max_side),
        _ => Ok(None),
    }
}

/// A picture ready to be stored.
#[derive(Debug)]
pub struct EncodedPicture {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its media type, for `Content-Type`.
    pub content_type: &'static str,
    /// Whether it is lossless where its source was not: there is no lossy encoder for WebP.
    pub is_lossless_copy: bool,
}
