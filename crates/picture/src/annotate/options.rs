//! The choices that a caller has.

/// How faces are marked, and when they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// How each face is marked.
    pub mark: Mark,
    /// Whether the faces are counted in the picture.
    pub banner: Banner,
}

/// How a face is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// With a box and a label.
    #[default]
    Box,
    /// Covered with a few squares of one colour each. Cannot be undone, and the result has no metadata
    /// that may tell who it was.
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
