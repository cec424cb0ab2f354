//! A component of the picture: read in the order in which it is stored, written in that of the result.
//!
//! Each block is turned, drawn upon and encoded when it is read. Its DC coefficient
//! is encoded when it is written, for it is stored as a difference to that of the block before.

use super::axis::Axis;
use super::layout::{Layout, Region};
use super::plane::{Plane, Tools};
use super::source::{Index, Source};
use crate::jpeg::brush::Brush;
use crate::jpeg::entropy::{BitWriter, BlockCoder, BlockStore, Cursor, McuGrid};
use crate::jpeg::structure::Structure;
use crate::overlay::Overlay;

pub(super) struct Strip<'a> {
    layout: Layout,
    region: Region,
    /// By component.
    planes: Vec<Plane>,
    tools: Tools<'a>,
    /// MCUs of the result, and blocks in one by component, across and down.
    mcus: McuGrid,
    blocks: Vec<(u32, u32)>,
}

impl<'a> Strip<'a> {
    /// Of a picture of this structure, `upright` being that of the result.
    pub(super) fn new(
        (structure, upright): (&Structure<'_>, &Structure<'_>),
        layout: Layout,
        overlay: &'a Overlay,
    ) -> Self {
        let axes = Axis::pairs(structure, layout.orientation);
        let planes = axes.into_iter().zip(Brush::all(upright));
        let blocks = upright.components.iter().map(|one| one.blocks());
        Self {
            region: Region::NONE,
            planes: planes
                .map(|(axes, brush)| Plane::new(axes, brush))
                .collect(),
            tools: Tools {
                is_sideways: layout.orientation.is_sideways(),
                permutation: layout.permutation(),
                overlay,
                store: BlockStore::with_capacity(layout.encoded_bytes()),
                is_too_large: false,
            },
            mcus: McuGrid::of_all(upright),
            blocks: blocks.collect(),
            layout,
        }
    }

    /// Forgets all, to become another component of the picture.
    pub(super) fn begin(&mut self, region: Region) {
        self.tools.store.clear();
        for (component, plane) in self.planes.iter_mut().enumerate() {
            plane.begin(component, &region.rows, &self.layout);
        }
        let (wide, high) = self.mcus.pixels;
        for row in region.rows.clone() {
            let drawn = self.tools.overlay.strip(&(row * high..(row + 1) * high));
            for column in drawn.mcu_columns(wide) {
                for (plane, &(across, down)) in self.planes.iter_mut().zip(&self.blocks) {
                    let columns = column * across..(column + 1) * across;
                    plane.mark(&columns, row * down..(row + 1) * down);
                }
            }
        }
        self.region = region;
    }

    /// Reads the blocks of this scan from `cursor`, which is at its beginning, if the picture is one
    /// strip.
    pub(super) fn read_all(&mut self, index: &Index<'_>, cursor: &mut Cursor<'_>) -> Option<()> {
        (0..index.scan.mcus.count.1).try_for_each(|row| self.read_row(index, row, cursor))
    }

    /// Reads the blocks of all scans.
    pub(super) fn read(&mut self, source: &Source<'_>) -> Option<()> {
        for index in &source.scans {
            let (columns, rows) = index.within(&self.region);
            // Scans of one component may lack what fills up the last MCUs.
            let rows = if columns.is_empty() { 0..0 } else { rows };
            for row in rows {
                let mut cursor = index.place(columns.start, row)?;
                self.read_row(index, row, &mut cursor)?;
            }
        }
        Some(())
    }

    /// Reads a row of MCUs of the scan.
    fn read_row(&mut self, index: &Index<'_>, row: u32, cursor: &mut Cursor<'_>) -> Option<()> {
        let scan = &index.scan;
        let (columns, _) = index.within(&self.region);
        for component in &scan.components {
            let (across, down) = component.blocks;
            let plane = self.planes.get_mut(component.index)?;
            plane.begin_rows(down, across * (columns.end - columns.start));
        }
        for column in columns.clone() {
            cursor.next(&scan.mcus)?;
            for (component, prediction) in scan.components.iter().zip(&mut cursor.predictions) {
                let plane = self.planes.get_mut(component.index)?;
                let (across, down) = component.blocks;
                for y in 0..down {
                    for x in 0..across {
                        let at = (column * across + x, row * down + y);
                        let room = ((column - columns.start) * across + x, y);
                        let from = (&component.coder, &mut *prediction, &mut cursor.from);
                        plane.read(at, room, from, &mut self.tools)?;
                    }
                }
            }
        }
        for component in &scan.components {
            let (across, down) = component.blocks;
            let plane = self.planes.get_mut(component.index)?;
            let columns = columns.start * across..columns.end * across;
            let rows = row * down..(row + 1) * down;
            plane.end_rows(&columns, &rows, &component.coder, &mut self.tools)?;
        }
        Some(())
    }

    /// Whether a coefficient of a block that was read is too large to be encoded.
    pub(super) fn is_too_large(&self) -> bool {
        self.tools.is_too_large
    }

    /// Writes the blocks that were read. `predictions` are the DC coefficients of the last block by component.
    pub(super) fn write(
        &self,
        coders: &[BlockCoder],
        predictions: &mut [i32; 4],
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        for row in self.region.rows.clone() {
            for column in 0..self.mcus.count.0 {
                let planes = self.planes.iter().zip(&self.blocks);
                for (((plane, &(across, down)), coder), prediction) in
                    planes.zip(coders).zip(predictions.iter_mut())
                {
                    for row in row * down..(row + 1) * down {
                        for column in column * across..(column + 1) * across {
                            let stored = plane.stored((column, row))?;
                            coder.put(stored, &self.tools.store, prediction, to)?;
                        }
                    }
                }
            }
        }
        Some(())
    }
}
