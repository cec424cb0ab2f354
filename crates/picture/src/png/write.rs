//! Writes a file from front to end.

use std::io::{self, Write};

use png::chunk::ChunkType;
use png::{BitDepth, ColorType, DeflateCompression, Encoder, EncodingError, Filter, Writer};

use super::PngStyle;
use super::chunks::chunks_from;
use super::samples::{Samples, Target};
use crate::error::PictureError;
use crate::format::Format;
use crate::raster::Raster;

/// Length, kind, content and checksum of the header, and the signature before it.
const HEADER: usize = 33;

/// Pixels are written in pieces of this size, in bytes.
const PIECE: usize = 1 << 16;

/// Between speed (1) and size (9). Beyond, a file of 50 megapixels takes minutes.
const LEVEL: u8 = 5;

/// Takes a row of the result, as its raster keeps it.
pub(super) type PutRow<'p> = dyn FnMut(&Raster, &mut Vec<u8>) -> Result<(), PictureError> + 'p;

/// Writes a file whose rows are put by `rows`.
pub(super) fn write(
    (width, height): (u32, u32),
    target: &Target<'_>,
    style: PngStyle,
    to: impl Write,
    rows: impl FnOnce(&mut PutRow<'_>) -> Result<(), PictureError>,
) -> Result<(), PictureError> {
    let kept = style
        .kept
        .true_of(target, style.samples, style.palette.as_ref());
    let to = Headed {
        to,
        missing: HEADER,
        behind: kept.before_palette,
    };
    let mut encoder = Encoder::new(to, width, height);
    let Samples { colour, depth, .. } = target.samples;
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
    if let Some(palette) = target.palette_bytes() {
        encoder.set_palette(palette);
    }
    if let Some(transparency) = target.transparency() {
        encoder.set_trns(transparency);
    }
    let mut writer = encoder.write_header().map_err(failed)?;
    put_chunks(&kept.before_data, &mut writer)?;
    let mut stream = writer.stream_writer_with_size(PIECE).map_err(failed)?;
    rows(&mut |raster, row| {
        target.write_row(raster, row);
        stream
            .write_all(row)
            .map_err(|error| PictureError::encode(Format::Png, error))
    })?;
    stream.finish().map_err(failed)?;
    put_chunks(&kept.behind_data, &mut writer)?;
    writer.finish().map_err(failed)
}

fn put_chunks(chunks: &[u8], writer: &mut Writer<impl Write>) -> Result<(), PictureError> {
    for chunk in chunks_from(chunks, 0) {
        let kind = ChunkType(chunk.kind);
        writer.write_chunk(kind, chunk.data).map_err(failed)?;
    }
    Ok(())
}

fn failed(error: EncodingError) -> PictureError {
    PictureError::encode(Format::Png, error)
}

/// Passes a file on, with chunks behind its header, where the encoder takes none.
struct Headed<W> {
    to: W,
    /// Bytes of the header that are still to come.
    missing: usize,
    behind: Vec<u8>,
}

impl<W: Write> Write for Headed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.missing == 0 {
            return self.to.write(bytes);
        }
        let count = self.missing.min(bytes.len());
        self.to.write_all(&bytes[..count])?;
        self.missing -= count;
        if self.missing == 0 {
            self.to.write_all(&std::mem::take(&mut self.behind))?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
