//! PNG, with all that its chunks say beside the pixels.
//!
//! Depth and kind of colour are kept: a palette as long as what is drawn finds its colours in it
//! ([`palette`](super::palette)), grey, sixteen bits, one transparent colour. The `png` crate
//! reads and writes pixels only; the other chunks are copied ([`keep`]).

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
use super::header::Header;
use super::palette::{Alpha, Palette};
use super::raster::{Depth, Raster};
use super::{Format, Limits, Orientation, Picture, PictureError, Style};

/// Length, kind, content and checksum of the header, and the signature before it.
const HEADER: usize = 33;

/// What a chunk has beside its content, and all of the last one.
const FRAME: usize = 12;
const END: usize = FRAME;

/// Pixels are written in pieces of this size, in bytes.
const PIECE: usize = 1 << 16;

/// Between speed (1) and size (9). Beyond, a file of 50 megapixels takes minutes.
const LEVEL: u8 = 5;

/// What a PNG needs to be written as it was.
#[derive(Debug)]
pub(super) struct PngStyle {
    kept: Kept,
    samples: Samples,
    /// The palette of the source, for what its chunks say of it.
    source: Option<Palette>,
    pub(super) palette: Option<Palette>,
}

/// What the header says.
struct Shape {
    width: u32,
    height: u32,
    samples: Samples,
    /// Bytes of a stored row.
    row_bytes: u64,
}

pub(super) fn header(file: &[u8], limits: &Limits) -> Result<Header, PictureError> {
    let parts = File::parse(file)?;
    let (width, height) = parts.dimensions();
    limits.check(width, height, 0)?; // Before the decoder does its sums.
    let (_, shape) = open(&parts)?;
    let orientation = keep::orientation(file);
    let (working_bytes, _) = working_bytes(&shape, keep::length(file), limits);
    limits.check(width, height, working_bytes)?;
    Ok(Header {
        format: Format::Png,
        width,
        height,
        orientation,
        working_bytes,
        patch_bytes: None,
    })
}

pub(super) fn decode(file: &[u8], limits: &Limits) -> Result<Picture, PictureError> {
    let header = header(file, limits)?;
    let parts = File::parse(file)?;
    let (mut reader, shape) = open(&parts)?;
    if !parts.is_data_intact() {
        return Err(PictureError::corrupt(
            Format::Png,
            "the checksum of its pixels is wrong",
        ));
    }
    let (_, may_expand) = working_bytes(&shape, keep::length(file), limits);
    let palette = palette(&parts, shape.samples, may_expand)?;
    let mut data = vec![0; reader.output_buffer_size().unwrap_or(0)];
    reader
        .next_frame(&mut data)
        .map_err(|error| refused(error, &parts))?;
    if shape.samples.depth < 8 && palette.is_some() {
        data = samples::unpacked(&data, shape.width as usize, shape.samples.depth);
    }
    let (space, depth) = shape.samples.raster();
    let mut raster = Raster {
        space,
        depth,
        width: shape.width,
        height: shape.height,
        data,
    };
    if raster.depth == Depth::Sixteen {
        samples::swap_bytes(&mut raster.data);
    }
    Ok(Picture {
        raster,
        orientation: header.orientation,
        icc_profile: None,
        style: Style::Png(Box::new(PngStyle {
            kept: Kept::of(file, header.orientation),
            samples: shape.samples,
            source: palette.clone(),
            palette,
        })),
    })
}

/// Opens the decoder, which reads up to the pixels, and looks at what it found.
fn open<'a>(parts: &File<'a>) -> Result<(png::Reader<Parts<'a>>, Shape), PictureError> {
    if parts.is_animated {
        return Err(PictureError::Animated {
            format: Format::Png,
        });
    }
    // Nothing in these parts makes the decoder hold more than some rows.
    let bounds = png::Limits { bytes: usize::MAX };
    let mut decoder = Decoder::new_with_limits(parts.essence(), bounds);
    decoder.ignore_checksums(true); // They are checked here.
    let info = decoder
        .read_header_info()
        .map_err(|error| refused(error, parts))?;
    let samples = Samples::of(info.color_type, info.bit_depth);
    let row_bytes = info.raw_row_length() as u64;
    if samples.colour != ColorType::Indexed {
        decoder.set_transformations(Transformations::EXPAND);
    }
    let reader = decoder.read_info().map_err(|error| refused(error, parts))?;
    let (width, height) = parts.dimensions();
    let shape = Shape {
        width,
        height,
        samples: samples.with_key(parts.key().as_deref()),
        row_bytes,
    };
    Ok((reader, shape))
}

/// Memory that decoding and encoding take, and whether that is enough to do without a palette.
fn working_bytes(shape: &Shape, kept: u64, limits: &Limits) -> (u64, bool) {
    let pixels = u64::from(shape.width) * u64::from(shape.height);
    // Rows in the decoder: those under way, and some before them.
    let beside = kept.saturating_add(6 * shape.row_bytes);
    let sum = |bytes: u64| pixels.saturating_mul(bytes).saturating_add(beside);
    // The pixels and the file that they become.
    if shape.samples.colour != ColorType::Indexed {
        let (space, depth) = shape.samples.raster();
        let pixel = space.channels() * depth.bytes();
        return (sum(2 * pixel as u64), true);
    }
    let expanded = sum(8);
    if expanded <= limits.max_decoded_bytes {
        (expanded, true)
    } else {
        // Numbers, packed and unpacked.
        (sum(2), false)
    }
}

fn palette(
    parts: &File<'_>,
    samples: Samples,
    may_expand: bool,
) -> Result<Option<Palette>, PictureError> {
    if samples.colour != ColorType::Indexed {
        return Ok(None);
    }
    let Some(chunk) = parts.palette.filter(Chunk::is_intact) else {
        return Err(PictureError::corrupt(Format::Png, "it has no palette"));
    };
    let mut alphas = parts
        .transparency
        .map_or(&[][..], |chunk| chunk.data)
        .iter()
        .copied();
    let colours = chunk.data.as_chunks().0.iter();
    let colours = colours.map(|&[r, g, b]| [r, g, b, alphas.next().unwrap_or(255)]);
    let most = 1 << samples.depth;
    let colours = colours.take(most).collect();
    Ok(Some(Palette::new(colours, Alpha::Graded, may_expand)))
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

pub(super) fn encode(
    raster: &Raster,
    orientation: Orientation,
    style: PngStyle,
) -> Result<Vec<u8>, PictureError> {
    let target = Target::of(raster, style.samples, style.palette.as_ref());
    let mut file = Vec::new();
    let before_data = write_pixels(raster, orientation, &target, &mut file)
        .map_err(|error| PictureError::encode(Format::Png, error))?;
    let kept = style
        .kept
        .true_of(&target, style.samples, style.source.as_ref());
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
    // Neighbouring numbers, and bits in a byte, say nothing about each other.
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
