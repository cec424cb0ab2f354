//! Small upright copies for face detection, averaged over areas in one pass over the stored
//! rows, so that the large picture is neither copied nor converted.

use image::{DynamicImage, GrayImage, RgbImage};

use super::colour::{self, Space};
use super::orientation::Orientation;
use super::palette::Palette;
use super::raster::{Depth, Raster};

pub(super) fn luma(
    raster: &Raster,
    palette: Option<&Palette>,
    orientation: Orientation,
    max_side: u32,
) -> GrayImage {
    let (width, height) = fit(raster.width, raster.height, max_side);
    let is_luma = matches!(raster.space, Space::Grey | Space::YCbCr) && palette.is_none();
    let data = if is_luma {
        // The first channel is the luma already.
        average(raster, width, height, 1, |pixel| [pixel[0], 0, 0])
    } else {
        average(raster, width, height, 1, |pixel| {
            [colour::luma(shown(raster, palette, pixel)), 0, 0]
        })
    };
    let grey = GrayImage::from_raw(width, height, data).unwrap_or_default();
    turned(DynamicImage::ImageLuma8(grey), orientation).into_luma8()
}

pub(super) fn rgb(
    raster: &Raster,
    palette: Option<&Palette>,
    orientation: Orientation,
    max_side: u32,
) -> RgbImage {
    let (width, height) = fit(raster.width, raster.height, max_side);
    let data = average(raster, width, height, 3, |pixel| {
        shown(raster, palette, pixel)
    });
    let rgb = RgbImage::from_raw(width, height, data).unwrap_or_default();
    turned(DynamicImage::ImageRgb8(rgb), orientation).into_rgb8()
}

/// The colour of a pixel, which may be a number in a palette.
fn shown(raster: &Raster, palette: Option<&Palette>, pixel: [u8; 4]) -> [u8; 3] {
    match palette {
        Some(palette) => Space::Rgba.colour(palette.colour(pixel[0])),
        None => raster.space.colour(pixel),
    }
}

pub(super) fn turned(mut small: DynamicImage, orientation: Orientation) -> DynamicImage {
    small.apply_orientation(orientation.for_image());
    small
}

/// The largest dimensions of the same shape with no side above `max_side`; never enlarges.
pub(super) fn fit(width: u32, height: u32, max_side: u32) -> (u32, u32) {
    let long = width.max(height);
    if long <= max_side {
        return (width, height);
    }
    let scaled = |side: u32| {
        let exact = u64::from(side) * u64::from(max_side);
        let rounded = (exact + u64::from(long) / 2) / u64::from(long);
        u32::try_from(rounded).unwrap_or(max_side).max(1)
    };
    (scaled(width), scaled(height))
}

/// Averages `sample` over the area of each target pixel.
fn average(
    raster: &Raster,
    width: u32,
    height: u32,
    channels: usize,
    sample: impl Fn([u8; 4]) -> [u8; 3],
) -> Vec<u8> {
    let mut average = Average::new((raster.width, raster.height), (width, height), channels);
    for row in raster.data.chunks_exact(raster.row_bytes()) {
        let pixels = row.chunks_exact(raster.pixel_bytes());
        average.push(pixels.map(|pixel| sample(eight_bits(pixel, raster.depth))));
    }
    average.finish()
}

/// A picture that is scaled down row by row, exactly: a source pixel on the border of two
/// target pixels counts into both by its share.
pub(super) struct Average {
    columns: Vec<Share>,
    rows: std::vec::IntoIter<Share>,
    channels: usize,
    /// Source pixels times target pixels: what the shares of a target pixel come to.
    area: u64,
    /// The number of the target row that is under way, and of what it consists so far.
    current: usize,
    sums: Vec<u64>,
    /// What its last source row owes the next one.
    carry: Vec<u64>,
    line: Vec<u32>,
    data: Vec<u8>,
}

impl Average {
    pub(super) fn new(source: (u32, u32), target: (u32, u32), channels: usize) -> Self {
        let row = target.0 as usize * channels;
        Self {
            columns: shares(source.0, target.0),
            rows: shares(source.1, target.1).into_iter(),
            channels,
            area: u64::from(source.0) * u64::from(source.1),
            current: 0,
            sums: vec![0; row],
            carry: vec![0; row],
            line: vec![0; row],
            data: Vec::with_capacity(row * target.1 as usize),
        }
    }

    /// Takes the next source row, of which only the first channels count.
    pub(super) fn push(&mut self, pixels: impl Iterator<Item = [u8; 3]>) {
        let Some(share) = self.rows.next() else {
            return;
        };
        if share.target != self.current {
            self.end_row();
            self.current = share.target;
        }
        self.squeeze(pixels);
        for ((sum, carry), &value) in self.sums.iter_mut().zip(&mut self.carry).zip(&self.line) {
            *sum += u64::from(value) * u64::from(share.here);
            *carry += u64::from(value) * u64::from(share.next);
        }
    }

