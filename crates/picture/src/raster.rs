//! Decoded pixels, in the order, the colour space and the depth in which the file had them.

use crate::colour::Space;
use crate::orientation::Orientation;
use crate::palette::Palette;

/// Bits per channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    Eight,
    /// Native byte order.
    Sixteen,
}

impl Depth {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Eight => 1,
            Self::Sixteen => 2,
        }
    }
}

/// Rows of interleaved pixels without padding.
#[derive(Debug)]
pub(crate) struct Raster {
    pub(crate) space: Space,
    pub(crate) depth: Depth,
    /// Stored width; a viewer shows the height instead when the picture lies on its side.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The colours that pixels are indices of, one byte each, if they are.
    pub(crate) palette: Option<Palette>,
    pub(crate) data: Vec<u8>,
}

impl Raster {
    /// Pixels that are colours.
    pub(crate) fn new(
        space: Space,
        depth: Depth,
        (width, height): (u32, u32),
        data: Vec<u8>,
    ) -> Self {
        Self {
            space,
            depth,
            width,
            height,
            palette: None,
            data,
        }
    }

    pub(crate) fn pixel_bytes(&self) -> usize {
        self.space.channels() * self.depth.bytes()
    }

    pub(crate) fn row_bytes(&self) -> usize {
        self.width as usize * self.pixel_bytes()
    }

    /// The sRGB colour of a stored pixel, over white.
    pub(crate) fn shown(&self, pixel: &[u8]) -> [u8; 3] {
        if let Some(palette) = &self.palette {
            return Space::Rgba.colour(palette.colour(pixel[0]));
        }
        let mut channels = [0; 4];
        match self.depth {
            Depth::Eight => channels[..pixel.len()].copy_from_slice(pixel),
            Depth::Sixteen => {
                for (to, from) in channels.iter_mut().zip(pixel.as_chunks::<2>().0) {
                    *to = u16::from_ne_bytes(*from).to_be_bytes()[0];
                }
            }
        }
        self.space.colour(channels)
    }

    /// Appends row `y` of the upright picture to `to`.
    pub(crate) fn upright_row(&self, orientation: Orientation, y: u32, to: &mut Vec<u8>) {
        let bytes = self.pixel_bytes();
        let strides = orientation.strides(self.width, self.height);
        let (width, _) = orientation.upright(self.width, self.height);
        let start = |x| strides.index(x, y) * bytes;
        if !orientation.is_sideways() && strides.right == 1 {
            to.extend_from_slice(&self.data[start(0)..start(0) + self.row_bytes()]);
            return;
        }
        for x in 0..width {
            to.extend_from_slice(&self.data[start(x)..start(x) + bytes]);
        }
    }

    /// The pixels in upright order, copied only if they are not.
    pub(crate) fn into_upright(self, orientation: Orientation) -> Vec<u8> {
        if orientation == Orientation::Upright {
            return self.data;
        }
        let (_, height) = orientation.upright(self.width, self.height);
        let mut rows = Vec::with_capacity(self.data.len());
        (0..height).for_each(|y| self.upright_row(orientation, y, &mut rows));
        rows
    }

    /// Mixes an opaque pixel into pixel number `index`, `coverage` 255 replacing it.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a mixture is never wider than what is mixed"
    )]
    pub(crate) fn mix(&mut self, index: usize, pixel: [u8; 4], coverage: u8) {
        let channels = self.space.channels();
        let bytes = self.pixel_bytes();
        let Some(target) = self.data.get_mut(index * bytes..(index + 1) * bytes) else {
            return;
        };
        match self.depth {
            Depth::Eight => {
                for (old, new) in target.iter_mut().zip(pixel) {
                    *old = mix(u32::from(*old), u32::from(new), coverage) as u8;
                }
            }
            Depth::Sixteen => {
                for (old, new) in target
                    .as_chunks_mut::<2>()
                    .0
                    .iter_mut()
                    .zip(pixel)
                    .take(channels)
                {
                    let mixed = mix(
                        u32::from(u16::from_ne_bytes(*old)),
                        u32::from(new) * 257,
                        coverage,
                    );
                    *old = (mixed as u16).to_ne_bytes();
                }
            }
        }
    }
}

/// Between `old` and `new`, so never wider than either.
pub(crate) fn mix(old: u32, new: u32, coverage: u8) -> u32 {
    let coverage = u32::from(coverage);
    (old * (255 - coverage) + new * coverage + 127) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_covers_all_channels_of_one_pixel_only() {
        let mut eight = Raster::new(Space::Rgb, Depth::Eight, (3, 1), vec![0; 9]);
        eight.mix(1, [255, 100, 1, 77], 255);
        eight.mix(2, [200, 0, 0, 0], 128);
        assert_eq!(eight.data, [0, 0, 0, 255, 100, 1, 100, 0, 0]);

        let mut sixteen = Raster::new(Space::GreyAlpha, Depth::Sixteen, (2, 1), vec![0; 8]);
        sixteen.mix(1, [255, 255, 0, 0], 255);
        assert_eq!(sixteen.data, [0, 0, 0, 0, 255, 255, 255, 255]);
        sixteen.mix(2, [255, 255, 0, 0], 255); // outside: nothing happens
    }
}
