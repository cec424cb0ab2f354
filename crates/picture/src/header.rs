//! What is known of a photo before any memory is set aside for its pixels.

use super::{Content, Format, Limits, Orientation, PictureError, bmp, gif, jpeg, png, webp};

/// Facts from the first part of a file, checked against the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub format: Format,
    /// Stored width in pixels.
    pub width: u32,
    /// Stored height in pixels.
    pub height: u32,
    /// Which way is up.
    pub orientation: Orientation,
    /// Memory that decoding and encoding take at their peak, in bytes, the file itself not counted.
    pub working_bytes: u64,
    /// Memory that [`patch`](super::patch) takes beside the file and its result, in bytes; `None` if
    /// it can only be decoded. The limit holds for the memory of the way that is taken.
    pub patch_bytes: Option<u64>,
}

impl Header {
    /// Reads the header of `file`, deciding its format by content.
    ///
    /// # Errors
    /// Permanent: not a picture, one that is not supported, beyond a limit, or damaged where
    /// it matters.
    pub fn read(file: &[u8], limits: &Limits) -> Result<Self, PictureError> {
        match Content::of(file) {
            Content::Picture(Format::Jpeg) => jpeg::header(file, limits),
            Content::Picture(Format::Png) => png::header(file, limits),
            Content::Picture(Format::WebP) => webp::header(file, limits),
            Content::Picture(Format::Gif) => gif::header(file, limits),
            Content::Picture(Format::Bmp) => bmp::header(file, limits),
            Content::Foreign(what) => Err(PictureError::Unsupported { what }),
            Content::Other => Err(PictureError::NotAPicture),
        }
    }

    /// Width and height as a viewer shows them, in pixels.
    #[must_use]
    pub fn dimensions(&self) -> (u32, u32) {
        self.orientation.upright(self.width, self.height)
    }
}
