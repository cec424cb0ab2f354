//! Reads the scans of a progressive file, and copies them on the way if that is wanted.

use super::band::{Band, Collect, Nothing, bits};
use super::blocks::Blocks;
use super::copy::Copy;
use super::scans::{Scan, ScanKind};
use crate::jpeg::entropy::Cursor;

/// Reads `scan`, at the beginning of whose data `cursor` is. Blocks that something is drawn upon
/// learn their coefficients or, if there is a copy, are written with those that they hold.
pub(crate) fn scan(
    scan: &Scan<'_>,
    cursor: &mut Cursor<'_>,
    blocks: &mut [Blocks],
    copy: Option<&mut Copy<'_>>,
) -> Option<()> {
    let mut reader = Reader {
        scan,
        blocks,
        copy,
        eob_run: 0,
    };
    for row in 0..scan.mcus.count.1 {
        for column in 0..scan.mcus.count.0 {
            if let Some(marker) = cursor.restart(&scan.mcus) {
                reader.restart(marker)?;
            }
            cursor.next(&scan.mcus)?;
            reader.mcu((column, row), cursor)?;
        }
    }
    (reader.eob_run == 0).then_some(())
}

struct Reader<'r, 't> {
    scan: &'r Scan<'r>,
    blocks: &'r mut [Blocks],
    copy: Option<&'r mut Copy<'t>>,
    /// So many of the next blocks hold nothing in this scan.
    eob_run: u32,
}

impl Reader<'_, '_> {
    fn restart(&mut self, marker: u8) -> Option<()> {
        if let Some(copy) = &mut self.copy {
            copy.restart(marker)?;
        }
        (self.eob_run == 0).then_some(())
    }

    fn mcu(&mut self, mcu: (u32, u32), cursor: &mut Cursor<'_>) -> Option<()> {
        for (number, component) in self.scan.components.iter().enumerate() {
            let (across, down) = component.blocks;
            for row in mcu.1 * down..(mcu.1 + 1) * down {
                for column in mcu.0 * across..(mcu.0 + 1) * across {
                    self.block((number, component.index), (column, row), cursor)?;
                }
            }
        }
        Some(())
    }

    /// Reads the block in this column and row of a component, which has this number in the scan.
    #[inline]
    fn block(
        &mut self,
        (number, component): (usize, usize),
        at: (u32, u32),
        cursor: &mut Cursor<'_>,
    ) -> Option<()> {
        let (nonzero, held) = self.blocks.get_mut(component)?.at(at)?;
        let header = &self.scan.header;
        let low = header.approximation_low;
        let from = &mut cursor.from;
        match (&self.scan.kind, held, self.copy.as_deref_mut()) {
            (ScanKind::Dc(tables), held, copy) => {
                let (table, most) = tables.get(number)?;
                let dc = cursor.predictions.get_mut(number)?;
                *dc += table.difference(from)?;
                if dc.unsigned_abs() > *most {
                    return None;
                }
                match (held, copy) {
                    (None, None) => {}
                    (Some(held), None) => held[0] = i16::try_from(*dc << low).ok()?,
                    (held, Some(copy)) => {
                        let own = held.map_or(*dc, |held| i32::from(held[0] >> low));
                        copy.dc(table, number, own)?;
                    }
                }
            }
            (ScanKind::DcRefinement, held, copy) => {
                let bit = bits(1, from) != 0;
                match (held, copy) {
                    (None, None) => {}
                    (Some(held), None) => held[0] |= i16::from(bit) << low,
                    (held, Some(copy)) => {
                        copy.bit(held.map_or(bit, |held| held[0] >> low & 1 == 1));
                    }
                }
            }
            (ScanKind::Ac(table), held, copy) => {
                let band = Band::of(table, header);
                let eob_run = &mut self.eob_run;
                match (held, copy) {
                    (None, None) => band.read(nonzero, eob_run, from, &mut Nothing)?,
                    (Some(held), None) => {
                        band.read(nonzero, eob_run, from, &mut Collect::new(held, low))?;
                    }
                    (None, Some(copy)) => band.read(nonzero, eob_run, from, copy)?,
                    (Some(held), Some(copy)) => {
                        band.read(nonzero, eob_run, from, &mut Nothing)?;
                        copy.band(held, header)?;
                    }
                }
            }
        }
        Some(())
    }
}
