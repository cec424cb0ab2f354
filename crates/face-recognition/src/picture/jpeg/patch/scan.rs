//! The picture data behind one scan header: copied, with what is drawn upon redone.

use super::bits::{BitReader, BitWriter};
use super::block::{Codings, Last};
use super::brush::Brush;
use crate::picture::jpeg::structure::next_marker;
use crate::picture::sheet::{Layer, Sheet};

/// One component in a scan.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) brush: &'a Brush,
    pub(super) codings: Codings<'a>,
    /// Blocks in a unit, across and down.
    pub(super) blocks: (u32, u32),
    pub(super) last: Last,
}

/// A scan: units of some blocks of each of its components, row by row.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    pub(super) parts: Vec<Part<'a>>,
    /// Units in a row, and rows.
    pub(super) units: (u32, u32),
    /// Pixels of a unit, across and down.
    pub(super) pixels: (u32, u32),
    /// After so many units all begins anew; never if 0.
    pub(super) restart_interval: u32,
}

impl Scan<'_> {
    /// Copies the data that `rest` begins with to `file`, drawing `sheet`, and returns what
    /// follows it. `None` if the data is damaged, or is nothing that its own code can express
    /// once it is drawn upon.
    pub(super) fn copy<'f>(
        mut self,
        rest: &'f [u8],
        file: &mut Vec<u8>,
        sheet: &Sheet,
    ) -> Option<&'f [u8]> {
        let mut from = BitReader::new(rest);
        let mut to = BitWriter::new(file);
        let mut done = 0;
        for row in 0..self.units.1 {
            let rows = row * self.pixels.1..(row + 1) * self.pixels.1;
            let here = |layer: &&Layer| layer.reaches(&(0..u32::MAX), &rows);
            let layers: Vec<&Layer> = sheet.layers().iter().filter(here).collect();
            for column in 0..self.units.0 {
                if self.restart_interval > 0 && done > 0 && done % self.restart_interval == 0 {
                    (from, to) = self.restart(done, from, to)?;
                }
                let columns = column * self.pixels.0..(column + 1) * self.pixels.0;
                let touched = layers.iter().any(|layer| layer.reaches(&columns, &rows));
                let layers = if touched { layers.as_slice() } else { &[] };
                for part in &mut self.parts {
                    part.unit(column, row, layers, &mut from, &mut to)?;
                }
                done += 1;
            }
        }
        to.finish();
        from.finish()
    }

    fn restart<'f, 't>(
        &mut self,
        done: u32,
        from: BitReader<'f>,
        to: BitWriter<'t>,
    ) -> Option<(BitReader<'f>, BitWriter<'t>)> {
        let (marker, rest) = next_marker(from.finish()?)?;
        let number = (done / self.restart_interval - 1) % 8;
        if u32::from(marker) != 0xd0 + number {
            return None;
        }
        let file = to.finish();
        file.extend([0xff, marker]);
        for part in &mut self.parts {
            part.last = Last::default();
        }
        Some((BitReader::new(rest), BitWriter::new(file)))
    }
}

impl Part<'_> {
    /// Copies the blocks of one unit, drawing `layers`.
    fn unit(
        &mut self,
        column: u32,
        row: u32,
        layers: &[&Layer],
        from: &mut BitReader<'_>,
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        let (across, down) = self.blocks;
        for row in row * down..(row + 1) * down {
            for column in column * across..(column + 1) * across {
                if layers.is_empty() {
                    self.codings.copy(&mut self.last, from, to)?;
                } else {
                    let mut steps = self.codings.read(&mut self.last, from)?;
                    self.brush.draw(&mut steps, column, row, layers);
                    self.codings.write(&steps, &mut self.last, to)?;
                }
            }
        }
        Some(())
    }
}
