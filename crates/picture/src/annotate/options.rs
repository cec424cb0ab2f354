//! The choices that a caller has.

/// How faces are marked, and when they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// How each face is marked.
    pub mark: Mark,
    /// Whether the faces are counted in the picture.
    pub banner: Banner,
    /// What becomes of EXIF, XMP and the like; kept with boxes and stripped otherwise if `None`.
    pub metadata: Option<Metadata>,
}

impl Options {
    /// What becomes of the metadata.
    #[must_use]
    pub fn metadata(self) -> Metadata {
        self.metadata.unwrap_or(match self.mark {
            Mark::Box => Metadata::Keep,
            Mark::Mosaic | Mark::Blur => Metadata::Strip,
        })
    }
}

/// What becomes of the metadata of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata {
    /// The result has it, as far as it is true of it: turned upright, without thumbnails.
    Keep,
    /// The result has only the part that decides how pixels are shown.
    Strip,
}

/// How a face is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// With a box and a label.
    #[default]
    Box,
    /// Covered with a few squares of one colour each. Cannot be undone.
    Mosaic,
    /// As a mosaic, with soft shades of these colours.
    Blur,
}

/// When the faces are counted in a banner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Banner {
    /// Never.
    Never,
    /// Where there are boxes: a picture without faces keeps all of its pixels, and so does one
    /// whose faces are hidden, beside these.
    #[default]
    WithBoxes,
    /// In every picture, also if there are no faces to count.
    Always,
}
