//! A transparent sheet in the size of an upright picture: what is drawn on it is kept as layers
//! until it is known what they are laid over.

use std::ops::Range;

use super::orientation::Orientation;
use super::raster::Raster;

/// What is to be seen above a picture. What is drawn outside is ignored.
#[derive(Debug)]
pub struct Sheet {
    width: u32,
    height: u32,
    layers: Vec<Layer>,
}

/// A rectangle of one colour.
#[derive(Debug)]
pub(super) struct Layer {
    /// Without an end if it reaches the right edge: whoever pads pictures pads what is drawn.
    columns: Range<u32>,
    /// Likewise.
    rows: Range<u32>,
    colour: [u8; 3],
    cover: Cover,
}

/// How much a layer hides, 255 being all.
#[derive(Debug)]
enum Cover {
    Even(u8),
    /// Row by row.
    Mask(Vec<u8>),
}

impl Sheet {
    /// An empty sheet.
    #[must_use]
    pub fn new(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            layers: Vec::new(),
        }
    }

    /// Mixes an sRGB colour into a rectangle, columns and rows given as ranges; a `coverage` of
    /// 255 hides what was there.
    pub fn fill(&mut self, columns: Range<i32>, rows: Range<i32>, colour: [u8; 3], coverage: u8) {
        let endless = |range: Range<u32>, side| {
            range.start..if range.end == side {
                u32::MAX
            } else {
                range.end
            }
        };
        self.push(Layer {
            columns: endless(clamped(&columns, self.width), self.width),
            rows: endless(clamped(&rows, self.height), self.height),
            colour,
            cover: Cover::Even(coverage),
        });
    }

    /// Mixes a colour into single pixels of a rectangle: into those that `draw` names to the
    /// function given to it, by column, row and coverage.
    pub fn stamp(
        &mut self,
        columns: Range<i32>,
        rows: Range<i32>,
        colour: [u8; 3],
        draw: impl FnOnce(&mut dyn FnMut(i32, i32, u8)),
    ) {
        let (columns, rows) = (clamped(&columns, self.width), clamped(&rows, self.height));
        let mut mask = vec![0; columns.len() * rows.len()];
        draw(&mut |x, y, coverage| {
            let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
                return;
            };
            if columns.contains(&x) && rows.contains(&y) {
                let dot: &mut u8 = &mut mask[index(&columns, &rows, x, y)];
                *dot = coverage.max(*dot);
            }
        });
        self.push(Layer {
            columns,
            rows,
            colour,
            cover: Cover::Mask(mask),
        });
    }

    fn push(&mut self, layer: Layer) {
        if !layer.columns.is_empty() && !layer.rows.is_empty() {
            self.layers.push(layer);
        }
    }

    /// The layers that reach into these rows, from the lowest up.
    pub(super) fn in_rows(&self, rows: &Range<u32>) -> Vec<&Layer> {
        let here = |layer: &&Layer| layer.reaches(&(0..u32::MAX), rows);
        self.layers.iter().filter(here).collect()
    }

    /// At most so many blocks of 8 x 8 pixels are drawn upon.
    pub(super) fn blocks(&self) -> u64 {
        let along = |range: &Range<u32>, side: u32| {
            u64::from(range.end.min(side).saturating_sub(range.start)) / 8 + 2
        };
        let blocks = |layer: &Layer| {
            along(&layer.columns, self.width).saturating_mul(along(&layer.rows, self.height))
        };
        self.layers.iter().map(blocks).fold(0, u64::saturating_add)
    }

    /// Lays the sheet over the upright view of `raster`: its colours are mixed into the stored
    /// pixels, in their own colour space, order and depth.
    pub(super) fn lay_over(&self, raster: &mut Raster, orientation: Orientation) {
        let walk = orientation.walk(raster.width, raster.height);
        let (width, height) = orientation.upright(raster.width, raster.height);
        for layer in &self.layers {
            let pixel = raster.space.pixel(layer.colour);
            for y in layer.rows.start..layer.rows.end.min(height) {
                for x in layer.columns(width) {
                    raster.mix(walk.index(x, y), pixel, layer.coverage(x, y));
                }
            }
        }
    }
}

impl Layer {
    pub(super) fn colour(&self) -> [u8; 3] {
        self.colour
    }

    /// Its columns in a picture so wide.
    pub(super) fn columns(&self, width: u32) -> Range<u32> {
        self.columns.start..self.columns.end.min(width)
    }

    /// Whether it has anything in these columns and rows.
    pub(super) fn reaches(&self, columns: &Range<u32>, rows: &Range<u32>) -> bool {
        overlap(&self.columns, columns) && overlap(&self.rows, rows)
    }

    /// How much of this pixel it hides.
    pub(super) fn coverage(&self, x: u32, y: u32) -> u8 {
        if !self.columns.contains(&x) || !self.rows.contains(&y) {
            return 0;
        }
        match &self.cover {
            Cover::Even(coverage) => *coverage,
            Cover::Mask(mask) => mask[index(&self.columns, &self.rows, x, y)],
        }
    }
}

/// Where the mask of a rectangle has this pixel of it.
fn index(columns: &Range<u32>, rows: &Range<u32>, x: u32, y: u32) -> usize {
    (y - rows.start) as usize * columns.len() + (x - columns.start) as usize
}

fn overlap(one: &Range<u32>, other: &Range<u32>) -> bool {
    one.start < other.end && other.start < one.end
}

fn clamped(range: &Range<i32>, end: u32) -> Range<u32> {
    let inside = |at: i32| u32::try_from(at).unwrap_or(0).min(end);
    inside(range.start)..inside(range.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::Space;
    use crate::raster::Depth;

    #[test]
    fn what_is_drawn_lands_where_a_viewer_expects_it() {
        for value in 1..=8 {
            let orientation = Orientation::from_exif(value);
            let mut raster = Raster {
                space: Space::Grey,
                depth: Depth::Eight,
                width: 5,
                height: 3,
                data: vec![0; 15],
            };
            let (width, height) = orientation.upright(5, 3);
            let mut sheet = Sheet::new(width, height);
            sheet.fill(1..3, -7..2, [255; 3], 255);
            sheet.stamp(-2..1, 1..9, [100; 3], |dot| {
                dot(0, 2, 255);
                dot(-1, 0, 255);
                dot(1, 1, 255);
            });
            sheet.fill(100..900, 0..1, [9; 3], 255);
            sheet.lay_over(&mut raster, orientation);
            let walk = orientation.walk(5, 3);
            for y in 0..height {
                for x in 0..width {
                    let expected = match (x, y) {
                        (1..3, 0..2) => 255,
                        (0, 2) => 100,
                        _ => 0,
                    };
                    assert_eq!(raster.data[walk.index(x, y)], expected, "{value}: {x}, {y}");
                }
            }
        }
    }
}
