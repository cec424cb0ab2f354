//! BMP, read and written by the `image` crate: what has a palette keeps it as long as what is
//! drawn finds its colours in it, all else has 24 bits or, with alpha, 32.

use std::io::Cursor;

use image::codecs::bmp::{BmpDecoder, BmpEncoder};
use image::{ColorType, ExtendedColorType, ImageDecoder, ImageError, ImageResult};

use super::colour::Space;
use super::header::Header;
use super::palette::{Alpha, Palette};
use super::raster::{Depth, Raster};
use super::{Format, Limits, Orientation, Picture, PictureError, Style};

/// Where the second header begins with its length, and where a long one says how pixels are
/// packed and how many there are to a metre, across and down.
const SECOND_HEADER: usize = 14;
const PACKING: usize = 30;
const DENSITY: std::ops::Range<usize> = 38..46;

/// Lengths of second headers: OS/2 version 1 and 2, Windows version 3 (with masks in it, for
/// some), 4 and 5.
const LENGTHS: [u32; 8] = [OS2, 16, 40, 52, 56, 64, 108, 124];
const OS2: u32 = 12;

/// As much as the decoder takes.
const LONGEST_SIDE: u32 = 65_535;

/// What a BMP needs to be written as it was.
#[derive(Debug)]
pub(super) struct BmpStyle {
    pub(super) palette: Option<Palette>,
    density: Option<[u8; 8]>,
}

/// Whether a file, by its first 18 bytes, is one. Its first two begin many a text.
pub(super) fn is_bmp(file: &[u8]) -> bool {
    file.starts_with(b"BM") && second_header(file).is_some_and(|length| LENGTHS.contains(&length))
}

fn second_header(file: &[u8]) -> Option<u32> {
    let bytes = file.get(SECOND_HEADER..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

/// Width and height as they are stated, whichever way up the rows are. `None` for a negative
/// width.
fn stated_size(file: &[u8]) -> Option<(u32, u32)> {
    let sides = file.get(SECOND_HEADER + 4..)?;
    if second_header(file)? == OS2 {
        let &[a, b, c, d] = sides.first_chunk()?;
        let side = |bytes| u32::from(u16::from_le_bytes(bytes));
        return Some((side([a, b]), side([c, d])));
    }
    let side = |at: usize| Some(i32::from_le_bytes(*sides.get(at..)?.first_chunk()?));
    let width = u32::try_from(side(0)?).ok()?;
    Some((width, side(4)?.unsigned_abs()))
}

fn has_plain_bytes(file: &[u8]) -> bool {
    if second_header(file) == Some(OS2) {
        return file.get(24) == Some(&8);
    }
    file.get(28) == Some(&8) && file.get(PACKING..PACKING + 4) == Some(&[0; 4])
}

pub(super) fn header(file: &[u8], limits: &Limits) -> Result<Header, PictureError> {
    Ok(open(file, limits)?.1)
}

pub(super) fn decode(file: &[u8], limits: &Limits) -> Result<Picture, PictureError> {
    let (decoder, header, may_expand) = open(file, limits)?;
    let colour = decoder.color_type();
    let palette = decoder.get_palette().filter(|_| colour == ColorType::L8);
    let palette = palette.map(|colours| {
        let colours = colours.iter().map(|&[r, g, b]| [r, g, b, 255]);
        Palette::new(colours.collect(), Alpha::Graded, may_expand)
    });
    let mut data = vec![0; usize::try_from(decoder.total_bytes()).unwrap_or(0)];
    decoder.read_image(&mut data).map_err(refused)?;
    let is_long = second_header(file) >= Some(40);
    let density = file.get(DENSITY).filter(|_| is_long);
    Ok(Picture {
        raster: Raster {
            space: match colour {
                ColorType::L8 => Space::Grey,
                ColorType::Rgba8 => Space::Rgba,
                _ => Space::Rgb,
            },
            depth: Depth::Eight,
            width: header.width,
            height: header.height,
            data,
        },
        orientation: Orientation::Upright,
        icc_profile: None,
        style: Style::Bmp(Box::new(BmpStyle {
            palette,
            density: density.and_then(|bytes| bytes.try_into().ok()),
        })),
    })
}

type Decoder<'f> = BmpDecoder<Cursor<&'f [u8]>>;

/// A decoder that has read the header, which is within the limits, and whether there is memory
/// to do without a palette.
fn open<'f>(file: &'f [u8], limits: &Limits) -> Result<(Decoder<'f>, Header, bool), PictureError> {
    if let Some((width, height)) = stated_size(file) {
        // The decoder has a limit of its own, and no words for it.
        let limits = Limits {
            max_side: limits.max_side.min(LONGEST_SIDE),
            ..*limits
        };
        limits.check(width, height, 0)?;
    }
    let mut decoder = BmpDecoder::new(Cursor::new(file)).map_err(refused)?;
    // It can hand out numbers only if each has a byte, and none is run-length encoded.
    let has_palette = decoder.get_palette().is_some() && has_plain_bytes(file);
    decoder.set_indexed_color(has_palette);
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    // The pixels and the file that they become, with colours instead of numbers if need be.
    let expanded = pixels * 6;
    let may_expand = expanded <= limits.max_decoded_bytes;
    let working_bytes = if has_palette && may_expand {
        expanded
    } else {
        2 * decoder.total_bytes()
    };
    limits.check(width, height, working_bytes)?;
    let header = Header {
        format: Format::Bmp,
        width,
        height,
        orientation: Orientation::Upright,
        working_bytes,
        patch_bytes: None,
    };
    Ok((decoder, header, may_expand))
}

/// Tells a file that ends early from one that is damaged, and from what is not read.
fn refused(error: ImageError) -> PictureError {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PictureError::Truncated {
                format: Format::Bmp,
            }
        }
        ImageError::Unsupported(error) => {
            tracing::debug!(%error, "variant not supported");
            PictureError::Unsupported {
                what: "BMP (in a rare variant)",
            }
        }
        error => PictureError::corrupt(Format::Bmp, error),
    }
}

pub(super) fn encode(raster: &Raster, style: &BmpStyle) -> Result<Vec<u8>, PictureError> {
    let mut file = Vec::new();
    write(raster, style, &mut file).map_err(|error| PictureError::encode(Format::Bmp, error))?;
    if let Some(density) = style.density {
        file[DENSITY].copy_from_slice(&density);
    }
    Ok(file)
}

fn write(raster: &Raster, style: &BmpStyle, file: &mut Vec<u8>) -> ImageResult<()> {
    let (width, height) = (raster.width, raster.height);
    let palette = style.palette.as_ref().map(|palette| {
        let colours = palette.colours().iter().map(|&[r, g, b, _]| [r, g, b]);
        colours.collect::<Vec<_>>()
    });
    let colour = match raster.space {
        Space::Grey => ExtendedColorType::L8,
        Space::Rgba => ExtendedColorType::Rgba8,
        _ => ExtendedColorType::Rgb8,
    };
    let mut encoder = BmpEncoder::new(file);
    encoder.encode_with_palette(&raster.data, width, height, colour, palette.as_deref())
}
