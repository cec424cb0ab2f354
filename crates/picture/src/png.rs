//! PNG, with all that its chunks say beside the pixels.
//!
//! Depth and kind of colour are kept: a palette as long as the drawing finds its colours in it
//! ([`lay`](crate::lay)), grey, sixteen bits, one transparent colour. The `png` crate
//! reads and writes pixels only; the other chunks are copied ([`keep`]). It is used directly, as
//! `gif` and `image-webp` are, because `image`, which wraps them, knows no palettes, no chunks
//! beside the pixels, and not whether a WebP is lossy.

mod chunks;
mod keep;
mod samples;

use std::io::Write as _;

use png::{
    BitDepth, ColorType, Decoder, DecodingError, DeflateCompression, Encoder, EncodingError,
    Filter, Transformations,
};

use self::chunks::{Chunk, File, Parts};
use self::keep::Kept;
use self::samples::{Samples, Target};
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
        let (working_bytes, may_expand) = working_bytes((width, height), samples, beside, limits);
        limits.check(width, height, working_bytes)?;
        let orientation = keep::orientation(file);
        let header = Header {
            format: Format::Png,
            width,
            height,
            orientation,
            working_bytes,
            edit_bytes: None,
            is_read_small: false,
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
        if !self.parts.is_data_intact() {
            return Err(PictureError::corrupt(
                Format::Png,
                "the checksum of its pixels is wrong",
            ));
        }
        let palette = self.palette()?;
        let mut reader = reader(&self.parts)?;
        let mut data = vec![0; reader.output_buffer_size().unwrap_or(0)];
        reader
            .next_frame(&mut data)
            .map_err(|error| refused(error, &self.parts))?;
        let (width, height) = self.parts.dimensions();
        if self.samples.depth < 8 && palette.is_some() {
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
        let style = PngStyle {
            kept: Kept::of(self.file, self.orientation),
            samples: self.samples,
            palette,
        };
        Ok((raster, style))
    }

    fn palette(&self) -> Result<Option<Palette>, PictureError> {
        if self.samples.colour != ColorType::Indexed {
            return Ok(None);
        }
        let Some(chunk) = self.parts.palette.filter(Chunk::is_intact) else {
            return Err(PictureError::corrupt(Format::Png, "it has no palette"));
        };
        let alphas = self.parts.transparency.map_or(&[][..], |chunk| chunk.data);
        let mut alphas = alphas.iter().copied();
        let colours = chunk.data.as_chunks().0.iter();
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

/// Memory that decoding and encoding take, and whether that is enough to do without a palette.
fn working_bytes(
    (width, height): (u32, u32),
    samples: Samples,
    beside: u64,
    limits: &Limits,
) -> (u64, bool) {
    let pixels = u64::from(width) * u64::from(height);
    let sum = |bytes: u64| pixels.saturating_mul(bytes).saturating_add(beside);
    // The pixels and the file that they become.
    if samples.colour != ColorType::Indexed {
        let (space, depth) = samples.raster();
        let pixel = space.channels() * depth.bytes();
        return (sum(2 * pixel as u64), true);
    }
    let expanded = sum(8);
    if expanded <= limits.max_decoded_bytes {
        (expanded, true)
    } else {
        // Palette indices, packed and unpacked.
        (sum(2), false)
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
    let target = Target::of(raster, style.samples);
    let mut file = Vec::new();
    let before_data = write_pixels(raster, orientation, &target, &mut file)
        .map_err(|error| PictureError::encode(Format::Png, error))?;
    let kept = style
        .kept
        .true_of(&target, style.samples, style.palette.as_ref());
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
    raster: &Raster,
    orientation: Orientation,
    target: &Target<'_>,
    file: &mut Vec<u8>,
) -> Result<usize, EncodingError> {
    let (width, height) = orientation.upright(raster.width, raster.height);
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
    let mut writer = encoder.write_header()?;
    let mut stream = writer.stream_writer_with_size(PIECE)?;
    let mut row = Vec::new();
    for y in 0..height {
        row.clear();
        raster.upright_row(orientation, y, &mut row);
        target.write_row(raster, &mut row);
        stream.write_all(&row)?;
    }
    stream.finish()?;
    writer.finish()?;
    Ok(before_data)
}
