//! Lossy pixels: the quality that a file was made with, and a result of the same.
//!
//! No permissive crate in Rust writes them. libwebp does, which is C, compiled in: it sees pixels and
//! its own files alone, never the bytes of a stranger.

use webp::{Decoder, Encoder, PixelLayout, WebPConfig};

use super::likeness::{Pixels, similarity};
use crate::colour::Space;
use crate::error::PictureError;
use crate::format::Format;

/// Behind the tag of the frame, the start code and the sides.
const FRAME_HEADER: usize = 10;

/// The largest step of quantisation.
const MAX_STEPS: u8 = 127;

/// A result may be larger by a quarter, and by this for its drawing, in bytes.
const DRAWING: usize = 4096;

/// Pixels lose less when they are quantised more finely than before, by so much of the quality.
const MORE: f32 = 4.0;

/// Below these, twice lost is seen, while a better quality makes a file hardly larger. The first one
/// is for files that are so small that their drawing weighs more than they do.
const ENOUGH: [f32; 3] = [85.0, 55.0, 40.0];

/// Qualities that are tried then, by how much they exceed the source's.
const LESS: [f32; 4] = [MORE, 0.0, -4.0, -8.0];

/// As long as a result is no larger than its source, or unlike the pixels that it was made of, it is
/// coded more finely, in such steps.
const FINER: f32 = 15.0;
const MIN_STEP: f32 = 2.0;
const FINEST: f32 = 95.0;

/// How like its pixels a result should be ([`similarity`]): above it no difference is seen.
const ALIKE: f32 = 0.985;

/// How a file was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lossy {
    /// As libwebp counts it, up to 100.
    quality: f32,
    /// Length of the pixels, packed.
    length: usize,
}

impl Lossy {
    /// Of these pixels, packed, and their transparency.
    pub(crate) fn of(pixels: &[u8], alpha: Option<&[u8]>) -> Self {
        let header = pixels.get(FRAME_HEADER..).unwrap_or_default();
        Self {
            quality: quality(Header::new(header).steps()),
            length: pixels.len() + alpha.map_or(0, <[u8]>::len),
        }
    }

    /// In the order in which they are tried.
    fn qualities(self) -> Vec<f32> {
        let is_small = self.length < 4 * DRAWING;
        let enough = ENOUGH.iter().skip(usize::from(!is_small));
        let better = enough.filter(|enough| **enough > self.quality + MORE);
        let like_source = LESS
            .iter()
            .map(|more| (self.quality + more).clamp(0.0, 100.0));
        better.copied().chain(like_source).collect()
    }

    /// A file of these pixels.
    pub(crate) fn encode(
        self,
        pixels: &[u8],
        (width, height): (u32, u32),
        space: Space,
    ) -> Result<Vec<u8>, PictureError> {
        let (layout, pixel_bytes) = match space {
            Space::Rgba => (PixelLayout::Rgba, 4),
            _ => (PixelLayout::Rgb, 3),
        };
        let failed = |error: &str| PictureError::encode(Format::WebP, error.to_owned());
        let encoder = Encoder::new(pixels, layout, width, height);
        let mut config = WebPConfig::new().map_err(|()| failed("libwebp has another version"))?;
        config.exact = 1; // Transparent pixels have colours, too.
        let most = self.length + self.length / 4 + DRAWING;
        let mut coded = |quality: f32| {
            config.quality = quality;
            let made = encoder.encode_advanced(&config);
            made.map(|file| file.to_vec())
                .map_err(|error| failed(&format!("{error:?}")))
        };
        let source = Pixels {
            data: pixels,
            pixel_bytes,
        };
        let is_alike = |file: &[u8]| {
            let decoded = Decoder::new(file).decode();
            decoded.is_some_and(|decoded| {
                let result = Pixels {
                    data: &decoded,
                    pixel_bytes: if decoded.is_alpha() { 4 } else { 3 },
                };
                similarity(source, result, width as usize) >= ALIKE
            })
        };
        let mut made = (0.0, Vec::new());
        for quality in self.qualities() {
            made = (quality, coded(quality)?);
            if made.1.len() <= most {
                break;
            }
        }
        let (mut quality, mut file) = made;
        let mut step = FINER;
        // The encoder of the source spent more on the same quality, or there is more to lose.
        while quality < FINEST && (file.len() <= self.length || !is_alike(&file)) {
            let next = (quality + step).min(FINEST);
            let finer = coded(next)?;
            if finer.len() <= most {
                (quality, file) = (next, finer);
            } else if step < 2.0 * MIN_STEP || is_alike(&file) {
                break;
            } else {
                step /= 2.0;
            }
        }
        Ok(file)
    }
}

