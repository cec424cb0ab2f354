//! Feeds upright rows to the JPEG encoder straight from the stored raster.

use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, ImageBuffer, JpegColorType};

use super::segments::JFIF;
use super::style::JpegStyle;
use crate::colour::Space;
use crate::error::PictureError;
use crate::format::Format;
use crate::orientation::{Orientation, Strides};
use crate::raster::Raster;

/// Encodes with the tables and the sampling of `style`.
pub(crate) fn encode(
    raster: &Raster,
    orientation: Orientation,
    style: &JpegStyle,
) -> Result<Vec<u8>, PictureError> {
    let failed = |error| PictureError::encode(Format::Jpeg, error);
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, style.quality);
    encoder.set_quantization_tables(style.primary.clone(), style.secondary.clone());
    encoder.set_sampling_factor(style.sampling);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    if let Some(profile) = &style.profile {
        encoder.add_icc_profile(profile).map_err(failed)?;
    }
    let upright = Upright::new(raster, orientation)?;
    encoder.encode_image(upright).map_err(failed)?;
    let at = behind_jfif(&file);
    file.splice(at..at, style.descriptions.iter().copied());
    Ok(file)
}

/// Where further metadata goes: behind the start marker, and behind JFIF if it is there.
fn behind_jfif(file: &[u8]) -> usize {
    match file {
        &[_, _, 0xff, JFIF, high, low, ..] => 4 + usize::from(u16::from_be_bytes([high, low])),
        _ => 2,
    }
}

/// The upright view, row by row.
struct Upright<'a> {
    raster: &'a Raster,
    strides: Strides,
    width: u16,
    height: u16,
}

impl<'a> Upright<'a> {
    fn new(raster: &'a Raster, orientation: Orientation) -> Result<Self, PictureError> {
        let side = |side: u32| {
            u16::try_from(side).map_err(|error| PictureError::encode(Format::Jpeg, error))
        };
        let (width, height) = orientation.upright(raster.width, raster.height);
        Ok(Self {
            raster,
            strides: orientation.strides(raster.width, raster.height),
            width: side(width)?,
            height: side(height)?,
        })
    }

    /// Calls `each` with every pixel of row `y`, `N` being the channels of the raster.
    fn row<const N: usize>(&self, y: u16, mut each: impl FnMut([u8; N])) {
        let (pixels, _) = self.raster.data.as_chunks::<N>();
        let first = self.strides.index(0, y.into());
        let width = usize::from(self.width);
        if self.strides.right == 1 {
            pixels[first..first + width]
                .iter()
                .for_each(|&pixel| each(pixel));
        } else {
            (0..u32::from(self.width)).for_each(|x| each(pixels[self.strides.index(x, y.into())]));
        }
    }
}

impl ImageBuffer for Upright<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        match self.raster.space {
            Space::Grey | Space::GreyAlpha => JpegColorType::Luma,
            Space::Rgb | Space::Rgba | Space::YCbCr => JpegColorType::Ycbcr,
            Space::Cmyk => JpegColorType::Cmyk,
            Space::Ycck => JpegColorType::Ycck,
        }
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let [first, second, third, fourth] = buffers;
        match self.raster.space {
            Space::Grey => self.row(y, |[grey]| first.push(grey)),
            Space::GreyAlpha => self.row(y, |[grey, _]| first.push(grey)),
            Space::YCbCr => self.row(y, |[luma, blue, red]| {
                first.push(luma);
                second.push(blue);
                third.push(red);
            }),
            Space::Rgb => self.row(y, |[r, g, b]| {
                let (luma, blue, red) = jpeg_encoder::rgb_to_ycbcr(r, g, b);
                first.push(luma);
                second.push(blue);
                third.push(red);
            }),
            Space::Rgba => self.row(y, |[r, g, b, _]| {
                let (luma, blue, red) = jpeg_encoder::rgb_to_ycbcr(r, g, b);
                first.push(luma);
                second.push(blue);
                third.push(red);
            }),
            Space::Cmyk | Space::Ycck => self.row(y, |[a, b, c, d]| {
                first.push(a);
                second.push(b);
                third.push(c);
                fourth.push(d);
            }),
        }
    }
}
