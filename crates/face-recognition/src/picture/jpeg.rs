//! JPEG in and out, as close to the source as a second encoding can be.
//!
//! Pixels stay `YCbCr` (or CMYK, YCCK, grey), and the encoder gets the source's own
//! quantisation tables and chroma sampling: what is not drawn upon comes out as it went in,
//! up to rounding. The result is baseline, because a progressive encoder holds all
//! coefficients at once, more memory than the picture itself.

mod brush;
mod code;
mod dct;
mod encode;
mod kept;
mod look;
mod patch;
mod structure;
mod style;
mod turn;

pub(super) use encode::encode;
pub(super) use style::JpegStyle;

use std::borrow::Cow;

use image::GrayImage;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use self::kept::Keep;
use self::structure::Structure;
use super::colour::Space;
use super::header::Header;
use super::raster::{Depth, Raster};
use super::{Format, Limits, Orientation, Picture, PictureError, Sheet, Style, exif};

/// Colour profiles longer than this are left out. The largest CMYK profiles have 2 MB.
const MAX_ICC_BYTES: usize = 4 << 20;

type Decoder<'f> = JpegDecoder<ZCursor<&'f [u8]>>;

/// Reads what can be known without decoding.
pub(super) fn header(file: &[u8], limits: &Limits) -> Result<Header, PictureError> {
    let structure = Structure::parse(file)?;
    let (width, height) = (structure.width.into(), structure.height.into());
    let channels = match structure.components.len() {
        1 => 1,
        3 => 3,
        4 => 4,
        _ => {
            return Err(PictureError::Unsupported {
                what: "multi-band JPEG",
            });
        }
    };
    let pixels = u64::from(width) * u64::from(height);
    let mut working_bytes = pixels * channels + structure.coefficient_bytes();
    if !structure.is_interleaved() {
        let strips = turn::working_bytes(&structure, Orientation::Upright);
        working_bytes += 2 * file.len() as u64 + strips;
    }
    limits.check(width, height, working_bytes)?;
    let orientation = structure
        .exif
        .map_or(Orientation::Upright, exif::orientation);
    let patch_bytes = match orientation {
        Orientation::Upright => 0,
        orientation => turn::working_bytes(&structure, orientation),
    };
    // No block of 64 pixels takes less than a bit.
    let is_possible = pixels / 64 <= 8 * file.len() as u64;
    if !structure.complete || !is_possible {
        return Err(PictureError::Truncated {
            format: Format::Jpeg,
        });
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

/// Draws without decoding, if the file lends itself to it.
pub(super) fn patch(
    file: &[u8],
    header: &Header,
    limits: &Limits,
    sheet: &Sheet,
) -> Option<Vec<u8>> {
    let (decoder, space) = open(file, header, limits).ok()?;
    let keep = Keep {
        profile: profile(&decoder).is_some(),
        is_sideways: header.orientation.is_sideways(),
    };
    match header.orientation {
        Orientation::Upright => patch::patch(file, space, keep, sheet),
        orientation => turn::turn(file, orientation, space, keep, sheet),
    }
}

/// The upright picture in shades of grey, scaled down while it is read, if the file lends itself
/// to that.
pub(super) fn luma(
    file: &[u8],
    header: &Header,
    limits: &Limits,
    max_side: u32,
) -> Option<GrayImage> {
    let (_decoder, space) = open(file, header, limits).ok()?;
    if !matches!(space, Space::Grey | Space::YCbCr) {
        return None;
    }
    let structure = Structure::parse(file).ok()?;
    look::luma(file, &structure, header.orientation, max_side)
}

/// Decodes into the colour space of the file.
pub(super) fn decode(file: &[u8], limits: &Limits) -> Result<Picture, PictureError> {
    let header = header(file, limits)?;
    let structure = Structure::parse(file)?;
    let (_, space) = open(file, &header, limits)?;
    // The decoder puts samples in the wrong places if each component has a scan of its own.
    let interleaved = if structure.is_interleaved() {
        Cow::Borrowed(file)
    } else {
        let damaged = || PictureError::corrupt(Format::Jpeg, "its scans cannot be read");
        interleaved(file, &header, space)
            .ok_or_else(damaged)?
            .into()
    };
    let (mut decoder, space) = open(&interleaved, &header, limits)?;
    let data = decoder
        .decode()
        .map_err(|error| PictureError::corrupt(Format::Jpeg, error))?;
    let raster = Raster {
        space,
        depth: Depth::Eight,
        width: header.width,
        height: header.height,
        data,
    };
    if raster.data.len() != raster.row_bytes() * raster.height as usize {
        return Err(PictureError::corrupt(
            Format::Jpeg,
            "its two headers disagree",
        ));
    }
    Ok(Picture {
        style: Style::Jpeg(JpegStyle::of(&structure, space, header.orientation)),
        icc_profile: profile(&decoder),
        orientation: header.orientation,
        raster,
    })
}

/// The same file with one scan of all components.
fn interleaved(file: &[u8], header: &Header, space: Space) -> Option<Vec<u8>> {
    let keep = Keep {
        profile: true,
        is_sideways: false,
    };
    let nothing = Sheet::new(header.width, header.height);
    turn::turn(file, Orientation::Upright, space, keep, &nothing)
}

/// A decoder that has read the headers and will keep the colour space.
fn open<'f>(
    file: &'f [u8],
    header: &Header,
    limits: &Limits,
) -> Result<(Decoder<'f>, Space), PictureError> {
    let corrupt = |error| PictureError::corrupt(Format::Jpeg, error);
    let side = usize::try_from(limits.max_side).unwrap_or(usize::MAX);
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(side)
        .set_max_height(side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(corrupt)?;
    // Before it sets memory aside: markers can be read in two ways, and only one was checked.
    let seen = decoder
        .dimensions()
        .map(|(width, height)| (width as u64, height as u64));
    if seen != Some((header.width.into(), header.height.into())) {
        let reason = "its headers disagree";
        return Err(PictureError::corrupt(Format::Jpeg, reason));
    }
    let stored = decoder.input_colorspace().unwrap_or(ColorSpace::Unknown);
    let space = space_of(stored)?;
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(stored));
    Ok((decoder, space))
}

fn profile(decoder: &Decoder<'_>) -> Option<Vec<u8>> {
    decoder
        .icc_profile()
        .filter(|profile| profile.len() <= MAX_ICC_BYTES)
}

fn space_of(stored: ColorSpace) -> Result<Space, PictureError> {
    match stored {
        ColorSpace::Luma => Ok(Space::Grey),
        ColorSpace::YCbCr => Ok(Space::YCbCr),
        ColorSpace::RGB => Ok(Space::Rgb),
        ColorSpace::CMYK => Ok(Space::Cmyk),
        ColorSpace::YCCK => Ok(Space::Ycck),
        _ => Err(PictureError::Unsupported {
            what: "multi-band JPEG",
        }),
    }
}
