//! PNG, with all that its chunks say beside the pixels.
//!
//! Depth and kind of colour are kept: a palette as long as the drawing finds its colours in it
//! ([`lay`](crate::lay)), grey, sixteen bits, one transparent colour. The `png` crate
//! reads and writes pixels only; the other chunks are copied ([`keep`]). It is used directly, as
//! `gif` and `image-webp` are, because `image`, which wraps them, knows no palettes, no chunks
//! beside the pixels, and not whether a WebP is lossy.
//!
//! A picture that is stored upright, row by row, is read and written in strips ([`strips`]); one that
//! is interlaced or must be turned is held as a whole.

mod chunks;
mod keep;
mod samples;
mod strips;

use std::io::Write as _;

use png::{
    BitDepth, ColorType, Decoder, DecodingError, DeflateCompression, Encoder, EncodingError,
    Filter, Transformations,
};

use self::chunks::{Chunk, File, Parts};
use self::keep::Kept;
use self::samples::{Samples, Shades, Target};
use crate::error::PictureError;
use crate::format::Format;
use crate::header::Header;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::palette::{Alpha, Palette};
use crate::raster::{Depth, Raster};

/// Length, kind, content and checksum of the header, and the signature before it.
const HEADER: usize = 33;

/// Length, kind and checksum of a chunk. The last one has nothing else.
const FRAME: usize = 12;
const END: usize = FRAME;

/// Pixels are written in pieces of this size, in bytes.
const PIECE: usize = 1 << 16;

/// Between speed (1) and size (9). Beyond, a file of 50 megapixels takes minutes.
const LEVEL: u8 = 5;

/// What the encoder needs to write the result like its source.
#[derive(Debug)]
pub(crate) struct PngStyle {
    kept: Kept,
    samples: Samples,
    /// The palette of the source, which its chunks are about.
    palette: Option<Palette>,
}

impl PngStyle {
    /// Leaves out metadata.
    pub(crate) fn strip(&mut self) {
        self.kept.strip();
    }
}

/// A file whose header is read.
#[derive(Debug)]
pub(crate) struct Png<'f> {
    file: &'f [u8],
    parts: File<'f>,
    orientation: Orientation,
    samples: Samples,
    /// Whether there is memory to do without a palette.
    may_expand: bool,
}

impl<'f> Png<'f> {
    pub(crate) fn open(file: &'f [u8], limits: &Limits) -> Result<(Header, Self), PictureError> {
        let parts = File::parse(file)?;
        let (width, height) = parts.dimensions();
        limits.check(width, height, 0)?; // Before the decoder does its sums.
        if parts.is_animated {
            return Err(PictureError::Animated {
                format: Format::Png,
            });
        }
        let reader = reader(&parts)?;
        let info = reader.info();
        let samples = Samples::of(info.color_type, info.bit_depth).with_key(parts.key().as_deref());
        // Rows in the decoder, those under way and some before them; and the chunks that are kept.
        let beside = keep::length(file).saturating_add(6 * info.raw_row_length() as u64);
        let orientation = keep::orientation(file);
        let is_stripped = !info.interlaced;
        let is_edited = is_stripped && orientation == Orientation::Upright;
        // The pixels, unless they come in strips, and the file that they become.
        let copies = if is_edited { 1 } else { 2 };
        let (needed, may_expand) = needed_bytes((width, height), samples, copies, beside, limits);
        limits.check(width, height, needed)?;
        let header = Header {
            format: Format::Png,
            width,
            height,
            orientation,
            working_bytes: needed,
            edit_bytes: is_edited.then_some(needed),
            look_bytes: is_stripped.then_some(0),
        };
        let opened = Self {
            file,
            parts,
            orientation,
            samples,
            may_expand,
        };
        Ok((header, opened))
    }

    pub(crate) fn decode(&self) -> Result<(Raster, PngStyle), PictureError> {
        let palette = self.palette()?;
        let mut reader = self.reader()?;
        let mut data = vec![0; reader.output_buffer_size().unwrap_or(0)];
        reader
            .next_frame(&mut data)
            .map_err(|error| refused(error, &self.parts))?;
        let (width, height) = self.parts.dimensions();
        if self.is_packed() {
            data = samples::unpacked(&data, width as usize, self.samples.depth);
        }
        let (space, depth) = self.samples.raster();
        if depth == Depth::Sixteen {
            samples::swap_bytes(&mut data);
        }
        let raster = Raster {
            palette: palette.clone(),
            ..Raster::new(space, depth, (width, height), data)
        };
        Ok((raster, self.style(palette)))
    }

    /// Whether the decoder gives palette indices as they are packed.
    fn is_packed(&self) -> bool {
        self.samples.depth < 8 && self.samples.colour == ColorType::Indexed
    }

    fn style(&self, palette: Option<Palette>) -> PngStyle {
        PngStyle {
            kept: Kept::of(self.file, self.orientation),
            samples: self.samples,
            palette,
        }
    }

    /// The decoder of pixels that arrived as they were sent.
    fn reader(&self) -> Result<png::Reader<Parts<'f>>, PictureError> {
        if !self.parts.is_data_intact() {
            return Err(PictureError::corrupt(
                Format::Png,
                "the checksum of its pixels is wrong",
            ));
        }
        reader(&self.parts)
    }

    fn palette(&self) -> Result<Option<Palette>, PictureError> {
        if self.samples.colour != ColorType::Indexed {
            return Ok(None);
        }
        let Some(chunk) = self.parts.palette.filter(Chunk::is_intact) else {
            return Err(PictureError::corrupt(Format::Png, "it has no palette"));
        };
        let colours = chunk.data.as_chunks().0.iter();
        // Programs do not heed more of them than there are colours.
        let alphas = self.parts.transparency.map(|chunk| chunk.data);
        let alphas = alphas.filter(|alphas| alphas.len() <= colours.len());
        let mut alphas = alphas.unwrap_or_default().iter().copied();
        let colours = colours.map(|&[r, g, b]| [r, g, b, alphas.next().unwrap_or(255)]);
        let colours = colours.take(1 << self.samples.depth).collect();
        Ok(Some(Palette::new(colours, Alpha::Graded, self.may_expand)))
    }
}

