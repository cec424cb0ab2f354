//! Facts about a picture that are known before any memory is set aside for its pixels.

use crate::format::Format;
use crate::orientation::Orientation;
use crate::shrink;

/// Facts about a file, checked against the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Its format, found by content.
    pub format: Format,
    /// Stored width in pixels.
    pub width: u32,
    /// Stored height in pixels.
    pub height: u32,
    /// Which way is up.
    pub orientation: Orientation,
    /// Memory that decoding and encoding take at their peak, in bytes, the file not counted.
    pub(crate) working_bytes: u64,
    /// Memory that editing the file in place takes, in bytes, file and result not counted; `None`
    /// if the picture must be decoded. The limit holds for the path that is taken.
    pub(crate) edit_bytes: Option<u64>,
    /// Memory beside the small copy, in bytes, if the picture is scaled down while its file is read;
    /// `None` if it must be decoded.
    pub(crate) scaled_bytes: Option<u64>,
}

impl Header {
    /// Width and height as a viewer shows them, in pixels.
    #[must_use]
    pub fn dimensions(&self) -> (u32, u32) {
        self.orientation.upright(self.width, self.height)
    }

    /// Memory that [`Picture::rgb`](crate::Picture::rgb) takes beside the file, in bytes.
    #[must_use]
    pub fn rgb_bytes(&self, max_side: u32) -> u64 {
        /// Each component, once more while it is scaled, the colours, and those turned upright.
        const PIXEL_BYTES: u64 = 12;
        let (width, height) = shrink::fit(self.width, self.height, max_side);
        let small = PIXEL_BYTES * u64::from(width) * u64::from(height);
        let beside = self.scaled_bytes.unwrap_or(self.working_bytes);
        beside.saturating_add(small)
    }
}
