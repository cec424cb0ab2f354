//! Copies the data of a scan, in which the blocks that something is drawn upon are coded anew.

use std::rc::Rc;

use super::band::Sink;
use super::blocks::Held;
use super::scans::{Code, Scan};
use crate::jpeg::code::{BitWriter, Coding, SIXTEEN_ZEROS, shortened};
use crate::jpeg::scan_header::ScanHeader;
use crate::jpeg::table::ZIGZAG;

/// The most blocks that one symbol ends.
const MOST_BLOCKS: u32 = 0x7fff;

/// Bits that wait are kept of so many blocks.
const MOST_WAITING: usize = 1 << 10;

/// The copy of one scan.
pub(crate) struct Copy<'t> {
    to: BitWriter<'t>,
    /// Brightness of the last block of each part.
    last: [i32; 4],
    /// The code of other frequencies, if the scan is about them.
    code: Option<Rc<Coding>>,
    /// So many blocks before this place have no further symbols, which is still to be written; and
    /// the bits that follow, of each block of them that has any.
    run: u32,
    waiting: Vec<(u64, u32)>,
}

impl<'t> Copy<'t> {
    /// Behind the header of the scan.
    pub(crate) fn new(scan: &Scan<'_>, file: &'t mut Vec<u8>) -> Self {
        let code = match &scan.code {
            Code::Band(code) => Some(code.clone()),
            _ => None,
        };
        Self {
            to: BitWriter::new(file),
            last: [0; 4],
            code,
            run: 0,
            waiting: Vec::new(),
        }
    }

    /// Begins anew behind a marker.
    pub(crate) fn restart(&mut self, marker: u8) -> Option<()> {
        self.flush()?;
        self.to.marker(marker);
        self.last = [0; 4];
        Some(())
    }

    /// Ends the scan.
    pub(crate) fn finish(mut self) -> Option<()> {
        self.flush()?;
        self.to.finish();
        Some(())
    }

    /// Writes the brightness of a block of this part.
    pub(crate) fn brightness(&mut self, code: &Coding, part: usize, value: i32) -> Option<()> {
        code.write_difference(value, self.last.get_mut(part)?, &mut self.to)
    }

    /// Writes a bit of the brightness of a block.
    pub(crate) fn bit(&mut self, bit: bool) {
        self.to.put(bit.into(), 1);
    }

    /// Writes the part of a block that its scan is about.
    pub(crate) fn band(&mut self, held: &Held, header: &ScanHeader) -> Option<()> {
        if header.before == 0 {
            self.begin(held, header)
        } else {
            self.refine(held, header)
        }
    }

    fn begin(&mut self, held: &Held, header: &ScanHeader) -> Option<()> {
        let mut zeros = 0;
        for place in header.first..=header.last {
            // Cut off towards zero.
            let step = i32::from(*at(held, place)?) / (1 << header.behind);
            if step == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 {
                self.symbol(place, SIXTEEN_ZEROS, 0)?;
                zeros -= 16;
            }
            let (bits, size) = shortened(step)?;
            self.symbol(place, zeros << 4 | size, bits)?;
            zeros = 0;
        }
        if zeros > 0 {
            self.end(0, 0)?;
        }
        Some(())
    }

    fn refine(&mut self, held: &Held, header: &ScanHeader) -> Option<()> {
        let size = |place| Some(at(held, place)?.unsigned_abs() >> header.behind);
        let range = header.first..=header.last;
        let last_new = range.clone().rev().find(|&place| size(place) == Some(1));
        // The bits of known coefficients since the last symbol, and their places.
        let (mut known, mut bits, mut zeros) = (0, 0, 0);
        for place in range {
            let size = size(place)?;
            if size == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 && last_new.is_some_and(|last| place <= last) {
                self.symbol(place, SIXTEEN_ZEROS, 0)?;
                self.known(known, bits)?;
                (known, bits, zeros) = (0, 0, zeros - 16);
            }
            if size > 1 {
                known |= 1 << place;
                bits = bits << 1 | u64::from(size & 1);
                continue;
            }
            let is_positive = *at(held, place)? > 0;
            self.symbol(place, zeros << 4 | 1, is_positive.into())?;
            self.known(known, bits)?;
            (known, bits, zeros) = (0, 0, 0);
        }
        if zeros > 0 || known != 0 {
            self.end(known, bits)?;
        }
        Some(())
    }

    /// Writes how many blocks have ended.
    fn flush(&mut self) -> Option<()> {
        let Some(size) = self.run.checked_ilog2() else {
            return Some(());
        };
        let symbol = u8::try_from(size << 4).ok()?;
        self.code.as_ref()?.put(symbol, 0, &mut self.to)?;
        self.to.put((self.run - (1 << size)).into(), size);
        for &(bits, count) in &self.waiting {
            self.to.put(bits, count);
        }
        self.waiting.clear();
        self.run = 0;
        Some(())
    }
}

fn at(held: &Held, place: u8) -> Option<&i16> {
    held.get(*ZIGZAG.get(usize::from(place))?)
}

impl Sink for Copy<'_> {
    fn symbol(&mut self, _place: u8, symbol: u8, bits: u32) -> Option<()> {
        self.flush()?;
        self.code.as_ref()?.put(symbol, bits, &mut self.to)
    }

    fn known(&mut self, places: u64, bits: u64) -> Option<()> {
        self.to.put(bits, places.count_ones());
        Some(())
    }

    fn end(&mut self, places: u64, bits: u64) -> Option<()> {
        self.run += 1;
        if places != 0 {
            self.waiting.push((bits, places.count_ones()));
        }
        if self.run == MOST_BLOCKS || self.waiting.len() == MOST_WAITING {
            self.flush()?;
        }
        Some(())
    }
}