/// The decoder, which has read up to the pixels.
fn reader<'a>(parts: &File<'a>) -> Result<png::Reader<Parts<'a>>, PictureError> {
    // Nothing in these parts makes the decoder hold more than some rows.
    let bounds = png::Limits { bytes: usize::MAX };
    let mut decoder = Decoder::new_with_limits(parts.essence(), bounds);
    decoder.ignore_checksums(true); // They are checked here.
    let info = decoder
        .read_header_info()
        .map_err(|error| refused(error, parts))?;
    if info.color_type != ColorType::Indexed {
        decoder.set_transformations(Transformations::EXPAND);
    }
    decoder.read_info().map_err(|error| refused(error, parts))
}

/// Memory that so many copies of all pixels take, and whether that is enough to do without a
/// palette.
fn needed_bytes(
    (width, height): (u32, u32),
    samples: Samples,
    copies: u64,
    beside: u64,
    limits: &Limits,
) -> (u64, bool) {
    let pixels = u64::from(width) * u64::from(height);
    let sum = |bytes: u64| pixels.saturating_mul(copies * bytes).saturating_add(beside);
    if samples.colour != ColorType::Indexed {
        let (space, depth) = samples.raster();
        let pixel = space.channels() * depth.bytes();
        return (sum(pixel as u64), true);
    }
    let expanded = sum(4);
    if expanded <= limits.max_decoded_bytes {
        (expanded, true)
    } else {
        (sum(1), false)
    }
}

/// Tells a file that ends early from one that is damaged.
fn refused(error: DecodingError, parts: &File<'_>) -> PictureError {
    if parts.is_ended {
        PictureError::corrupt(Format::Png, error)
    } else {
        PictureError::Truncated {
            format: Format::Png,
        }
    }
}

pub(crate) fn encode(
    raster: &Raster,
    orientation: Orientation,
    style: PngStyle,
) -> Result<Vec<u8>, PictureError> {
    let mut shades = Shades::of(style.samples);
    if Shades::matter(style.samples) {
        shades.take(raster);
    }
    let target = Target::of(
        (raster.space, raster.depth),
        raster.palette.as_ref(),
        &shades,
    );
    let size = orientation.upright(raster.width, raster.height);
    write(size, &target, style, Vec::new(), |put| {
        let mut row = Vec::new();
        for y in 0..size.1 {
            row.clear();
            raster.upright_row(orientation, y, &mut row);
            put(raster, &mut row)?;
        }
        Ok(())
    })
}

/// Takes a row of the result, as its raster keeps it.
type PutRow<'p> = dyn FnMut(&Raster, &mut Vec<u8>) -> Result<(), PictureError> + 'p;

/// Writes a file whose rows are put by `rows` to `file`, which is empty.
fn write(
    size: (u32, u32),
    target: &Target<'_>,
    style: PngStyle,
    mut file: Vec<u8>,
    rows: impl FnOnce(&mut PutRow<'_>) -> Result<(), PictureError>,
) -> Result<Vec<u8>, PictureError> {
    let before_data = write_pixels(size, target, &mut file, rows)?;
    let kept = style
        .kept
        .true_of(target, style.samples, style.palette.as_ref());
    // From behind, so that the places in front stay where they are.
    let end = file.len() - END;
    for (at, chunks) in [
        (end, kept.behind_data),
        (before_data, kept.before_data),
        (HEADER, kept.before_palette),
    ] {
        file.splice(at..at, chunks);
    }
    Ok(file)
}

/// Writes a file without anything beside its pixels, and says where these begin.
fn write_pixels(
    (width, height): (u32, u32),
    target: &Target<'_>,
    file: &mut Vec<u8>,
    rows: impl FnOnce(&mut PutRow<'_>) -> Result<(), PictureError>,
) -> Result<usize, PictureError> {
    let failed = |error: EncodingError| PictureError::encode(Format::Png, error);
    let Samples { colour, depth, .. } = target.samples;
    let mut encoder = Encoder::new(&mut *file, width, height);
    encoder.set_color(colour);
    encoder.set_depth(BitDepth::from_u8(depth).unwrap_or(BitDepth::Eight));
    encoder.set_deflate_compression(DeflateCompression::Level(LEVEL));
    // Neighbouring palette indices, and bits in a byte, say nothing about each other.
    let is_filtered = colour != ColorType::Indexed && depth >= 8;
    encoder.set_filter(if is_filtered {
        Filter::Adaptive
    } else {
        Filter::NoFilter
    });
    let mut before_data = HEADER;
    if let Some(palette) = target.palette_bytes() {
        before_data += FRAME + palette.len();
        encoder.set_palette(palette);
    }
    if let Some(transparency) = target.transparency() {
        before_data += FRAME + transparency.len();
        encoder.set_trns(transparency);
    }
    let mut writer = encoder.write_header().map_err(failed)?;
    let mut stream = writer.stream_writer_with_size(PIECE).map_err(failed)?;
    rows(&mut |raster, row| {
        target.write_row(raster, row);
        stream
            .write_all(row)
            .map_err(|error| PictureError::encode(Format::Png, error))
    })?;
    stream.finish().map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(before_data)
}
