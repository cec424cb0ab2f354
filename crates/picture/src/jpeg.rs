//! JPEG in and out, as close to the source as can be.
//!
//! Sequential files, which is what cameras make, are never decoded: they are drawn upon in their
//! code ([`patch`](mod@patch)), turned upright in their code ([`turn`](mod@turn)) and scaled down
//! while they are read ([`look`]). Others are decoded. Their pixels stay `YCbCr` (or CMYK, YCCK,
//! grey), and the encoder gets the source's own quantisation tables and chroma sampling: what is
//! not drawn upon comes out as it went in, up to rounding. The result is sequential, because a
//! progressive encoder holds all coefficients at once, more memory than the picture itself.
//!
//! A file is damaged if not every block of its picture is there. None is ever made up: a photo
//! of which a part is lost is refused rather than stored as a ruin.

mod brush;
mod code;
mod colour;
mod dct;
mod encode;
mod frame;
mod kept;
mod look;
mod output;
mod patch;
mod pixels;
mod profile;
mod progressive;
mod scan_header;
mod scans;
mod segments;
mod structure;
mod style;
mod turn;

pub(super) use encode::encode;
pub(super) use style::JpegStyle;

use image::{GrayImage, RgbImage};

use self::structure::Structure;
use super::header::Header;
use super::{Format, Limits, Orientation, Picture, PictureError, Sheet, exif};

/// The longest side in pixels that libjpeg, and so most programs, can show.
const MAX_SIDE: u32 = 65_500;

/// Reads what can be known without reading the picture data, unless the end marker is missing.
pub(super) fn header(file: &[u8], limits: &Limits) -> Result<Header, PictureError> {
    let structure = Structure::parse(file)?;
    let (width, height) = (structure.width.into(), structure.height.into());
    let orientation = orientation(&structure);
    let pixels = u64::from(width) * u64::from(height);
    let patch_bytes = turn::is_exact(&structure, orientation).then(|| match orientation {
        Orientation::Upright => 0,
        orientation => turn::working_bytes(&structure, orientation),
    });
    let plain_bytes = file.len() as u64;
    let decoder_bytes = if structure.is_sequential() {
        plain_bytes + turn::working_bytes(&structure, Orientation::Upright)
    } else {
        structure.coefficient_bytes() + progressive::working_bytes(&structure)
    };
    let working_bytes = pixels * structure.components.len() as u64 + plain_bytes + decoder_bytes;
    let limits = Limits {
        max_side: limits.max_side.min(MAX_SIDE),
        ..*limits
    };
    limits.check(width, height, patch_bytes.unwrap_or(working_bytes))?;
    // No block of 64 pixels takes less than a bit.
    if pixels / 64 > 8 * file.len() as u64 {
        return Err(segments::truncated());
    }
    if structure.is_sequential() && !structure.is_ended {
        scans::check(file, &structure)?;
    }
    Ok(Header {
        format: Format::Jpeg,
        width,
        height,
        orientation,
        working_bytes,
        patch_bytes,
    })
}

/// Draws without decoding, writing to `result`.
pub(super) fn patch(file: &[u8], sheet: &Sheet, result: &mut Vec<u8>) -> Result<(), PictureError> {
    let structure = Structure::parse(file)?;
    match orientation(&structure) {
        Orientation::Upright => patch::patch(file, &structure, sheet, result),
        orientation => turn::turn(file, &structure, orientation, sheet, result),
    }
}

/// The upright picture in shades of grey, scaled down while it is read; `None` if it can only be
/// decoded.
pub(super) fn luma(file: &[u8], max_side: u32) -> Result<Option<GrayImage>, PictureError> {
    let structure = Structure::parse(file)?;
    let orientation = orientation(&structure);
    let look = || look::luma(file, &structure, orientation, max_side);
    structure.is_sequential().then(look).transpose()
}

/// The same in colours.
pub(super) fn rgb(file: &[u8], max_side: u32) -> Result<Option<RgbImage>, PictureError> {
    let structure = Structure::parse(file)?;
    let orientation = orientation(&structure);
    let look = || look::rgb(file, &structure, orientation, max_side);
    structure.is_sequential().then(look).transpose()
}

/// Decodes into the colour space of the file.
pub(super) fn decode(
    file: &[u8],
    header: &Header,
    limits: &Limits,
) -> Result<Picture, PictureError> {
    limits.check(header.width, header.height, header.working_bytes)?;
    let structure = Structure::parse(file)?;
    pixels::decode(file, &structure, orientation(&structure), limits)
}

fn orientation(structure: &Structure<'_>) -> Orientation {
    structure
        .exif()
        .map_or(Orientation::Upright, exif::orientation)
}
