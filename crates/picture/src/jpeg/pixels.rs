//! All pixels of a JPEG, as a decoder that somebody else wrote makes them.
//!
//! It shows what it can of any file, and has its own views of what files mean. So it is given none
//! as it came, but one that has been read through before and that says nothing of colours.

use zune_core::bytestream::ZCursor;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::profile::Profile;
use super::segments::corrupt;
use super::structure::Structure;
use super::{JpegStyle, progressive, turn};
use crate::raster::{Depth, Raster};
use crate::{Limits, Orientation, Picture, PictureError, Style};

/// Decodes into the colour space of the file.
pub(super) fn decode(
    file: &[u8],
    structure: &Structure<'_>,
    orientation: Orientation,
    limits: &Limits,
) -> Result<Picture, PictureError> {
    let (width, height) = (u32::from(structure.width), u32::from(structure.height));
    let data = samples(&plain(file, structure)?, limits)?;
    let raster = Raster {
        space: structure.space,
        depth: Depth::Eight,
        width,
        height,
        data,
    };
    if raster.data.len() != raster.row_bytes() * raster.height as usize {
        return Err(corrupt("its decoder and its headers disagree"));
    }
    Ok(Picture {
        style: Style::Jpeg(JpegStyle::of(structure, structure.space, orientation)),
        icc_profile: Profile::of(&structure.metadata).map(|profile| profile.bytes()),
        orientation,
        raster,
    })
}

/// The same file, found to be whole, with nothing but what its samples are made of.
fn plain(file: &[u8], structure: &Structure<'_>) -> Result<Vec<u8>, PictureError> {
    if !structure.is_sequential() {
        return progressive::checked(file, structure);
    }
    let mut plain = Vec::with_capacity(file.len() + file.len() / 16);
    turn::plain(file, structure, &mut plain)?;
    Ok(plain)
}

/// The samples of all components, in whichever colour space they are.
fn samples(file: &[u8], limits: &Limits) -> Result<Vec<u8>, PictureError> {
    let side = usize::try_from(limits.max_side).unwrap_or(usize::MAX);
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