/// The quality for which libwebp quantises like this.
fn quality(steps: u8) -> f32 {
    let fineness = 1.0 - f32::from(steps.min(MAX_STEPS)) / f32::from(MAX_STEPS);
    let linear = fineness.powi(3);
    let quality = if linear < 0.5 {
        linear * 1.5
    } else {
        f32::midpoint(linear, 1.0)
    };
    100.0 * quality
}

/// The header of a frame, coded bit by bit (RFC 6386, 7 and 9.2 to 9.6). Beyond its end there are
/// zeros.
struct Header<'d> {
    rest: std::slice::Iter<'d, u8>,
    value: u32,
    range: u32,
    /// Bits that were taken of the last byte.
    taken: u32,
}

impl<'d> Header<'d> {
    fn new(data: &'d [u8]) -> Self {
        let mut header = Self {
            rest: data.iter(),
            value: 0,
            range: 255,
            taken: 0,
        };
        header.value = header.byte() << 8 | header.byte();
        header
    }

    /// The steps of quantisation, as an index: those of all segments on average.
    fn steps(&mut self) -> u8 {
        self.bits(2); // Colours and clamping.
        let segments = self.bit().then(|| self.segments());
        self.bits(1 + 6 + 3); // The filter.
        if self.bit() && self.bit() {
            for _ in 0..8 {
                self.optional(6);
            }
        }
        self.bits(2); // Partitions.
        let base = self.bits(7).cast_signed();
        let steps = match segments.flatten() {
            Some((true, mean)) => mean,
            Some((false, mean)) => base + mean,
            None => base,
        };
        u8::try_from(steps.clamp(0, MAX_STEPS.into())).unwrap_or(0)
    }

    /// Whether segments have steps of their own, not in relation to the base, and their mean.
    fn segments(&mut self) -> Option<(bool, i32)> {
        let (has_map, has_steps) = (self.bit(), self.bit());
        let mut found = None;
        if has_steps {
            let is_absolute = self.bit();
            let sum: i32 = (0..4).map(|_| self.optional(7)).sum();
            for _ in 0..4 {
                self.optional(6);
            }
            found = Some((is_absolute, sum / 4));
        }
        if has_map {
            for _ in 0..3 {
                if self.bit() {
                    self.bits(8);
                }
            }
        }
        found
    }

    /// A number with its sign, if there is one.
    fn optional(&mut self, count: u32) -> i32 {
        if !self.bit() {
            return 0;
        }
        let number = self.bits(count).cast_signed();
        if self.bit() { -number } else { number }
    }

    fn bits(&mut self, count: u32) -> u32 {
        (0..count).fold(0, |bits, _| bits << 1 | u32::from(self.bit()))
    }

    /// A bit that is as likely one as zero.
    fn bit(&mut self) -> bool {
        let split = 1 + ((self.range - 1) >> 1);
        let is_one = self.value >= split << 8;
        if is_one {
            self.range -= split;
            self.value -= split << 8;
        } else {
            self.range = split;
        }
        while self.range < 128 {
            self.range <<= 1;
            self.value <<= 1;
            self.taken += 1;
            if self.taken == 8 {
                self.taken = 0;
                self.value |= self.byte();
            }
        }
        is_one
    }

    fn byte(&mut self) -> u32 {
        self.rest.next().copied().unwrap_or(0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_is_read_as_it_was_written() {
        let pixels: Vec<u8> = (0_u32..96 * 64 * 3)
            .map(|at| u8::try_from(at * at / 77 % 251).unwrap())
            .collect();
        for segments in [1, 4] {
            for quality in [5.0, 30.0, 50.0, 74.0, 80.0, 95.0] {
                let mut config = WebPConfig::new().unwrap();
                config.quality = quality;
                config.segments = segments;
                let encoder = Encoder::new(&pixels, PixelLayout::Rgb, 96, 64);
                let file = encoder.encode_advanced(&config).unwrap();
                let found = Lossy::of(&file[20..], None).quality;
                // Libwebp adapts it to the picture.
                let case = format!("{quality} in {segments} segments: {found}");
                assert!((found - quality).abs() <= 12.0, "{case}");
            }
        }
    }

    #[test]
    fn a_header_that_ends_early_is_one_of_zeros() {
        assert!((Lossy::of(&[], None).quality - 100.0).abs() < 1.0);
    }
}
