//! Hides faces: covers each with the mean colours of a few cells.
//!
//! The colours are opaque, and the cells so few that no face is recognised by them. The pixels and
//! coefficients beneath are replaced and cannot be had back. Whole tiles are covered, which are
//! blocks of a JPEG: in a mosaic each of these holds one colour then, and no other block changes.

use image::{Rgb, RgbImage, Rgba};
use imageproc::drawing::Canvas as _;

use super::area::Area;
use crate::overlay::{Overlay, SIDE};

/// Cells along the longer side of a face, at most.
const CELLS: u32 = 6;

/// Boxes end at chin and brows: on each side a fifth of the longer side is hidden as well.
const MARGIN: i32 = 5;

/// A face that is hidden, counted in tiles of an overlay.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hidden {
    left: u32,
    top: u32,
    columns: u32,
    rows: u32,
    /// Tiles along a side of a cell.
    cell: u32,
    /// Whether colours run into one another.
    is_soft: bool,
}

impl Hidden {
    /// `None` if nothing of the face lies inside the picture.
    pub(crate) fn new(face: &Area, picture: &Area, is_soft: bool) -> Option<Self> {
        let margin = face.width.max(face.height) / MARGIN;
        let area = face.grown(margin).common(picture);
        if face.short_side() < 1 || area.short_side() < 1 {
            return None;
        }
        let tile = |pixel: i32| u32::try_from(pixel).unwrap_or(0) / SIDE;
        let (left, top) = (tile(area.left), tile(area.top));
        let (columns, rows) = (
            tile(area.right() - 1) + 1 - left,
            tile(area.bottom() - 1) + 1 - top,
        );
        Some(Self {
            left,
            top,
            columns,
            rows,
            cell: columns.max(rows).div_ceil(CELLS),
            is_soft,
        })
    }

    pub(crate) fn tiles(&self) -> u64 {
        u64::from(self.columns) * u64::from(self.rows)
    }

    /// Draws it in the colours of `small`; in black, should there be none.
    pub(crate) fn paint(&self, overlay: &mut Overlay, small: Option<&RgbImage>) {
        let black = RgbImage::new(1, 1);
        let cells = self.cells(overlay.dimensions(), small.unwrap_or(&black));
        for row in 0..self.rows {
            for column in 0..self.columns {
                let (x, y) = (self.left + column, self.top + row);
                if self.is_soft {
                    self.blur(overlay, (x, y), &cells);
                } else {
                    let Rgb(colour) = *cells.get_pixel(column / self.cell, row / self.cell);
                    overlay.cover(x, y, colour);
                }
            }
        }
    }

    /// The mean colour of each cell.
    fn cells(&self, (width, height): (u32, u32), small: &RgbImage) -> RgbImage {
        let (across, down) = (
            self.columns.div_ceil(self.cell),
            self.rows.div_ceil(self.cell),
        );
        RgbImage::from_fn(across, down, |x, y| {
            let columns = within(self.left, x * self.cell, self.columns, self.cell);
            let rows = within(self.top, y * self.cell, self.rows, self.cell);
            mean(
                small,
                scaled(columns, width, small.width()),
                scaled(rows, height, small.height()),
            )
        })
    }

    /// Draws the pixels of one tile, each between the middles of the four nearest cells.
    fn blur(&self, overlay: &mut Overlay, (column, row): (u32, u32), cells: &RgbImage) {
        let (width, height) = overlay.dimensions();
        let side = self.cell * SIDE;
        let first = (self.left * SIDE, self.top * SIDE);
        for y in row * SIDE..((row + 1) * SIDE).min(height) {
            for x in column * SIDE..((column + 1) * SIDE).min(width) {
                let (near_x, far_x, share_x) = between(x - first.0, side, cells.width());
                let (near_y, far_y, share_y) = between(y - first.1, side, cells.height());
                let line = |y| {
                    let (near, far) = (cells.get_pixel(near_x, y), cells.get_pixel(far_x, y));
                    mixed(*near, *far, share_x, side)
                };
                let Rgb([r, g, b]) = mixed(line(near_y), line(far_y), share_y, side);
                overlay.draw_pixel(x, y, Rgba([r, g, b, 255]));
            }
        }
    }
}

/// The tiles of a cell that begins at `begin`, counted from the first tile of the picture.
fn within(first: u32, begin: u32, count: u32, cell: u32) -> (u32, u32) {
    (first + begin, first + (begin + cell).min(count))
}

/// The pixels of the small picture that these tiles of the large one lie in: one at least.
fn scaled((begin, end): (u32, u32), large: u32, small: u32) -> std::ops::Range<u32> {
    let scale = |tile: u32| {
        let pixel = u64::from(tile) * u64::from(SIDE) * u64::from(small) / u64::from(large.max(1));
        u32::try_from(pixel).unwrap_or(u32::MAX)
    };
    let begin = scale(begin).min(small.saturating_sub(1));
    begin..scale(end).clamp(begin + 1, small.max(begin + 1))
}

fn mean(small: &RgbImage, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> Rgb<u8> {
    let (mut sums, mut count) = ([0_u64; 3], 0);
    for y in rows {
        for x in columns.clone() {
            let Rgb(pixel) = small.get_pixel(x, y);
            sums.iter_mut()
                .zip(pixel)
                .for_each(|(sum, &value)| *sum += u64::from(value));
            count += 1;
        }
    }
    Rgb(sums.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX)))
}

/// The cells that a pixel lies between, and how far it is from the middle of the first one.
fn between(at: u32, side: u32, count: u32) -> (u32, u32, u32) {
    let from_middle = at.saturating_sub(side / 2);
    let near = (from_middle / side).min(count - 1);
    (near, (near + 1).min(count - 1), from_middle % side)
}

fn mixed(near: Rgb<u8>, far: Rgb<u8>, share: u32, whole: u32) -> Rgb<u8> {
    Rgb(std::array::from_fn(|channel| {
        let (near, far) = (u64::from(near[channel]), u64::from(far[channel]));
        let (share, whole) = (u64::from(share), u64::from(whole));
        u8::try_from((near * (whole - share) + far * share) / whole).unwrap_or(u8::MAX)
    }))
}
