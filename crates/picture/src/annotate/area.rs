//! Rectangles of pixels.

use face::Rect;

/// A rectangle inside a picture: `left` and `top` belong to it, `right` and `bottom` do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    /// First column.
    pub(crate) left: i32,
    /// First row.
    pub(crate) top: i32,
    /// Columns.
    pub(crate) width: i32,
    /// Rows.
    pub(crate) height: i32,
}

impl Area {
    pub(crate) const fn new(left: i32, top: i32, width: i32, height: i32) -> Self {
        Self {
            left,
            top,
            width,
            height,
        }
    }

    /// The place of a face, as far as its numbers can be those of a picture.
    pub(crate) fn of(rect: &Rect) -> Self {
        const LONGEST: i32 = i32::MAX / 4;
        let pixels = |length: u32| i32::try_from(length).unwrap_or(LONGEST).min(LONGEST);
        Self::new(
            pixels(rect.left),
            pixels(rect.top),
            pixels(rect.width),
            pixels(rect.height),
        )
    }

    /// First column to the right.
    pub(crate) fn right(&self) -> i32 {
        self.left + self.width
    }

    /// First row below.
    pub(crate) fn bottom(&self) -> i32 {
        self.top + self.height
    }

    pub(crate) fn pixels(&self) -> f64 {
        f64::from(self.width.max(0)) * f64::from(self.height.max(0))
    }

    pub(crate) fn short_side(&self) -> i32 {
        self.width.min(self.height)
    }

    /// Whether `other` lies wholly inside.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        other.left >= self.left
            && other.top >= self.top
            && other.right() <= self.right()
            && other.bottom() <= self.bottom()
    }

    /// The part that both have, possibly empty.
    pub(crate) fn common(&self, other: &Self) -> Self {
        let (left, top) = (self.left.max(other.left), self.top.max(other.top));
        let width = self.right().min(other.right()) - left;
        let height = self.bottom().min(other.bottom()) - top;
        Self::new(left, top, width.max(0), height.max(0))
    }

    /// Whether there are pixels that both have.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.left < other.right()
            && other.left < self.right()
            && self.top < other.bottom()
            && other.top < self.bottom()
    }

    /// This rectangle, larger by so many pixels on each side.
    pub(crate) fn grown(&self, by: i32) -> Self {
        Self::new(
            self.left - by,
            self.top - by,
            self.width + 2 * by,
            self.height + 2 * by,
        )
    }

    /// The smallest rectangle that holds both.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        let (left, top) = (self.left.min(other.left), self.top.min(other.top));
        let (right, bottom) = (
            self.right().max(other.right()),
            self.bottom().max(other.bottom()),
        );
        Self::new(left, top, right - left, bottom - top)
    }

    /// Pixels that both have.
    pub(crate) fn overlap(&self, other: &Self) -> f64 {
        self.common(other).pixels()
    }

    /// The same rectangle moved sideways until it is inside `frame`, which is wide enough.
    pub(crate) fn pushed_into(self, frame: &Self) -> Self {
        let last = frame.right() - self.width;
        Self {
            left: self.left.min(last).max(frame.left),
            ..self
        }
    }
}
