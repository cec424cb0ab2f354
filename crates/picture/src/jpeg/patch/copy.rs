//! Copies the picture data behind one scan header, drawing on the blocks that the overlay touches.

use crate::jpeg::brush::Brush;
use crate::jpeg::entropy::{BitReader, BitWriter, Block, Cursor, Permutation, Scan, ScanComponent};
use crate::overlay::Overlay;

/// The data of a scan on its way to the result.
pub(super) struct Copying<'c, 't> {
    scan: &'c Scan,
    brushes: &'c [Brush],
    overlay: &'c Overlay,
    pub(super) to: BitWriter<'t>,
    /// The DC coefficient of the last block of each component in the result.
    predictions: [i32; 4],
    /// Whether the result has the Huffman tables of the file.
    is_unchanged: bool,
}

impl<'c, 't> Copying<'c, 't> {
    /// Copies the data of `scan` to the end of `file`, drawing `overlay`.
    pub(super) fn new(
        scan: &'c Scan,
        brushes: &'c [Brush],
        overlay: &'c Overlay,
        file: &'t mut Vec<u8>,
    ) -> Self {
        Self {
            scan,
            brushes,
            overlay,
            to: BitWriter::new(file),
            predictions: [0; 4],
            is_unchanged: scan
                .components
                .iter()
                .all(|component| component.coder.is_unchanged()),
        }
    }

    /// Copies a row of MCUs, at whose beginning `cursor` is. `None` if the data is damaged.
    pub(super) fn row(&mut self, row: u32, cursor: &mut Cursor<'_>) -> Option<()> {
        let (scan, overlay) = (self.scan, self.overlay);
        let mcus = &scan.mcus;
        let rows = row * mcus.pixels.1..(row + 1) * mcus.pixels.1;
        let strip = overlay.strip(&rows);
        // Where the MCUs begin that will be copied at once.
        let mut begin: Option<BitReader<'_>> = None;
        for column in 0..mcus.count.0 {
            if let Some(marker) = cursor.restart(mcus) {
                if let Some(begin) = begin.take() {
                    self.to.copy(begin, &cursor.from);
                }
                self.to.marker(marker);
                self.predictions = [0; 4];
            }
            cursor.next(mcus)?;
            let columns = column * mcus.pixels.0..(column + 1) * mcus.pixels.0;
            let is_touched = strip.touches(&columns);
            if self.is_unchanged && !is_touched && self.predictions == cursor.predictions {
                begin.get_or_insert(cursor.from);
                cursor.skip_mcu(scan)?;
                self.predictions = cursor.predictions;
                continue;
            }
            if let Some(begin) = begin.take() {
                self.to.copy(begin, &cursor.from);
            }
            let predictions = cursor.predictions.iter_mut().zip(&mut self.predictions);
            for (component, (read, written)) in scan.components.iter().zip(predictions) {
                let mut mcu = McuComponent {
                    component,
                    at: (column, row),
                    read,
                    written,
                    from: &mut cursor.from,
                    to: &mut self.to,
                };
                if is_touched {
                    mcu.draw(self.brushes.get(component.index)?, overlay)?;
                } else {
                    mcu.copy()?;
                }
            }
        }
        if let Some(begin) = begin {
            self.to.copy(begin, &cursor.from);
        }
        Some(())
    }
}

/// The blocks that one component has in one MCU.
struct McuComponent<'c, 'f, 't> {
    component: &'c ScanComponent,
    /// Column and row, counted in MCUs.
    at: (u32, u32),
    /// The DC coefficient of the block before in the file, and in the result.
    read: &'c mut i32,
    written: &'c mut i32,
    from: &'c mut BitReader<'f>,
    to: &'c mut BitWriter<'t>,
}

impl McuComponent<'_, '_, '_> {
    fn copy(&mut self) -> Option<()> {
        let (across, down) = self.component.blocks;
        let coder = &self.component.coder;
        (0..across * down)
            .try_for_each(|_| coder.copy((self.read, self.written), self.from, self.to))
    }

    fn draw(&mut self, brush: &Brush, overlay: &Overlay) -> Option<()> {
        let ((across, down), coder) = (self.component.blocks, &self.component.coder);
        let (left, top) = (self.at.0 * across, self.at.1 * down);
        let mut block = Block::ZERO;
        for row in top..top + down {
            for column in left..left + across {
                coder.read(&Permutation::IDENTITY, &mut block, self.read, self.from)?;
                if brush.touches(column, row, overlay) {
                    let mut coefficients = block.coefficients();
                    brush.draw(&mut coefficients, column, row, overlay);
                    block = Block::of(&coefficients)?;
                }
                coder.write(&block, self.written, self.to)?;
            }
        }
        Some(())
    }
}
