//! Photos of any size with the detail of a real one: the sample photo, mirrored again and
//! again. A photo that was scaled up would be smooth, and cheaper to code than what
//! cameras take.

use std::path::Path;

use anyhow::{Context as _, Result};
use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Quality of the files, that of phones.
pub(crate) const QUALITY: u8 = 90;

/// A JPEG file of this size in pixels, coded as cameras do.
///
/// # Errors
/// When the sample photo is gone.
pub(crate) fn jpeg(width: u16, height: u16) -> Result<Vec<u8>> {
    jpeg_with(width, height, QUALITY)
}

/// The same in another quality.
///
/// # Errors
/// When the sample photo is gone.
pub(crate) fn jpeg_with(width: u16, height: u16, quality: u8) -> Result<Vec<u8>> {
    encode(&testbed::sample(), width, height, quality)
}

/// The same, made of another photo.
///
/// # Errors
/// When the photo cannot be read.
pub(crate) fn jpeg_of(sample: &Path, width: u16, height: u16) -> Result<Vec<u8>> {
    encode(sample, width, height, QUALITY)
}

fn encode(sample: &Path, width: u16, height: u16, quality: u8) -> Result<Vec<u8>> {
    let sample = image::open(sample)
        .with_context(|| format!("cannot read the photo `{}`", sample.display()))?;
    let photo = mirrored(&sample.into_rgb8(), width.into(), height.into());
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.encode(photo.as_raw(), width, height, ColorType::Rgb)?;
    Ok(file)
}

/// Tiles that continue one another, because every other one is mirrored.
pub(crate) fn mirrored(sample: &RgbImage, width: u32, height: u32) -> RgbImage {
    let folded = |at: u32, side: u32| {
        let within = at % (2 * side);
        within.min(2 * side - 1 - within)
    };
    RgbImage::from_fn(width, height, |x, y| {
        *sample.get_pixel(folded(x, sample.width()), folded(y, sample.height()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_mirrored_where_they_meet() {
        let sample = RgbImage::from_fn(3, 1, |x, _| image::Rgb([u8::try_from(x).unwrap(); 3]));
        let row: Vec<_> = mirrored(&sample, 8, 1)
            .pixels()
            .map(|pixel| pixel[0])
            .collect();
        assert_eq!(row, [0, 1, 2, 2, 1, 0, 0, 1]);
    }

    #[test]
    fn files_have_the_size_that_was_asked_for() {
        let file = jpeg(700, 300).unwrap();
        let photo = image::load_from_memory(&file).unwrap();
        assert_eq!((photo.width(), photo.height()), (700, 300));
    }
}
