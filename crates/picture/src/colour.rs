//! Colour spaces in which pixels are kept, and the pixel of an sRGB colour in each.

/// How the channels of a pixel are to be read. Files keep theirs from end to end, so a JPEG
/// is never converted to RGB and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// JFIF, full range.
    YCbCr,
    /// As Adobe writes it and all viewers read it: 255 is no ink.
    Cmyk,
    /// [`Cmyk`](Self::Cmyk) with its first three channels, complemented, as `YCbCr`.
    Ycck,
}

impl Space {
    pub(crate) fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb | Self::YCbCr => 3,
            Self::Rgba | Self::Cmyk | Self::Ycck => 4,
        }
    }

    /// The opaque pixel that shows `colour`; only the first [`channels`](Self::channels) count.
    pub(crate) fn pixel(self, colour: [u8; 3]) -> [u8; 4] {
        let [r, g, b] = colour;
        match self {
            Self::Grey => [luma(colour), 0, 0, 0],
            Self::GreyAlpha => [luma(colour), 255, 0, 0],
            Self::Rgb => [r, g, b, 0],
            Self::Rgba | Self::Cmyk => [r, g, b, 255],
            Self::YCbCr => {
                let (y, cb, cr) = jpeg_encoder::rgb_to_ycbcr(r, g, b);
                [y, cb, cr, 0]
            }
            Self::Ycck => {
                let (y, cb, cr) = jpeg_encoder::rgb_to_ycbcr(255 - r, 255 - g, 255 - b);
                [y, cb, cr, 255]
            }
        }
    }

    /// The colour that `pixel` shows over white.
    pub(crate) fn colour(self, pixel: [u8; 4]) -> [u8; 3] {
        let [a, b, c, d] = pixel;
        match self {
            Self::Grey => [a; 3],
            Self::GreyAlpha => [over_white(a, b); 3],
            Self::Rgb => [a, b, c],
            Self::Rgba => [a, b, c].map(|channel| over_white(channel, d)),
            Self::YCbCr => ycbcr_to_rgb(a, b, c),
            Self::Cmyk => [a, b, c].map(|ink| scale(ink, d)),
            Self::Ycck => ycbcr_to_rgb(a, b, c).map(|ink| scale(255 - ink, d)),
        }
    }
}

/// BT.601, the weights of JFIF.
pub(crate) fn luma([r, g, b]: [u8; 3]) -> u8 {
    jpeg_encoder::rgb_to_ycbcr(r, g, b).0
}

fn scale(value: u8, by: u8) -> u8 {
    let product = u16::from(value) * u16::from(by) + 127;
    u8::try_from(product / 255).unwrap_or(u8::MAX)
}

fn over_white(value: u8, alpha: u8) -> u8 {
    scale(value, alpha).saturating_add(255 - alpha)
}

#[expect(clippy::cast_sign_loss, reason = "clamped to a byte")]
fn ycbcr_to_rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    // The factors of JFIF times 65536.
    let red = y + 91_881 * cr;
    let green = y - 22_554 * cb - 46_802 * cr;
    let blue = y + 116_130 * cb;
    [red, green, blue].map(|channel| ((channel + 32_768) >> 16).clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn colours_survive_every_space(colour: [u8; 3]) {
            for space in [Space::Rgb, Space::Rgba, Space::YCbCr, Space::Cmyk, Space::Ycck] {
                let back = space.colour(space.pixel(colour));
                for (there, back) in colour.iter().zip(back) {
                    prop_assert!(there.abs_diff(back) <= 2, "{space:?} {colour:?} {back:?}");
                }
            }
            let grey = luma(colour);
            for space in [Space::Grey, Space::GreyAlpha] {
                prop_assert_eq!(space.colour(space.pixel(colour)), [grey; 3]);
            }
        }
    }

    #[test]
    fn transparent_pixels_lie_over_white() {
        assert_eq!(Space::Rgba.colour([9, 9, 9, 0]), [255; 3]);
        assert_eq!(Space::GreyAlpha.colour([0, 128, 0, 0]), [127; 3]);
    }
}
