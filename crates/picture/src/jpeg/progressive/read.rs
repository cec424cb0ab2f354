//! Reads the scans of a progressive file, and copies them on the way if that is wanted.

use super::band::{Band, Collect, Nothing, bits};
use super::blocks::Blocks;
use super::copy::Copy;
use super::scans::{Code, Scan};
use crate::jpeg::code::Cursor;

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
        run: 0,
    };
    for row in 0..scan.units.count.1 {
        for column in 0..scan.units.count.0 {
            if let Some(marker) = cursor.restart(&scan.units) {
                reader.restart(marker)?;
            }
            cursor.next(&scan.units)?;
            reader.unit((column, row), cursor)?;
        }
    }
    (reader.run == 0).then_some(())
}

struct Reader<'r, 't> {
    scan: &'r Scan<'r>,
    blocks: &'r mut [Blocks],
    copy: Option<&'r mut Copy<'t>>,
    /// So many blocks hold nothing more in this scan.
    run: u32,
}

impl Reader<'_, '_> {
    fn restart(&mut self, marker: u8) -> Option<()> {
        if let Some(copy) = &mut self.copy {
            copy.restart(marker)?;
        }
        (self.run == 0).then_some(())
    }

    fn unit(&mut self, unit: (u32, u32), cursor: &mut Cursor<'_>) -> Option<()> {
        for (number, part) in self.scan.parts.iter().enumerate() {
            let (across, down) = part.blocks;
            for row in unit.1 * down..(unit.1 + 1) * down {
                for column in unit.0 * across..(unit.0 + 1) * across {
                    self.block((number, part.component), (column, row), cursor)?;
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
        let (places, held) = self.blocks.get_mut(component)?.at(at)?;
        let header = &self.scan.header;
        let behind = header.behind;
        let from = &mut cursor.from;
        match (&self.scan.code, held, self.copy.as_deref_mut()) {
            (Code::Brightness(codes), held, copy) => {
                let (code, most) = codes.get(number)?;
                let last = cursor.last.get_mut(number)?;
                *last += code.difference(from)?;
                if last.unsigned_abs() > *most {
                    return None;
                }
                match (held, copy) {
                    (None, None) => {}
                    (Some(held), None) => held[0] = i16::try_from(*last << behind).ok()?,
                    (held, Some(copy)) => {
                        let own = held.map_or(*last, |held| i32::from(held[0] >> behind));
                        copy.brightness(code, number, own)?;
                    }
                }
            }
            (Code::BrightnessBit, held, copy) => {
                let bit = bits(1, from) != 0;
                match (held, copy) {
                    (None, None) => {}
                    (Some(held), None) => held[0] |= i16::from(bit) << behind,
                    (held, Some(copy)) => {
                        copy.bit(held.map_or(bit, |held| held[0] >> behind & 1 == 1));
                    }
                }
            }
            (Code::Band(code), held, copy) => {
                let band = Band::of(code, header);
                let run = &mut self.run;
                match (held, copy) {
                    (None, None) => band.read(places, run, from, &mut Nothing)?,
                    (Some(held), None) => {
                        band.read(places, run, from, &mut Collect::new(held, behind))?;
                    }
                    (None, Some(copy)) => band.read(places, run, from, copy)?,
                    (Some(held), Some(copy)) => {
                        band.read(places, run, from, &mut Nothing)?;
                        copy.band(held, header)?;
                    }
                }
            }
        }
        Some(())
    }
}
