//! Rectangles of pixels.

/// A rectangle inside a picture: `left` and `top` belong to it, `right` and `bottom` do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// First column.
    pub left: i32,
    /// First row.
    pub top: i32,
    /// Columns.
    pub width: i32,
    /// Rows.
    pub height: i32,
}

impl Area {
    pub(super) const fn new(left: i32, top: i32, width: i32, height: i32) -> Self {
        Self {
            left,
            top,
            width,
            height,
        }
    }

    /// First column to the right.
    #[must_use]
    pub fn right(&self) -> i32 {
        self.left + self.width
    }

    /// First row below.
    #[must_use]
    pub fn bottom(&self) -> i32 {
        self.top + self.height
    }

    pub(super) fn pixels(&self) -> f64 {
        f64::from(self.width.max(0)) * f64::from(self.height.max(0))
    }

    pub(super) fn short_side(&self) -> i32 {
        self.width.min(self.height)
    }

    /// Whether `other` lies wholly inside.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        other.left >= self.left
            && other.top >= self.top
            && other.right() <= self.right()
            && other.bottom() <= self.bottom()
    }

    /// The part that both have, possibly empty.
    pub(super) fn common(&self, other: &Self) -> Self {
        let (left, top) = (self.left.max(other.left), self.top.max(other.top));
        let width = self.right().min(other.right()) - left;
        let height = self.bottom().min(other.bottom()) - top;
        Self::new(left, top, width.max(0), height.max(0))
    }

    /// Whether there are pixels that both have.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.left < other.right()
            && other.left < self.right()
            && self.top < other.bottom()
            && other.top < self.bottom()
    }

    /// The smallest rectangle that holds both.
    pub(super) fn joined(&self, other: &Self) -> Self {
        let (left, top) = (self.left.min(other.left), self.top.min(other.top));
        let (right, bottom) = (
            self.right().max(other.right()),
            self.bottom().max(other.bottom()),
        );
        Self::new(left, top, right - left, bottom - top)
    }

    /// Pixels that both have.
    pub(super) fn overlap(&self, other: &Self) -> f64 {
        self.common(other).pixels()
    }

    /// The same rectangle moved sideways until it is inside `frame`, which is wide enough.
    pub(super) fn pushed_into(self, frame: &Self) -> Self {
        let last = frame.right() - self.width;
        Self {
            left: self.left.min(last).max(frame.left),
            ..self
        }
    }
}
