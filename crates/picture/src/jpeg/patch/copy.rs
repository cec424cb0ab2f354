//! Copies the picture data behind one scan header, drawing on the blocks that the sheet touches.

use crate::jpeg::brush::Brush;
use crate::jpeg::code::{BitReader, BitWriter, Block, Cursor, Part, Places, Scan};
use crate::sheet::Sheet;

/// The data of a scan on its way to the result.
pub(super) struct Copying<'c, 't> {
    scan: &'c Scan,
    brushes: &'c [Brush],
    sheet: &'c Sheet,
    pub(super) to: BitWriter<'t>,
    /// Brightness of the last block of each part in the result.
    written: [i32; 4],
    /// Whether the result has the codes of the file.
    is_kept: bool,
}

impl<'c, 't> Copying<'c, 't> {
    /// Copies the data of `scan` to the end of `file`, drawing `sheet`.
    pub(super) fn new(
        scan: &'c Scan,
        brushes: &'c [Brush],
        sheet: &'c Sheet,
        file: &'t mut Vec<u8>,
    ) -> Self {
        Self {
            scan,
            brushes,
            sheet,
            to: BitWriter::new(file),
            written: [0; 4],
            is_kept: scan.parts.iter().all(|part| part.codings.are_kept()),
        }
    }

    /// Copies a row of units, at whose beginning `cursor` is. `None` if the data is damaged.
    pub(super) fn row(&mut self, row: u32, cursor: &mut Cursor<'_>) -> Option<()> {
        let (scan, sheet) = (self.scan, self.sheet);
        let units = &scan.units;
        let rows = row * units.pixels.1..(row + 1) * units.pixels.1;
        let strip = sheet.strip(&rows);
        // Where the units begin that will be copied at once.
        let mut begin: Option<BitReader<'_>> = None;
        for column in 0..units.count.0 {
            if let Some(marker) = cursor.restart(units) {
                if let Some(begin) = begin.take() {
                    self.to.copy(begin, &cursor.from);
                }
                self.to.marker(marker);
                self.written = [0; 4];
            }
            cursor.next(units)?;
            let columns = column * units.pixels.0..(column + 1) * units.pixels.0;
            let is_touched = strip.touches(&columns);
            if self.is_kept && !is_touched && self.written == cursor.last {
                begin.get_or_insert(cursor.from);
                cursor.skip_parts(scan)?;
                self.written = cursor.last;
                continue;
            }
            if let Some(begin) = begin.take() {
                self.to.copy(begin, &cursor.from);
            }
            let lasts = cursor.last.iter_mut().zip(&mut self.written);
            for (part, (read, written)) in scan.parts.iter().zip(lasts) {
                let mut unit = Unit {
                    part,
                    at: (column, row),
                    read,
                    written,
                    from: &mut cursor.from,
                    to: &mut self.to,
                };
                if is_touched {
                    unit.draw(self.brushes.get(part.component)?, sheet)?;
                } else {
                    unit.copy()?;
                }
            }
        }
        if let Some(begin) = begin {
            self.to.copy(begin, &cursor.from);
        }
        Some(())
    }
}

/// The blocks that one component has in one unit.
struct Unit<'c, 'f, 't> {
    part: &'c Part,
    /// Column and row, counted in units.
    at: (u32, u32),
    /// Brightness of the block before in the file, and in the result.
    read: &'c mut i32,
    written: &'c mut i32,
    from: &'c mut BitReader<'f>,
    to: &'c mut BitWriter<'t>,
}

impl Unit<'_, '_, '_> {
    fn copy(&mut self) -> Option<()> {
        let (across, down) = self.part.blocks;
        let codings = &self.part.codings;
        (0..across * down)
            .try_for_each(|_| codings.copy((self.read, self.written), self.from, self.to))
    }

    fn draw(&mut self, brush: &Brush, sheet: &Sheet) -> Option<()> {
        let ((across, down), codings) = (self.part.blocks, &self.part.codings);
        let (left, top) = (self.at.0 * across, self.at.1 * down);
        let mut block = Block::PLAIN;
        for row in top..top + down {
            for column in left..left + across {
                codings.read(&Places::STRAIGHT, &mut block, self.read, self.from)?;
                if brush.touches(column, row, sheet) {
                    let mut steps = block.steps();
                    brush.draw(&mut steps, column, row, sheet);
                    block = Block::of(&steps)?;
                }
                codings.write(&block, self.written, self.to)?;
            }
        }
        Some(())
    }
}
