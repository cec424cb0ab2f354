//! Copies the data of a scan, in which the blocks that something is drawn upon are encoded anew.

use std::rc::Rc;

use super::band::Sink;
use super::blocks::HeldBlock;
use super::scans::{Scan, ScanKind};
use crate::jpeg::entropy::{BitWriter, HuffmanTable, ZERO_RUN, bits_and_size};
use crate::jpeg::scan_header::ScanHeader;
use crate::jpeg::table::ZIGZAG;

/// The most blocks that one symbol can end.
const MAX_BLOCKS: u32 = 0x7fff;

/// The most blocks whose bits wait for such a symbol.
const MAX_WAITING: usize = 1 << 10;

/// The copy of one scan.
pub(crate) struct Copy<'t> {
    to: BitWriter<'t>,
    /// The DC coefficient of the last block of each component of the scan.
    predictions: [i32; 4],
    /// The table of AC coefficients, if the scan holds such.
    table: Option<Rc<HuffmanTable>>,
    /// Blocks before this place that have no further symbols, which is still to be written; and
    /// the bits of each of them that refine coefficients, if it has any.
    eob_run: u32,
    waiting: Vec<(u64, u32)>,
}

impl<'t> Copy<'t> {
    /// Behind the header of the scan.
    pub(crate) fn new(scan: &Scan<'_>, file: &'t mut Vec<u8>) -> Self {
        let table = match &scan.kind {
            ScanKind::Ac(table) => Some(table.clone()),
            _ => None,
        };
        Self {
            to: BitWriter::new(file),
            predictions: [0; 4],
            table,
            eob_run: 0,
            waiting: Vec::new(),
        }
    }

    /// Writes a restart marker.
    pub(crate) fn restart(&mut self, marker: u8) -> Option<()> {
        self.flush()?;
        self.to.marker(marker);
        self.predictions = [0; 4];
        Some(())
    }

    /// Ends the scan.
    pub(crate) fn finish(mut self) -> Option<()> {
        self.flush()?;
        self.to.finish();
        Some(())
    }

    /// Writes the DC coefficient of a block of this component of the scan.
    pub(crate) fn dc(&mut self, table: &HuffmanTable, number: usize, value: i32) -> Option<()> {
        table.write_difference(value, self.predictions.get_mut(number)?, &mut self.to)
    }

    /// Writes one more bit of the DC coefficient of a block.
    pub(crate) fn bit(&mut self, bit: bool) {
        self.to.put(bit.into(), 1);
    }

    /// Writes the band of a block.
    pub(crate) fn band(&mut self, held: &HeldBlock, header: &ScanHeader) -> Option<()> {
        if header.approximation_high == 0 {
            self.begin(held, header)
        } else {
            self.refine(held, header)
        }
    }

    fn begin(&mut self, held: &HeldBlock, header: &ScanHeader) -> Option<()> {
        let mut run = 0;
        for index in header.spectral_start..=header.spectral_end {
            // Cut off towards zero.
            let coefficient = i32::from(*at(held, index)?) / (1 << header.approximation_low);
            if coefficient == 0 {
                run += 1;
                continue;
            }
            while run > 15 {
                self.symbol(index, ZERO_RUN, 0)?;
                run -= 16;
            }
            let (bits, size) = bits_and_size(coefficient)?;
            self.symbol(index, run << 4 | size, bits)?;
            run = 0;
        }
        if run > 0 {
            self.end(0, 0)?;
        }
        Some(())
    }

    fn refine(&mut self, held: &HeldBlock, header: &ScanHeader) -> Option<()> {
        let size = |index| Some(at(held, index)?.unsigned_abs() >> header.approximation_low);
        let range = header.spectral_start..=header.spectral_end;
        let last_new = range.clone().rev().find(|&index| size(index) == Some(1));
        // The bits that refine coefficients since the last symbol, and a bit for the index of each.
        let (mut known, mut bits, mut run) = (0, 0, 0);
        for index in range {
            let size = size(index)?;
            if size == 0 {
                run += 1;
                continue;
            }
            while run > 15 && last_new.is_some_and(|last| index <= last) {
                self.symbol(index, ZERO_RUN, 0)?;
                self.refined(known, bits)?;
                (known, bits, run) = (0, 0, run - 16);
            }
            if size > 1 {
                known |= 1 << index;
                bits = bits << 1 | u64::from(size & 1);
                continue;
            }
            let is_positive = *at(held, index)? > 0;
            self.symbol(index, run << 4 | 1, is_positive.into())?;
            self.refined(known, bits)?;
            (known, bits, run) = (0, 0, 0);
        }
        if run > 0 || known != 0 {
            self.end(known, bits)?;
        }
        Some(())
    }

    /// Writes how many blocks end here.
    fn flush(&mut self) -> Option<()> {
        let Some(size) = self.eob_run.checked_ilog2() else {
            return Some(());
        };
        let symbol = u8::try_from(size << 4).ok()?;
        self.table.as_ref()?.put(symbol, 0, &mut self.to)?;
        self.to.put((self.eob_run - (1 << size)).into(), size);
        for &(bits, count) in &self.waiting {
            self.to.put(bits, count);
        }
        self.waiting.clear();
        self.eob_run = 0;
        Some(())
    }
}

fn at(held: &HeldBlock, index: u8) -> Option<&i16> {
    held.get(*ZIGZAG.get(usize::from(index))?)
}

impl Sink for Copy<'_> {
    fn symbol(&mut self, _place: u8, symbol: u8, bits: u32) -> Option<()> {
        self.flush()?;
        self.table.as_ref()?.put(symbol, bits, &mut self.to)
    }

    fn refined(&mut self, nonzero: u64, bits: u64) -> Option<()> {
        self.to.put(bits, nonzero.count_ones());
        Some(())
    }

    fn end(&mut self, nonzero: u64, bits: u64) -> Option<()> {
        self.eob_run += 1;
        if nonzero != 0 {
            self.waiting.push((bits, nonzero.count_ones()));
        }
        if self.eob_run == MAX_BLOCKS || self.waiting.len() == MAX_WAITING {
            self.flush()?;
        }
        Some(())
    }
}
