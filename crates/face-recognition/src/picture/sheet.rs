//! The upright picture as something to draw on, whatever lies beneath.

use super::orientation::{Orientation, Walk};
use super::raster::Raster;

/// A sheet laid over an upright picture. What is drawn on it goes straight into the stored
/// pixels, in their own colour space, order and depth. What falls outside is ignored.
#[derive(Debug)]
pub struct Sheet<'a> {
    raster: &'a mut Raster,
    walk: Walk,
    width: u32,
    height: u32,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(raster: &'a mut Raster, orientation: Orientation) -> Self {
        let (width, height) = orientation.upright(raster.width, raster.height);
        Self {
            walk: orientation.walk(raster.width, raster.height),
            width,
            height,
            raster,
        }
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn dimensions(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Mixes an sRGB colour into one pixel; a `coverage` of 255 replaces what was there.
    pub fn dot(&mut self, x: i32, y: i32, colour: [u8; 3], coverage: u8) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
            return;
        };
        if x < self.width && y < self.height {
            let pixel = self.raster.space.pixel(colour);
            self.raster.mix(self.walk.index(x, y), pixel, coverage);
        }
    }

    /// Mixes a colour into a rectangle, columns and rows given as ranges.
    pub fn fill(
        &mut self,
        columns: std::ops::Range<i32>,
        rows: std::ops::Range<i32>,
        colour: [u8; 3],
        coverage: u8,
    ) {
        let pixel = self.raster.space.pixel(colour);
        let columns = clamped(&columns, self.width);
        for y in clamped(&rows, self.height) {
            for x in columns.clone() {
                self.raster.mix(self.walk.index(x, y), pixel, coverage);
            }
        }
    }
}

fn clamped(range: &std::ops::Range<i32>, end: u32) -> std::ops::Range<u32> {
    let inside = |at: i32| u32::try_from(at).unwrap_or(0).min(end);
    inside(range.start)..inside(range.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::colour::Space;
    use crate::picture::raster::Depth;

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
            let mut sheet = Sheet::new(&mut raster, orientation);
            let (width, height) = sheet.dimensions();
            sheet.fill(1..3, -7..2, [255; 3], 255);
            sheet.dot(0, 2, [100; 3], 255);
            sheet.dot(-1, 0, [9; 3], 255);
            sheet.fill(100..900, 0..1, [9; 3], 255);
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
