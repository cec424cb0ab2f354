//! PNG, with all that its chunks say beside the pixels.
//!
//! Depth and kind of colour are kept: a palette as long as the drawing finds its colours in it
//! ([`lay`](crate::composite)), grey, sixteen bits, one transparent colour. The `png` crate
//! reads and writes pixels only; the other chunks are copied ([`keep`]). It is used directly, as
//! `gif` and `image-webp` are, because `image`, which wraps them, knows no palettes, no chunks
//! beside the pixels, and not whether a WebP is lossy.
//!
//! A picture that is stored upright, row by row, is read and written in strips ([`strips`]), and the
//! memory of its file becomes that of its result if it is not shared ([`in_place`]). One that is
//! interlaced or must be turned is held as a whole.

mod chunks;
mod in_place;
mod keep;
mod samples;
mod strips;
mod write;

use std::io::BufRead;

use png::{ColorType, Decoder, DecodingError, Transformations};

use self::chunks::{Chunk, File, PixelStream};
use self::keep::Kept;
use self::samples::{Samples, Shades, Target};
use self::write::write;
use crate::error::PictureError;
use crate::format::Format;
use crate::header::Header;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::palette::{Alpha, Palette};
use crate::raster::{Depth, Raster};

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
            scaled_bytes: is_stripped.then_some(0),
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
            .map_err(|error| refused(error, self.parts.is_ended))?;
        let (width, height) = self.parts.dimensions();
        if self.samples.is_packed() {
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

    fn style(&self, palette: Option<Palette>) -> PngStyle {
        PngStyle {
            kept: Kept::of(self.file, self.orientation),
            samples: self.samples,
            palette,
        }
    }

    /// The decoder of pixels that arrived as they were sent.
    fn reader(&self) -> Result<Reader<&'f [u8]>, PictureError> {
        self.check_data()?;
        reader(&self.parts)
    }

    fn check_data(&self) -> Result<(), PictureError> {
        if self.parts.is_data_intact() {
            return Ok(());
        }
        let reason = "the checksum of its pixels is wrong";
        Err(PictureError::corrupt(Format::Png, reason))
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

/// A decoder whose pixels come out of `D`.
type Reader<D> = png::Reader<PixelStream<D>>;

/// The decoder, which has read up to the pixels.
fn reader<'f>(parts: &File<'f>) -> Result<Reader<&'f [u8]>, PictureError> {
    begun(parts.rest().around(parts.data), parts.is_ended)
}

/// The decoder of these parts, which has read up to the pixels.
fn begun<D: BufRead>(parts: PixelStream<D>, is_ended: bool) -> Result<Reader<D>, PictureError> {
    // Nothing in these parts makes the decoder hold more than some rows.
    let bounds = png::Limits { bytes: usize::MAX };
    let mut decoder = Decoder::new_with_limits(parts, bounds);
    decoder.ignore_checksums(true); // They are checked here.
    let info = decoder
        .read_header_info()
        .map_err(|error| refused(error, is_ended))?;
    if info.color_type != ColorType::Indexed {
        decoder.set_transformations(Transformations::EXPAND);
    }
    decoder
        .read_info()
        .map_err(|error| refused(error, is_ended))
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
fn refused(error: DecodingError, is_ended: bool) -> PictureError {
    if is_ended {
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
    let mut file = Vec::new();
    write(size, &target, style, &mut file, |put| {
        let mut row = Vec::new();
        for y in 0..size.1 {
            row.clear();
            raster.upright_row(orientation, y, &mut row);
            put(raster, &mut row)?;
        }
        Ok(())
    })?;
    Ok(file)
}