    /// The target rows.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.end_row();
        self.data
    }

    fn squeeze(&mut self, pixels: impl Iterator<Item = [u8; 3]>) {
        let (line, channels) = (&mut self.line, self.channels);
        line.fill(0);
        for (pixel, share) in pixels.zip(&self.columns) {
            let at = share.target * channels;
            for (channel, &value) in pixel.iter().take(channels).enumerate() {
                line[at + channel] += u32::from(value) * share.here;
                if share.next > 0 {
                    line[at + channels + channel] += u32::from(value) * share.next;
                }
            }
        }
    }

    /// Writes the finished target row and begins the next one.
    fn end_row(&mut self) {
        let area = self.area;
        for (sum, carry) in self.sums.iter_mut().zip(&mut self.carry) {
            let value = u8::try_from((*sum + area / 2) / area);
            self.data.push(value.unwrap_or(u8::MAX));
            *sum = std::mem::take(carry);
        }
    }
}

fn eight_bits(pixel: &[u8], depth: Depth) -> [u8; 4] {
    let mut channels = [0; 4];
    match depth {
        Depth::Eight => channels
            .iter_mut()
            .zip(pixel)
            .for_each(|(to, from)| *to = *from),
        Depth::Sixteen => {
            for (to, from) in channels.iter_mut().zip(pixel.as_chunks::<2>().0) {
                *to = u16::from_ne_bytes(*from).to_be_bytes()[0];
            }
        }
    }
    channels
}

/// What one source pixel gives to its target and to the one after.
struct Share {
    target: usize,
    here: u32,
    next: u32,
}

/// Splits `source` pixels among `target` ones, which are no more. Counted in units of
/// 1/`target` of a source pixel, every source pixel is `target` wide and every target pixel
/// `source` wide: no rounding.
#[expect(
    clippy::cast_possible_truncation,
    reason = "positions below `target` and shares of at most `target`, which is 32 bits wide"
)]
fn shares(source: u32, target: u32) -> Vec<Share> {
    let (wide, narrow) = (u64::from(source), u64::from(target));
    (0..wide)
        .map(|index| {
            let start = index * narrow;
            let at = start / wide;
            let here = ((at + 1) * wide - start).min(narrow) as u32;
            Share {
                target: at as usize,
                here,
                next: target - here,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grey(width: u32, height: u32, data: Vec<u8>) -> Raster {
        Raster {
            space: Space::Grey,
            depth: Depth::Eight,
            width,
            height,
            data,
        }
    }

    proptest! {
        #[test]
        fn every_target_pixel_gets_its_whole_width(source in 1_u32..500, less in 0_u32..500) {
            let target = source.saturating_sub(less).max(1);
            let mut received = vec![0; target as usize + 1];
            for share in shares(source, target) {
                received[share.target] += share.here;
                received[share.target + 1] += share.next;
            }
            prop_assert_eq!(received.pop(), Some(0));
            prop_assert!(received.iter().all(|&width| width == source));
        }

        #[test]
        fn a_plain_picture_stays_plain(
            width in 1_u32..90, height in 1_u32..90, side in 1_u32..100, shade: u8,
        ) {
            let raster = grey(width, height, vec![shade; (width * height) as usize]);
            let small = luma(&raster, None, Orientation::Upright, side);
            prop_assert!(small.pixels().all(|pixel| pixel.0 == [shade]));
            prop_assert!(small.width() <= side.max(1) && small.height() <= side.max(1));
        }
    }

    #[test]
    fn areas_are_averaged_and_turned() {
        let raster = grey(4, 2, vec![0, 100, 200, 200, 100, 200, 40, 40]);
        let small = luma(&raster, None, Orientation::Upright, 2);
        assert_eq!(
            (small.dimensions(), small.as_raw().as_slice()),
            ((2, 1), &[100, 120][..])
        );
        let turned = luma(&raster, None, Orientation::Clockwise, 2);
        assert_eq!(
            (turned.dimensions(), turned.as_raw().as_slice()),
            ((1, 2), &[100, 120][..])
        );
    }

    #[test]
    fn small_pictures_are_copied_exactly() {
        let data: Vec<u8> = (0..35).collect();
        let same = luma(&grey(7, 5, data.clone()), None, Orientation::Upright, 100);
        assert_eq!(same.into_raw(), data);
    }

    #[test]
    fn sixteen_bits_and_colour_are_reduced() {
        let words = [0xffff_u16, 0x8000, 0x0100, 0xffff];
        let raster = Raster {
            space: Space::Rgba,
            depth: Depth::Sixteen,
            width: 1,
            height: 1,
            data: words.into_iter().flat_map(u16::to_ne_bytes).collect(),
        };
        assert_eq!(
            rgb(&raster, None, Orientation::Upright, 10).into_raw(),
            [255, 128, 1]
        );
    }
}
