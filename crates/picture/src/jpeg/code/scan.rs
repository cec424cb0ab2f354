//! The data behind one scan header: the order of its blocks, and a cursor in it.

use super::bits::BitReader;
use super::coding::Codings;
use super::tables::Tables;
use crate::error::PictureError;
use crate::jpeg::scan_header::{PartHeader, ScanHeader};
use crate::jpeg::segments::{corrupt, next_marker, truncated};
use crate::jpeg::structure::Structure;

/// The first of eight markers that take turns.
const FIRST_RESTART: u8 = 0xd0;

/// One component in a scan.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Its number in the frame.
    pub(crate) component: usize,
    /// Which codes the file calls them.
    pub(crate) selectors: u8,
    pub(crate) codings: Codings,
    /// Blocks in a unit, across and down.
    pub(crate) blocks: (u32, u32),
}

/// How a scan is divided into units, which are some blocks of each of its components.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Units {
    /// Units in a row, and rows.
    pub(crate) count: (u32, u32),
    /// Pixels of a unit, across and down.
    pub(crate) pixels: (u32, u32),
    /// After so many units all begins anew; never if 0.
    pub(crate) restart_interval: u32,
}

/// A scan of a sequential file, which holds all that there is of its components.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    /// At most four.
    pub(crate) parts: Vec<Part>,
    pub(crate) units: Units,
}

impl Part {
    /// Reads the blocks of one unit and forgets them.
    #[inline]
    pub(crate) fn skip(&self, last: &mut i32, from: &mut BitReader<'_>) -> Option<()> {
        let (across, down) = self.blocks;
        (0..across * down).try_for_each(|_| self.codings.skip(last, from))
    }
}

impl Units {
    /// The units of a scan, and the blocks that each of its parts has in one, across and down.
    pub(crate) fn of(
        header: &ScanHeader,
        structure: &Structure<'_>,
        restart_interval: u32,
    ) -> (Self, Vec<(u32, u32)>) {
        let blocks = |component: usize| structure.components[component].blocks();
        let all = Self::of_all(structure).pixels;
        let (pixels, blocks) = match header.parts.as_slice() {
            [alone] => {
                let (across, down) = blocks(alone.component);
                ((all.0 / across, all.1 / down), vec![(1, 1)])
            }
            parts => (
                all,
                parts.iter().map(|part| blocks(part.component)).collect(),
            ),
        };
        (Self::new(structure, pixels, restart_interval), blocks)
    }

    /// The units of a scan of all components that never begins anew.
    pub(crate) fn of_all(structure: &Structure<'_>) -> Self {
        let (horizontal, vertical) = structure.sampling();
        let pixels = (8 * u32::from(horizontal), 8 * u32::from(vertical));
        Self::new(structure, pixels, 0)
    }

    fn new(structure: &Structure<'_>, pixels: (u32, u32), restart_interval: u32) -> Self {
        Self {
            count: (
                u32::from(structure.width).div_ceil(pixels.0),
                u32::from(structure.height).div_ceil(pixels.1),
            ),
            pixels,
            restart_interval,
        }
    }
}

impl Scan {
    /// The scan of a sequential file with this header. Whatever part of the frequencies the header
    /// names, all are there.
    pub(crate) fn of(
        header: &ScanHeader,
        structure: &Structure<'_>,
        tables: &Tables,
    ) -> Result<Self, PictureError> {
        let (units, blocks) = Units::of(header, structure, tables.restart_interval());
        let part = |(part, blocks): (&PartHeader, (u32, u32))| {
            Ok(Part {
                component: part.component,
                selectors: part.dc << 4 | part.ac,
                codings: tables.codings(part, &structure.components[part.component].table)?,
                blocks,
            })
        };
        let parts = header.parts.iter().zip(blocks).map(part);
        Ok(Self {
            parts: parts.collect::<Result<_, PictureError>>()?,
            units,
        })
    }
}

/// A place in the data of a scan. A copy of it leads to the same place later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'f> {
    pub(crate) from: BitReader<'f>,
    /// Brightness of the last block of each part.
    pub(crate) last: [i32; 4],
    /// Units before this one.
    unit: u32,
}

impl<'f> Cursor<'f> {
    pub(crate) fn new(data: &'f [u8]) -> Self {
        Self {
            from: BitReader::new(data),
            last: [0; 4],
            unit: 0,
        }
    }

    /// The same place in data that was moved: `rest` are its bytes that are not loaded yet.
    pub(crate) fn over(self, rest: &[u8]) -> Cursor<'_> {
        Cursor {
            from: self.from.over(rest),
            ..self
        }
    }

    /// The marker behind which all begins anew, if one must stand before the next unit.
    #[inline]
    pub(crate) fn restart(&self, units: &Units) -> Option<u8> {
        if units.restart_interval == 0 || self.unit == 0 {
            return None;
        }
        let before = (self.unit - 1) / units.restart_interval;
        let is_due = self.unit.is_multiple_of(units.restart_interval);
        is_due.then_some(FIRST_RESTART + (before % 8) as u8)
    }

    /// Goes to the next unit, the first one at first, and over the marker before it.
    #[inline]
    pub(crate) fn next(&mut self, units: &Units) -> Option<()> {
        if let Some(due) = self.restart(units) {
            let (marker, rest) = next_marker(self.from.finish(0)?)?;
            if marker != due {
                return None;
            }
            self.from = BitReader::new(rest);
            self.last = [0; 4];
        }
        self.unit += 1;
        (!self.from.ran_out()).then_some(())
    }

    /// Reads a unit and forgets it.
    #[inline]
    pub(crate) fn skip(&mut self, scan: &Scan) -> Option<()> {
        self.next(&scan.units)?;
        self.skip_parts(scan)
    }

    /// The same behind [`next`](Self::next).
    #[inline]
    pub(crate) fn skip_parts(&mut self, scan: &Scan) -> Option<()> {
        for (part, last) in scan.parts.iter().zip(&mut self.last) {
            part.skip(last, &mut self.from)?;
        }
        Some(())
    }

    /// Why the data cannot be read from here on.
    pub(crate) fn damage(&self, units: &Units) -> PictureError {
        if self.from.is_at_end() {
            return truncated();
        }
        let row = self.unit.saturating_sub(1) / units.count.0.max(1) * units.pixels.1;
        corrupt(format!("its picture data is damaged at row {row}"))
    }
}
