//! The stored picture, strip by strip in the order in which the result needs it.
//!
//! A strip is a row of units, or some columns of them if the picture is turned sideways. Two
//! are held at a time, because a block of the result may lie across two.

use std::ops::Range;

use super::source::{Index, Source};
use crate::jpeg::code::{Block, Cursor, Places, Units};
use crate::jpeg::frame::swapped;
use crate::jpeg::structure::Structure;
use crate::orientation::Orientation;

/// How a picture is divided.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    orientation: Orientation,
    /// Stored units, across and down.
    units: (u32, u32),
    /// Blocks in a unit by component, across and down.
    blocks: Vec<(u32, u32)>,
    /// Units in a strip, from one side of it to the other.
    thickness: u32,
}

impl Layout {
    pub(crate) fn of(structure: &Structure<'_>, orientation: Orientation) -> Self {
        let mut layout = Self {
            orientation,
            units: Units::of_all(structure).count,
            blocks: structure
                .components
                .iter()
                .map(|one| one.blocks())
                .collect(),
            thickness: 1,
        };
        if orientation.is_sideways() {
            // As much for the strips as for the places to begin at.
            let places = u64::from(layout.units.0) * size_of::<Cursor<'_>>() as u64;
            let thickness = (places / layout.unit_bytes().max(1)).isqrt();
            layout.thickness = u32::try_from(thickness).unwrap_or(1).max(1);
        }
        layout
    }

    /// Units from one place to begin at to the next.
    pub(crate) fn step(&self) -> u32 {
        if self.orientation.is_sideways() {
            self.thickness
        } else {
            self.units.0
        }
    }

    /// Memory for strips and places, in bytes.
    pub(crate) fn working_bytes(&self) -> u64 {
        let (columns, rows) = (u64::from(self.units.0), u64::from(self.units.1));
        let length = if self.orientation.is_sideways() {
            rows
        } else {
            columns
        };
        let strips = 2 * length * u64::from(self.thickness) * self.unit_bytes();
        // Every component may have a scan of its own.
        let scan_rows: u64 = self.blocks.iter().map(|&(_, down)| u64::from(down)).sum();
        let places = rows * scan_rows.max(1) * columns.div_ceil(u64::from(self.step().max(1)));
        strips + places * size_of::<Cursor<'_>>() as u64
    }

    fn unit_bytes(&self) -> u64 {
        let blocks = |&(across, down): &(u32, u32)| u64::from(across * down);
        self.blocks.iter().map(blocks).sum::<u64>() * size_of::<Block>() as u64
    }

    /// Units of the result, and whether they are mirrored, along its columns.
    fn along(&self) -> (u32, bool) {
        let (mirrors, units) = (self.orientation.mirrors(), self.units);
        if self.orientation.is_sideways() {
            (units.0, mirrors.0)
        } else {
            (units.1, mirrors.1)
        }
    }

    /// Where a stored block is in the turned picture, by component.
    #[inline]
    fn turned(&self, component: usize, (column, row): (u32, u32)) -> (u32, u32) {
        let (mirrors, units) = (self.orientation.mirrors(), self.units);
        let (across, down) = self.blocks[component];
        let mirrored = |is_mirrored: bool, at: u32, count: u32| {
            if is_mirrored { count - 1 - at } else { at }
        };
        swapped(
            self.orientation.is_sideways(),
            (
                mirrored(mirrors.0, column, units.0 * across),
                mirrored(mirrors.1, row, units.1 * down),
            ),
        )
    }

    /// Where turning puts the coefficients of a block.
    fn places(&self) -> Places {
        let mirrors = self.orientation.mirrors();
        let is_odd = |is_mirrored: bool, frequency: usize| is_mirrored && frequency % 2 == 1;
        Places::of(|column, row| {
            let (to_column, to_row) = swapped(self.orientation.is_sideways(), (column, row));
            let is_negative = is_odd(mirrors.0, column) != is_odd(mirrors.1, row);
            (to_column, to_row, if is_negative { -1 } else { 1 })
        })
    }
}

/// The strips around the row of units that is being written.
pub(crate) struct Strips<'a> {
    source: &'a Source<'a>,
    layout: Layout,
    places: Places,
    current: Strip,
    before: Strip,
}

/// Blocks, turned.
#[derive(Default)]
struct Strip {
    /// Which rows of units of the turned picture it holds.
    rows: Range<u32>,
    planes: Vec<Plane>,
}

