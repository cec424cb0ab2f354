//! The choices that a caller has.

/// What is drawn, and when.
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
    /// With a few squares of one colour each, so that nobody can tell who it is. Cannot be undone.
    Mosaic,
    /// With soft shades of these colours. Cannot be undone.
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
