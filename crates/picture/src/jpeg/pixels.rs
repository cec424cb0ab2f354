//! All pixels of a JPEG, decoded by `zune-jpeg`.
//!
//! The decoder shows damaged files as far as it can, and judges colours by rules of its own. So it
//! never gets a file as it came, but a copy that was checked from end to end and says nothing of
//! colours.

use zune_core::bytestream::ZCursor;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::file::Jpeg;
use super::segments::corrupt;
use super::style::JpegStyle;
use super::{progressive, turn};
use crate::error::PictureError;
use crate::orientation::Pose;
use crate::raster::{Depth, Raster};

/// Decodes into the colour space of the file.
pub(crate) fn decode(jpeg: &Jpeg<'_>) -> Result<(Raster, JpegStyle), PictureError> {
    let structure = &jpeg.structure;
    let size = (structure.width.into(), structure.height.into());
    let data = samples(&plain(jpeg)?)?;
    let raster = Raster::new(structure.space, Depth::Eight, size, data);
    if raster.data.len() != raster.row_bytes() * raster.height as usize {
        return Err(corrupt("its decoder and its headers disagree"));
    }
    Ok((raster, JpegStyle::of(structure, jpeg.orientation)))
}

/// The same file, found to be whole, with no other segments than the samples need.
fn plain(jpeg: &Jpeg<'_>) -> Result<Vec<u8>, PictureError> {
    if !jpeg.structure.is_sequential() {
        return progressive::checked(jpeg, &[], Pose::upright(jpeg.orientation));
    }
    let mut plain = Vec::with_capacity(jpeg.file.len() + jpeg.file.len() / 16);
    turn::plain(jpeg, &mut plain)?;
    Ok(plain)
}

/// The samples of all components, in whichever colour space they are.
fn samples(file: &[u8]) -> Result<Vec<u8>, PictureError> {
    // The limits were checked when the file was opened.
    let side = usize::from(u16::MAX);
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(side)
        .set_max_height(side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    let refused = |error: zune_jpeg::errors::DecodeErrors| {
        tracing::debug!(%error, "a file that is whole was not decoded");
        PictureError::Unsupported {
            what: "unusually sampled JPEG",
        }
    };
    decoder.decode_headers().map_err(refused)?;
    if let Some(space) = decoder.input_colorspace() {
        decoder.set_options(decoder.options().jpeg_set_out_colorspace(space));
    }
    decoder.decode().map_err(refused)
}
