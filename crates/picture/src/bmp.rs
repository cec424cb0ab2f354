//! BMP, read and written by the `image` crate: a file keeps its palette as long as the drawing
//! finds its colours in it; without one it has 24 bits or, with alpha, 32.

use std::io::Cursor;

use image::codecs::bmp::{BmpDecoder, BmpEncoder};
use image::{ColorType, ExtendedColorType, ImageDecoder, ImageError, ImageResult};

use crate::colour::Space;
use crate::error::PictureError;
use crate::format::{BMP_OS2, Format, bmp_header};
use crate::header::Header;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::palette::{Alpha, Palette};
use crate::raster::{Depth, Raster};

/// Where a file says where its pixels begin.
const BEGIN: usize = 10;

/// Where the second header begins, and where a long one says how pixels are packed and how many
/// there are to a metre, across and down.
const SECOND_HEADER: usize = 14;
const PACKING: usize = 30;
const DENSITY: std::ops::Range<usize> = 38..46;

/// As much as the decoder takes.
const MAX_SIDE: u32 = 65_535;

/// What the encoder needs to write the result like its source.
#[derive(Debug)]
pub(crate) struct BmpStyle {
    density: Option<[u8; 8]>,
}

/// A file whose header is read.
#[derive(Debug)]
pub(crate) struct Bmp<'f> {
    file: &'f [u8],
    /// Whether pixels can be decoded as palette indices.
    has_palette: bool,
    /// Whether there is memory to do without a palette.
    may_expand: bool,
}

/// Width and height as they are stated, whichever way up the rows are. `None` for a negative
/// width.
fn stated_size(file: &[u8]) -> Option<(u32, u32)> {
    let sides = file.get(SECOND_HEADER + 4..)?;
    if bmp_header(file)? == BMP_OS2 {
        let &[a, b, c, d] = sides.first_chunk()?;
        let side = |bytes| u32::from(u16::from_le_bytes(bytes));
        return Some((side([a, b]), side([c, d])));
    }
    let side = |at: usize| Some(i32::from_le_bytes(*sides.get(at..)?.first_chunk()?));
    let width = u32::try_from(side(0)?).ok()?;
    Some((width, side(4)?.unsigned_abs()))
}

fn has_plain_bytes(file: &[u8]) -> bool {
    if bmp_header(file) == Some(BMP_OS2) {
        return file.get(24) == Some(&8);
    }
    file.get(28) == Some(&8) && file.get(PACKING..PACKING + 4) == Some(&[0; 4])
}

/// Whether the pixels begin within the headers, or at once behind them where a palette must be.
/// Readers do not agree on what such a file shows. A palette that is cut short by the pixels is
/// common, and harmless.
fn overlaps(file: &[u8], has_palette: bool) -> bool {
    let begin = file.get(BEGIN..).and_then(|bytes| bytes.first_chunk());
    let (Some(&begin), Some(length)) = (begin, bmp_header(file)) else {
        return false; // It is cut off.
    };
    let least = SECOND_HEADER as u64 + u64::from(length) + u64::from(has_palette);
    u64::from(u32::from_le_bytes(begin)) < least
}

impl<'f> Bmp<'f> {
    pub(crate) fn open(file: &'f [u8], limits: &Limits) -> Result<(Header, Self), PictureError> {
        if let Some((width, height)) = stated_size(file) {
            // The decoder has a limit of its own, and no words for it.
            let limits = Limits {
                max_side: limits.max_side.min(MAX_SIDE),
                ..*limits
            };
            limits.check(width, height, 0)?;
        }
        let mut decoder = decoder(file)?;
        if overlaps(file, decoder.get_palette().is_some()) {
            let reason = "its pixels begin where its headers or its palette are";
            return Err(PictureError::corrupt(Format::Bmp, reason));
        }
        // It can hand out palette indices only if each has a byte, and none is run-length encoded.
        let has_palette = decoder.get_palette().is_some() && has_plain_bytes(file);
        decoder.set_indexed_color(has_palette);
        let (width, height) = decoder.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        // The pixels and the file that they become, with colours instead of indices if need be.
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
            edit_bytes: None,
            scaled_bytes: None,
        };
        let opened = Self {
            file,
            has_palette,
            may_expand,
        };
        Ok((header, opened))
    }

    pub(crate) fn decode(&self) -> Result<(Raster, BmpStyle), PictureError> {
        let mut decoder = decoder(self.file)?;
        decoder.set_indexed_color(self.has_palette);
        let colour = decoder.color_type();
        let palette = decoder.get_palette().filter(|_| colour == ColorType::L8);
        let palette = palette.map(|colours| {
            let colours = colours.iter().map(|&[r, g, b]| [r, g, b, 255]);
            Palette::new(colours.collect(), Alpha::Graded, self.may_expand)
        });
        let size = decoder.dimensions();
        let mut data = vec![0; usize::try_from(decoder.total_bytes()).unwrap_or(0)];
        decoder.read_image(&mut data).map_err(refused)?;
        let space = match colour {
            ColorType::L8 => Space::Grey,
            ColorType::Rgba8 => Space::Rgba,
            _ => Space::Rgb,
        };
        let raster = Raster {
            palette,
            ..Raster::new(space, Depth::Eight, size, data)
        };
        let is_long = bmp_header(self.file) >= Some(40);
        let density = self.file.get(DENSITY).filter(|_| is_long);
        let density = density.and_then(|bytes| bytes.try_into().ok());
        Ok((raster, BmpStyle { density }))
    }
}

fn decoder(file: &[u8]) -> Result<BmpDecoder<Cursor<&[u8]>>, PictureError> {
    BmpDecoder::new(Cursor::new(file)).map_err(refused)
}

/// Tells a file that ends early from one that is damaged, and from one that is not supported.
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

pub(crate) fn encode(raster: &Raster, style: &BmpStyle) -> Result<Vec<u8>, PictureError> {
    let mut file = Vec::new();
    write(raster, &mut file).map_err(|error| PictureError::encode(Format::Bmp, error))?;
    if let Some(density) = style.density {
        file[DENSITY].copy_from_slice(&density);
    }
    Ok(file)
}

fn write(raster: &Raster, file: &mut Vec<u8>) -> ImageResult<()> {
    let (width, height) = (raster.width, raster.height);
    let palette = raster.palette.as_ref().map(|palette| {
        let colours = palette.colours.iter().map(|&[r, g, b, _]| [r, g, b]);
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
