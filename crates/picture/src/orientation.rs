//! EXIF orientation as arithmetic: where the pixel that a viewer shows at `(x, y)` is stored.

/// How the stored rows relate to the upright picture: EXIF values 1 to 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orientation {
    /// 1: stored as shown.
    #[default]
    Upright,
    /// 2: mirrored left to right.
    Mirrored,
    /// 3: turned by 180 degrees.
    UpsideDown,
    /// 4: mirrored top to bottom.
    Flipped,
    /// 5: mirrored along the main diagonal.
    Transposed,
    /// 6: a viewer turns it 90 degrees clockwise. The portrait of most phones.
    Clockwise,
    /// 7: mirrored along the other diagonal.
    Transversed,
    /// 8: a viewer turns it 90 degrees counter-clockwise.
    CounterClockwise,
}

/// How a result lies, which its metadata has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pose {
    /// How a viewer must turn the result.
    pub(crate) orientation: Orientation,
    /// Whether width and height are not those of the source, but changed places.
    pub(crate) is_sideways: bool,
}

impl Pose {
    /// A result that is upright, turned if its source was not.
    pub(crate) fn upright(source: Orientation) -> Self {
        Self {
            orientation: Orientation::Upright,
            is_sideways: source.is_sideways(),
        }
    }

    /// A result that lies as its source.
    pub(crate) fn stored(source: Orientation) -> Self {
        Self {
            orientation: source,
            is_sideways: false,
        }
    }
}

/// The steps through a stored raster that follow upright coordinates, counted in pixels:
/// pixel `(x, y)` is at `first + x * right + y * down`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strides {
    pub(crate) first: i64,
    pub(crate) right: i64,
    pub(crate) down: i64,
}

impl Strides {
    /// Index of upright pixel `(x, y)`, which must lie inside.
    #[expect(
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "coordinates inside the picture lead to an index inside it"
    )]
    pub(crate) fn index(self, x: u32, y: u32) -> usize {
        (self.first + i64::from(x) * self.right + i64::from(y) * self.down) as usize
    }
}

impl Orientation {
    /// From the value of EXIF tag 0x0112; anything unknown means upright, as viewers take it.
    #[must_use]
    pub fn from_exif(value: u32) -> Self {
        match value {
            2 => Self::Mirrored,
            3 => Self::UpsideDown,
            4 => Self::Flipped,
            5 => Self::Transposed,
            6 => Self::Clockwise,
            7 => Self::Transversed,
            8 => Self::CounterClockwise,
            _ => Self::Upright,
        }
    }

    /// The value of EXIF tag 0x0112.
    pub(crate) fn to_exif(self) -> u8 {
        match self {
            Self::Upright => 1,
            Self::Mirrored => 2,
            Self::UpsideDown => 3,
            Self::Flipped => 4,
            Self::Transposed => 5,
            Self::Clockwise => 6,
            Self::Transversed => 7,
            Self::CounterClockwise => 8,
        }
    }

    /// Whether width and height change places.
    #[must_use]
    pub fn is_sideways(self) -> bool {
        matches!(
            self,
            Self::Transposed | Self::Clockwise | Self::Transversed | Self::CounterClockwise
        )
    }

    /// Whether the stored columns, and the stored rows, are mirrored on the way to the upright
    /// picture; if it [is sideways](Self::is_sideways), before they change places.
    pub(crate) fn mirrors(self) -> (bool, bool) {
        match self {
            Self::Upright | Self::Transposed => (false, false),
            Self::Mirrored | Self::CounterClockwise => (true, false),
            Self::UpsideDown | Self::Transversed => (true, true),
            Self::Flipped | Self::Clockwise => (false, true),
        }
    }

    /// Upright dimensions of what is stored as `width` x `height`.
    #[must_use]
    pub fn upright(self, width: u32, height: u32) -> (u32, u32) {
        if self.is_sideways() {
            (height, width)
        } else {
            (width, height)
        }
    }

    pub(crate) fn strides(self, width: u32, height: u32) -> Strides {
        let (row, last_y) = (i64::from(width), i64::from(height) - 1);
        let last_x = row - 1;
        let bottom = last_y * row;
        let (first, right, down) = match self {
            Self::Upright => (0, 1, row),
            Self::Mirrored => (last_x, -1, row),
            Self::UpsideDown => (bottom + last_x, -1, -row),
            Self::Flipped => (bottom, 1, -row),
            Self::Transposed => (0, row, 1),
            Self::Clockwise => (bottom, -row, 1),
            Self::Transversed => (bottom + last_x, -row, -1),
            Self::CounterClockwise => (last_x, row, -1),
        };
        Strides { first, right, down }
    }

    /// The same for the `image` crate.
    pub(crate) fn for_image(self) -> image::metadata::Orientation {
        use image::metadata::Orientation as Theirs;
        match self {
            Self::Upright => Theirs::NoTransforms,
            Self::Mirrored => Theirs::FlipHorizontal,
            Self::UpsideDown => Theirs::Rotate180,
            Self::Flipped => Theirs::FlipVertical,
            Self::Transposed => Theirs::Rotate90FlipH,
            Self::Clockwise => Theirs::Rotate90,
            Self::Transversed => Theirs::Rotate270FlipH,
            Self::CounterClockwise => Theirs::Rotate270,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored 3 x 2, pixels named in storage order.
    #[test]
    fn walks_show_what_viewers_show() {
        let stored = b"abcdef";
        let cases = [
            (1, "abc def"),
            (2, "cba fed"),
            (3, "fed cba"),
            (4, "def abc"),
            (5, "ad be cf"),
            (6, "da eb fc"),
            (7, "fc eb da"),
            (8, "cf be ad"),
        ];
        for (value, expected) in cases {
            let orientation = Orientation::from_exif(value);
            let (width, height) = orientation.upright(3, 2);
            let strides = orientation.strides(3, 2);
            let shown: Vec<String> = (0..height)
                .map(|y| {
                    (0..width)
                        .map(|x| char::from(stored[strides.index(x, y)]))
                        .collect()
                })
                .collect();
            assert_eq!(shown.join(" "), expected, "orientation {value}");
        }
    }

    #[test]
    fn mirrors_and_walks_agree() {
        for value in 1..=8 {
            let orientation = Orientation::from_exif(value);
            let strides = orientation.strides(3, 2);
            let (right, down) = if orientation.is_sideways() {
                (strides.down, strides.right)
            } else {
                (strides.right, strides.down)
            };
            let mirrors = (right < 0, down < 0);
            assert_eq!(orientation.mirrors(), mirrors, "orientation {value}");
        }
    }

    #[test]
    fn our_view_equals_the_image_crate() {
        for value in 1..=8 {
            let orientation = Orientation::from_exif(value);
            assert_eq!(
                Some(orientation.for_image()),
                image::metadata::Orientation::from_exif(u8::try_from(value).unwrap()),
                "orientation {value}"
            );
        }
    }

    #[test]
    fn values_are_read_as_they_are_written() {
        for value in 1..=8 {
            let orientation = Orientation::from_exif(value.into());
            assert_eq!(orientation.to_exif(), value);
        }
    }

    #[test]
    fn unknown_values_mean_upright() {
        for value in [0, 9, 42, u32::MAX] {
            assert_eq!(
                Orientation::from_exif(value),
                Orientation::Upright,
                "{value}"
            );
        }
    }
}
