//! A part of the picture: read in the order in which it is stored, written in that of the result.
//!
//! Each block is turned, drawn upon and coded when it is read, and only its code is kept. Its brightness
//! is coded when it is written, for it is stored as a difference to that of the block before.

use super::axis::Axis;
use super::layout::{Layout, Part};
use super::plane::{Plane, Tools};
use super::source::{Index, Source};
use crate::jpeg::brush::Brush;
use crate::jpeg::code::{BitWriter, CodeStore, Codings, Cursor, Units};
use crate::jpeg::structure::Structure;
use crate::sheet::Sheet;

pub(super) struct Strip<'a> {
    layout: Layout,
    part: Part,
    /// By component.
    planes: Vec<Plane>,
    tools: Tools<'a>,
    /// Units of the result, and blocks in one by component, across and down.
    units: Units,
    blocks: Vec<(u32, u32)>,
}

impl<'a> Strip<'a> {
    /// Of a picture of this structure, `upright` being that of the result.
    pub(super) fn new(
        (structure, upright): (&Structure<'_>, &Structure<'_>),
        layout: Layout,
        sheet: &'a Sheet,
    ) -> Self {
        let axes = Axis::pairs(structure, layout.orientation);
        let planes = axes.into_iter().zip(Brush::all(upright));
        let blocks = upright.components.iter().map(|one| one.blocks());
        Self {
            part: Part::NONE,
            planes: planes
                .map(|(axes, brush)| Plane::new(axes, brush))
                .collect(),
            tools: Tools {
                is_sideways: layout.orientation.is_sideways(),
                places: layout.places(),
                sheet,
                store: CodeStore::with_capacity(layout.code_bytes()),
                is_too_large: false,
            },
            units: Units::of_all(upright),
            blocks: blocks.collect(),
            layout,
        }
    }

    /// Forgets all, to become another part of the picture.
    pub(super) fn begin(&mut self, part: Part) {
        self.tools.store.clear();
        for (component, plane) in self.planes.iter_mut().enumerate() {
            plane.begin(component, &part.rows, &self.layout);
        }
        let (wide, high) = self.units.pixels;
        for row in part.rows.clone() {
            let drawn = self.tools.sheet.strip(&(row * high..(row + 1) * high));
            for column in drawn.units(wide) {
                for (plane, &(across, down)) in self.planes.iter_mut().zip(&self.blocks) {
                    let columns = column * across..(column + 1) * across;
                    plane.mark(&columns, row * down..(row + 1) * down);
                }
            }
        }
        self.part = part;
    }

    /// Reads the blocks of this scan from `cursor`, which is at its beginning, if the picture is one
    /// strip.
    pub(super) fn read_all(&mut self, index: &Index<'_>, cursor: &mut Cursor<'_>) -> Option<()> {
        (0..index.scan.units.count.1).try_for_each(|row| self.read_row(index, row, cursor))
    }

    /// Reads the blocks of all scans.
    pub(super) fn read(&mut self, source: &Source<'_>) -> Option<()> {
        for index in &source.scans {
            let (columns, rows) = index.within(&self.part);
            // Scans of one component may lack what fills up the last units.
            let rows = if columns.is_empty() { 0..0 } else { rows };
            for row in rows {
                let mut cursor = index.place(columns.start, row)?;
                self.read_row(index, row, &mut cursor)?;
            }
        }
        Some(())
    }

    /// Reads a row of units of the scan.
    fn read_row(&mut self, index: &Index<'_>, row: u32, cursor: &mut Cursor<'_>) -> Option<()> {
        let scan = &index.scan;
        let (columns, _) = index.within(&self.part);
        for part in &scan.parts {
            let (across, down) = part.blocks;
            let plane = self.planes.get_mut(part.component)?;
            plane.begin_rows(down, across * (columns.end - columns.start));
        }
        for column in columns.clone() {
            cursor.next(&scan.units)?;
            for (part, last) in scan.parts.iter().zip(&mut cursor.last) {
                let plane = self.planes.get_mut(part.component)?;
                let (across, down) = part.blocks;
                for y in 0..down {
                    for x in 0..across {
                        let at = (column * across + x, row * down + y);
                        let room = ((column - columns.start) * across + x, y);
                        let code = (&part.codings, &mut *last, &mut cursor.from);
                        plane.read(at, room, code, &mut self.tools)?;
                    }
                }
            }
        }
        for part in &scan.parts {
            let (across, down) = part.blocks;
            let plane = self.planes.get_mut(part.component)?;
            let columns = columns.start * across..columns.end * across;
            let rows = row * down..(row + 1) * down;
            plane.end_rows(&columns, &rows, &part.codings, &mut self.tools)?;
        }
        Some(())
    }

    /// Whether a coefficient of a block that was read has no code.
    pub(super) fn is_too_large(&self) -> bool {
        self.tools.is_too_large
    }

    /// Writes the blocks that were read. `last` is the brightness of the last block by component.
    pub(super) fn write(
        &self,
        codings: &[Codings],
        last: &mut [i32; 4],
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        for row in self.part.rows.clone() {
            for column in 0..self.units.count.0 {
                let planes = self.planes.iter().zip(&self.blocks);
                for (((plane, &(across, down)), codings), last) in
                    planes.zip(codings).zip(last.iter_mut())
                {
                    for row in row * down..(row + 1) * down {
                        for column in column * across..(column + 1) * across {
                            let coded = plane.coded((column, row))?;
                            codings.put(coded, &self.tools.store, last, to)?;
                        }
                    }
                }
            }
        }
        Some(())
    }
}
