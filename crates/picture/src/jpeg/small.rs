//! A smaller JPEG of a sequential one, for a service that takes no large files.
//!
//! Its components are scaled down while they are read, and encoded as they come: no pixel is ever
//! converted to colours and back. Of one that is upright only a few rows are held at a time.

mod strips;

use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, ImageBuffer, JpegColorType};

use self::strips::Strips;
use super::file::Jpeg;
use super::look::FEW;
use super::style::sampling;
use crate::colour::Space;
use crate::error::PictureError;
use crate::format::Format;
use crate::orientation::Orientation;
use crate::picture::Copy;

/// The upright picture in this quality, no side above `max_side`, or a little
/// smaller. `None` if it cannot be made like this.
///
/// # Errors
/// Damage.
pub(crate) fn small(
    jpeg: &Jpeg<'_>,
    max_side: u32,
    quality: u8,
) -> Result<Option<Copy>, PictureError> {
    let structure = &jpeg.structure;
    let is_plain = matches!(structure.space, Space::YCbCr | Space::Grey);
    let stored = (structure.width.into(), structure.height.into());
    let Some(side) = side(stored, max_side).filter(|_| is_plain) else {
        return Ok(None);
    };
    let strips = Strips::of(jpeg, side)?;
    let upright = Upright::of(&strips, jpeg.orientation, structure.space);
    let dimensions = (upright.width.into(), upright.height.into());
    // Hardly ever too little; memory that is not written to is not taken.
    let mut bytes = Vec::with_capacity(jpeg.file.len());
    let mut encoder = Encoder::new(&mut bytes, quality);
    let is_sideways = jpeg.orientation.is_sideways();
    encoder.set_sampling_factor(sampling(
        structure.space,
        &structure.components,
        is_sideways,
    ));
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder
        .encode_image(upright)
        .map_err(|error| PictureError::encode(Format::Jpeg, error))?;
    strips.end()?;
    Ok(Some(Copy { bytes, dimensions }))
}

/// How many samples of eight along a side lead to the size that is wanted, or at most a quarter
/// below it.
fn side((width, height): (u32, u32), max_side: u32) -> Option<u8> {
    let long = u64::from(width.max(height));
    let side = (8 * u64::from(max_side) / long.max(1)).min(8);
    let is_near = side == 8 || side * long * 4 >= u64::from(max_side) * 3 * 8;
    let is_long_enough = u64::from(width.min(height)) * side >= u64::from(8 * FEW);
    let side = u8::try_from(side).ok()?;
    (is_near && is_long_enough).then_some(side)
}

/// The upright view of components, row by row.
struct Upright<'s, 'f> {
    strips: &'s Strips<'f>,
    orientation: Orientation,
    space: Space,
    width: u16,
    height: u16,
}

impl<'s, 'f> Upright<'s, 'f> {
    fn of(strips: &'s Strips<'f>, orientation: Orientation, space: Space) -> Self {
        let sizes = strips.sizes().iter();
        let sizes = sizes.map(|size| orientation.upright(size.0, size.1));
        let (width, height) = sizes.fold((0, 0), |most, size| {
            (most.0.max(size.0), most.1.max(size.1))
        });
        let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
        Self {
            strips,
            orientation,
            space,
            width: side(width),
            height: side(height),
        }
    }
}

impl ImageBuffer for Upright<'_, '_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        match self.space {
            Space::YCbCr => JpegColorType::Ycbcr,
            _ => JpegColorType::Luma,
        }
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    /// Samples of coarse components are repeated; the encoder takes their means.
    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let strip = self.strips.at(y.into());
        let sizes = self.strips.sizes();
        for ((plane, size), buffer) in strip.planes.iter().zip(sizes).zip(buffers) {
            let (width, height) = self.orientation.upright(size.0, size.1);
            let times = usize::from(self.width).div_ceil(width as usize);
            let row = (u32::from(y) - strip.above) / u32::from(self.height).div_ceil(height);
            let walk = self.orientation.walk(plane.width(), plane.height());
            let samples = plane.as_raw();
            let end = buffer.len() + usize::from(self.width);
            if times == 1 && walk.right == 1 {
                let first = walk.index(0, row);
                buffer.extend_from_slice(&samples[first..first + width as usize]);
            } else {
                for x in 0..width {
                    let sample = samples[walk.index(x, row)];
                    buffer.extend(std::iter::repeat_n(sample, times));
                }
            }
            buffer.truncate(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_near_what_is_wanted() {
        let cases = [
            ((4000, 3000), 2048, Some(4)),
            ((3000, 4000), 2048, Some(4)),
            ((4096, 3000), 2048, Some(4)),
            ((8165, 6124), 2048, Some(2)),
            ((2048, 100), 2048, Some(8)),
            ((100, 100), 2048, Some(8)),
            // 1500 and 2250 are too far off.
            ((6000, 4000), 2048, None),
            ((65_500, 1_500), 2048, None),
            ((15, 10), 2048, None),
            ((4000, 30), 2000, None),
        ];
        for (size, max_side, expected) in cases {
            assert_eq!(side(size, max_side), expected, "{size:?} to {max_side}");
        }
    }
}