/// The blocks of one component.
#[derive(Default)]
struct Plane {
    /// Where it begins, counted in blocks.
    first_row: u32,
    /// Blocks in a row.
    across: u32,
    blocks: Vec<Block>,
}

impl<'a> Strips<'a> {
    pub(crate) fn new(source: &'a Source<'a>, layout: Layout) -> Self {
        Self {
            source,
            places: layout.places(),
            layout,
            current: Strip::default(),
            before: Strip::default(),
        }
    }

    /// Sees to it that the blocks of this row of units are there, and those of the next one.
    pub(crate) fn advance(&mut self, row: u32) -> Option<()> {
        let (count, _) = self.layout.along();
        let needed = (row + 1).min(count.checked_sub(1)?);
        while self.current.rows.end <= needed {
            std::mem::swap(&mut self.current, &mut self.before);
            let begin = self.before.rows.end;
            self.fill(begin)?;
        }
        Some(())
    }

    /// A block of the turned picture.
    #[inline]
    pub(crate) fn block(&self, component: usize, at: (u32, u32)) -> Option<&Block> {
        let found = self.current.planes.get(component)?.block(at);
        found.or_else(|| self.before.planes.get(component)?.block(at))
    }

    /// Reads the strip whose first row of units is `begin`.
    fn fill(&mut self, begin: u32) -> Option<()> {
        let (count, is_mirrored) = self.layout.along();
        let thickness = self.layout.thickness;
        // Strips begin at the first stored unit, wherever that comes to lie.
        let stored = if is_mirrored {
            let end = count.checked_sub(begin)?;
            end.checked_sub(1)? / thickness * thickness..end
        } else {
            begin..(begin + thickness).min(count)
        };
        let turned = begin..begin + (stored.end - stored.start);
        self.current.reserve(&self.layout, turned);
        let (columns, rows) = if self.layout.orientation.is_sideways() {
            (stored, 0..self.layout.units.1)
        } else {
            (0..self.layout.units.0, stored)
        };
        let source = self.source;
        for index in &source.scans {
            let within = |units: &Range<u32>, times: u32, most: u32| {
                units.start * times..(units.end * times).min(most)
            };
            let (times, most) = (index.units, index.scan.units.count);
            let columns = within(&columns, times.0, most.0);
            for row in within(&rows, times.1, most.1) {
                self.read(index, &columns, row)?;
            }
        }
        Some(())
    }

    /// Reads these columns of one row, all counted in units of the scan.
    fn read(&mut self, index: &Index<'_>, columns: &Range<u32>, row: u32) -> Option<()> {
        let scan = &index.scan;
        let mut cursor = index.place(columns.start, row)?;
        for column in columns.clone() {
            cursor.next(&scan.units)?;
            for (part, last) in scan.parts.iter().zip(&mut cursor.last) {
                let plane = self.current.planes.get_mut(part.component)?;
                let (across, down) = part.blocks;
                for row in row * down..(row + 1) * down {
                    for column in column * across..(column + 1) * across {
                        let at = self.layout.turned(part.component, (column, row));
                        let block = plane.block_mut(at)?;
                        part.codings
                            .read(&self.places, block, last, &mut cursor.from)?;
                    }
                }
            }
        }
        Some(())
    }
}

impl Strip {
    /// Makes it one of these rows, whose blocks are still to be read.
    fn reserve(&mut self, layout: &Layout, rows: Range<u32>) {
        let is_sideways = layout.orientation.is_sideways();
        self.planes.resize_with(layout.blocks.len(), Plane::default);
        for (plane, &blocks) in self.planes.iter_mut().zip(&layout.blocks) {
            let (across, down) = swapped(is_sideways, blocks);
            plane.first_row = rows.start * down;
            plane.across = swapped(is_sideways, layout.units).0 * across;
            let count = plane.across * down * (rows.end - rows.start);
            plane.blocks.resize(count as usize, Block::PLAIN);
        }
        self.rows = rows;
    }
}

impl Plane {
    #[inline]
    fn index(&self, (column, row): (u32, u32)) -> Option<usize> {
        let row = row.checked_sub(self.first_row)?;
        Some(row as usize * self.across as usize + column as usize)
    }

    #[inline]
    fn block(&self, at: (u32, u32)) -> Option<&Block> {
        self.blocks.get(self.index(at)?)
    }

    #[inline]
    fn block_mut(&mut self, at: (u32, u32)) -> Option<&mut Block> {
        let index = self.index(at)?;
        self.blocks.get_mut(index)
    }
}
