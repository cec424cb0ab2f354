//! How large a picture may be. Checked on the header, before anything is allocated for pixels.
//!
//! The memory that a picture takes on its way is the bound that matters; the others are far beyond
//! any camera.

use crate::error::PictureError;

/// Bounds on one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Width times height: a bound on the time that a picture takes.
    pub max_pixels: u64,
    /// The longer side, in pixels: within it, places in a picture fit the arithmetic.
    pub max_side: u32,
    /// Memory for its decoded form and for the codec beside it, in bytes. A JPEG as cameras make it
    /// is not decoded and takes next to nothing.
    pub max_decoded_bytes: u64,
}

impl Default for Limits {
    /// A gigapixel, 16 million pixels a side, 512 MiB.
    fn default() -> Self {
        Self {
            max_pixels: 1_000_000_000,
            max_side: 1 << 24,
            max_decoded_bytes: 512 << 20,
        }
    }
}

impl Limits {
    pub(crate) fn check(&self, width: u32, height: u32, decoded: u64) -> Result<(), PictureError> {
        let side = width.max(height);
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 {
            return Err(PictureError::Empty { width, height });
        }
        if side > self.max_side {
            return Err(PictureError::TooWide {
                side,
                limit: self.max_side,
            });
        }
        if pixels > self.max_pixels {
            return Err(PictureError::TooManyPixels {
                pixels,
                limit: self.max_pixels,
            });
        }
        if decoded > self.max_decoded_bytes {
            return Err(PictureError::TooManyBytes {
                bytes: decoded,
                limit: self.max_decoded_bytes,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_named_when_it_is_passed() {
        let limits = Limits {
            max_pixels: 100,
            max_side: 20,
            max_decoded_bytes: 1000,
        };
        let cases = [
            ("inside", (10, 10, 1000), "ok"),
            ("empty", (0, 10, 0), "the picture is empty (0 x 10 pixels)"),
            (
                "side",
                (21, 1, 63),
                "a side of 21 pixels is longer than the 20 that can be drawn upon",
            ),
            (
                "pixels",
                (11, 10, 330),
                "110 pixels exceed the limit of 100 (`FACE_MAX_PIXELS`)",
            ),
            (
                "bytes",
                (10, 10, 1001),
                "the picture takes 1001 bytes of memory, and the limit is 1000 (`FACE_PIXEL_MEMORY`)",
            ),
            (
                "no overflow",
                (u32::MAX, u32::MAX, u64::MAX),
                "a side of 4294967295 pixels is longer than the 20 that can be drawn upon",
            ),
        ];
        for (name, (width, height, bytes), expected) in cases {
            let said = limits
                .check(width, height, bytes)
                .map_or_else(|error| error.to_string(), |()| "ok".to_owned());
            assert_eq!(said, expected, "{name}");
        }
    }
}
