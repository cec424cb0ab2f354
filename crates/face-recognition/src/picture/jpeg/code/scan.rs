//! The data behind one scan header: which blocks come in which order, and where in it one is.

use super::bits::BitReader;
use super::block::Codings;
use super::tables::Tables;
use crate::picture::jpeg::structure::{Structure, next_marker};

/// The end of the header of a scan that holds everything of its components.
const ALL_FREQUENCIES: [u8; 3] = [0, 63, 0];

/// The first of eight markers that take turns.
const FIRST_RESTART: u8 = 0xd0;

/// One component in a scan.
#[derive(Debug, Clone)]
pub(in crate::picture::jpeg) struct Part {
    /// Its number in the frame.
    pub(in crate::picture::jpeg) component: usize,
    pub(in crate::picture::jpeg) codings: Codings,
    /// Blocks in a unit, across and down.
    pub(in crate::picture::jpeg) blocks: (u32, u32),
}

/// A scan: units of some blocks of each of its components, row by row.
#[derive(Debug, Clone)]
pub(in crate::picture::jpeg) struct Scan {
    /// At most four.
    pub(in crate::picture::jpeg) parts: Vec<Part>,
    /// Units in a row, and rows.
    pub(in crate::picture::jpeg) units: (u32, u32),
    /// Pixels of a unit, across and down.
    pub(in crate::picture::jpeg) pixels: (u32, u32),
    /// After so many units all begins anew; never if 0.
    restart_interval: u32,
}

impl Part {
    /// Reads the blocks of one unit and forgets them.
    #[inline]
    pub(in crate::picture::jpeg) fn skip(
        &self,
        last: &mut i32,
        from: &mut BitReader<'_>,
    ) -> Option<()> {
        let (across, down) = self.blocks;
        (0..across * down).try_for_each(|_| self.codings.skip(last, from))
    }
}

impl Scan {
    /// Reads the header of a scan of a baseline file. Each component may come once: those that
    /// came are marked in `scanned`.
    pub(in crate::picture::jpeg) fn of(
        payload: &[u8],
        structure: &Structure<'_>,
        tables: &Tables,
        scanned: &mut [bool],
    ) -> Option<Self> {
        let (&count, rest) = payload.split_first()?;
        let (selectors, range) = rest.split_at_checked(2 * usize::from(count))?;
        if range != ALL_FREQUENCIES {
            return None;
        }
        let (horizontal, vertical) = structure.sampling();
        let unit = (8 * u32::from(horizontal), 8 * u32::from(vertical));
        let mut parts = Vec::new();
        for &[id, selectors] in selectors.as_chunks::<2>().0 {
            let mut components = structure.components.iter();
            let component = components.position(|one| one.id == id)?;
            if std::mem::replace(scanned.get_mut(component)?, true) {
                return None;
            }
            parts.push(Part {
                component,
                codings: tables.codings(selectors)?,
                blocks: structure.components.get(component)?.blocks(),
            });
        }
        if parts.is_empty() {
            return None;
        }
        let pixels = match parts.as_mut_slice() {
            [alone] => {
                let (across, down) = std::mem::replace(&mut alone.blocks, (1, 1));
                (unit.0.checked_div(across)?, unit.1.checked_div(down)?)
            }
            _ => unit,
        };
        Some(Self {
            parts,
            units: (
                u32::from(structure.width).div_ceil(pixels.0),
                u32::from(structure.height).div_ceil(pixels.1),
            ),
            pixels,
            restart_interval: tables.restart_interval(),
        })
    }
}

/// Where one is in the data of a scan. A copy of it leads to the same place later.
#[derive(Debug, Clone, Copy)]
pub(in crate::picture::jpeg) struct Cursor<'f> {
    pub(in crate::picture::jpeg) from: BitReader<'f>,
    /// Brightness of the last block of each part.
    pub(in crate::picture::jpeg) last: [i32; 4],
    /// Units before this one.
    unit: u32,
}

impl<'f> Cursor<'f> {
    pub(in crate::picture::jpeg) fn new(data: &'f [u8]) -> Self {
        Self {
            from: BitReader::new(data),
            last: [0; 4],
            unit: 0,
        }
    }

    /// The marker behind which all begins anew, if one must stand before the next unit.
    #[inline]
    pub(in crate::picture::jpeg) fn restart(&self, scan: &Scan) -> Option<u8> {
        if scan.restart_interval == 0 || self.unit == 0 {
            return None;
        }
        let before = (self.unit - 1) / scan.restart_interval;
        let is_due = self.unit.is_multiple_of(scan.restart_interval);
        is_due.then_some(FIRST_RESTART + (before % 8) as u8)
    }

    /// Goes to the next unit, the first one at first, and over the marker before it.
    #[inline]
    pub(in crate::picture::jpeg) fn next(&mut self, scan: &Scan) -> Option<()> {
        if let Some(due) = self.restart(scan) {
            let (marker, rest) = next_marker(self.from.finish()?)?;
            if marker != due {
                return None;
            }
            self.from = BitReader::new(rest);
            self.last = [0; 4];
        }
        self.unit += 1;
        Some(())
    }

    /// Reads a unit and forgets it.
    #[inline]
    pub(in crate::picture::jpeg) fn skip(&mut self, scan: &Scan) -> Option<()> {
        self.next(scan)?;
        for (part, last) in scan.parts.iter().zip(&mut self.last) {
            part.skip(last, &mut self.from)?;
        }
        Some(())
    }
}
