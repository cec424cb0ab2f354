//! Small upright copies for face detection, averaged over areas in one pass over the stored
//! rows, so that the large picture is neither copied nor converted.

use image::{DynamicImage, RgbImage};

use crate::orientation::Orientation;
use crate::raster::Raster;

/// The upright picture in sRGB-like colours, scaled down until no side exceeds `max_side`.
pub(crate) fn rgb(raster: &Raster, orientation: Orientation, max_side: u32) -> RgbImage {
    let stored = (raster.width, raster.height);
    let target = fit(stored.0, stored.1, max_side);
    let mut average = Average::<3>::new(stored, target);
    for row in raster.data.chunks_exact(raster.row_bytes()) {
        let pixels = row.chunks_exact(raster.pixel_bytes());
        average.push(pixels.map(|pixel| raster.shown(pixel)));
    }
    turned(target, average.finish(), orientation)
}

/// A picture of this size and these colours, turned upright.
pub(crate) fn turned(size: (u32, u32), rgb: Vec<u8>, orientation: Orientation) -> RgbImage {
    let small = RgbImage::from_raw(size.0, size.1, rgb).unwrap_or_default();
    let mut small = DynamicImage::ImageRgb8(small);
    small.apply_orientation(orientation.for_image());
    small.into_rgb8()
}

/// The largest dimensions of the same shape with no side above `max_side`; never enlarges.
pub(crate) fn fit(width: u32, height: u32, max_side: u32) -> (u32, u32) {
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

/// A picture that is scaled down row by row, exactly: a source pixel on the border of two
/// target pixels counts into both by its share.
pub(crate) struct Average<const CHANNELS: usize> {
    columns: Vec<Share>,
    rows: std::vec::IntoIter<Share>,
    /// Source pixels times target pixels: the sum of the shares of a target pixel.
    area: u64,
    /// The number of the target row that is under way, and its sums so far.
    current: usize,
    sums: Vec<u64>,
    /// The part of its last source row that belongs to the next target row.
    carry: Vec<u64>,
    line: Vec<u32>,
    data: Vec<u8>,
    /// Nothing is scaled.
    is_whole: bool,
}

impl<const CHANNELS: usize> Average<CHANNELS> {
    pub(crate) fn new(source: (u32, u32), target: (u32, u32)) -> Self {
        let row = target.0 as usize * CHANNELS;
        Self {
            columns: shares(source.0, target.0),
            rows: shares(source.1, target.1).into_iter(),
            area: u64::from(source.0) * u64::from(source.1),
            current: 0,
            sums: vec![0; row],
            carry: vec![0; row],
            line: vec![0; row],
            data: Vec::with_capacity(row * target.1 as usize),
            is_whole: source == target,
        }
    }

    /// Takes the next source row.
    pub(crate) fn push(&mut self, pixels: impl Iterator<Item = [u8; CHANNELS]>) {
        let Some(share) = self.rows.next() else {
            return;
        };
        if self.is_whole {
            let begin = self.data.len();
            self.data.resize(begin + self.line.len(), 0);
            let row = self.data[begin..].as_chunks_mut().0.iter_mut();
            row.zip(pixels).for_each(|(to, pixel)| *to = pixel);
            return;
        }
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

    /// The target rows that are finished and were not taken yet.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.data)
    }

    /// The target rows.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if !self.is_whole {
            self.end_row();
        }
        self.data
    }

    fn squeeze(&mut self, pixels: impl Iterator<Item = [u8; CHANNELS]>) {
        self.line.fill(0);
        for (pixel, share) in pixels.zip(&self.columns) {
            let at = share.target * CHANNELS;
            for (channel, value) in pixel.into_iter().map(u32::from).enumerate() {
                self.line[at + channel] += value * share.here;
                if share.next > 0 {
                    self.line[at + CHANNELS + channel] += value * share.next;
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

/// The parts of one source pixel in its target and in the one after.
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
    use crate::colour::Space;
    use crate::raster::Depth;

    fn small(space: Space, (width, height): (u32, u32), data: Vec<u8>, side: u32) -> RgbImage {
        let depth = Depth::Eight;
        rgb(
            &Raster::new(space, depth, (width, height), data),
            Orientation::Upright,
            side,
        )
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
            let data = vec![shade; (width * height) as usize];
            let small = small(Space::Grey, (width, height), data, side);
            prop_assert!(small.pixels().all(|pixel| pixel.0 == [shade; 3]));
            prop_assert!(small.width() <= side && small.height() <= side);
        }
    }

    #[test]
    fn areas_are_averaged_and_turned() {
        let data = vec![0, 100, 200, 200, 100, 200, 40, 40];
        let raster = Raster::new(Space::Grey, Depth::Eight, (4, 2), data);
        for (orientation, size) in [
            (Orientation::Upright, (2, 1)),
            (Orientation::Clockwise, (1, 2)),
        ] {
            let small = rgb(&raster, orientation, 2);
            assert_eq!(small.dimensions(), size);
            assert_eq!(small.into_raw(), [100, 100, 100, 120, 120, 120]);
        }
    }

    #[test]
    fn small_pictures_are_copied_exactly() {
        let data: Vec<u8> = (0..105).collect();
        let same = small(Space::Rgb, (7, 5), data.clone(), 100);
        assert_eq!(same.into_raw(), data);
    }

    #[test]
    fn sixteen_bits_and_alpha_are_reduced() {
        let words = [0xffff_u16, 0x8000, 0x0100, 0xffff];
        let data = words.into_iter().flat_map(u16::to_ne_bytes).collect();
        let raster = Raster::new(Space::Rgba, Depth::Sixteen, (1, 1), data);
        let same = rgb(&raster, Orientation::Upright, 10);
        assert_eq!(same.into_raw(), [255, 128, 1]);
    }
}
