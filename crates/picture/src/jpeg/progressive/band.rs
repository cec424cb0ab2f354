//! The AC coefficients that one scan holds of a block, or one more bit of them: a band of its spectrum.

use super::blocks::HeldBlock;
use crate::jpeg::entropy::{BitReader, HuffmanTable, extend, run_and_size};
use crate::jpeg::scan_header::ScanHeader;
use crate::jpeg::table::ZIGZAG;

/// Takes what a scan holds of a block. `None` from it is damage.
pub(crate) trait Sink {
    /// A coefficient that is no longer zero, with its additional bits; or a run of sixteen zeros.
    fn symbol(&mut self, index: u8, symbol: u8, bits: u32) -> Option<()>;

    /// One more bit of each of the coefficients with a bit in `nonzero`, the first one highest, which lie
    /// before the index of the last symbol.
    fn refined(&mut self, nonzero: u64, bits: u64) -> Option<()>;

    /// The same for those behind the last symbol of the block.
    fn end(&mut self, nonzero: u64, bits: u64) -> Option<()>;
}

/// Takes nothing.
pub(crate) struct Nothing;

/// Adds all to the coefficients of the block.
pub(crate) struct Collect<'h> {
    held: &'h mut HeldBlock,
    /// How many of the lowest bits are missing after this scan.
    missing_bits: u8,
}

/// The band of a scan, and its Huffman table.
pub(crate) struct Band<'c> {
    table: &'c HuffmanTable,
    first: u8,
    last: u8,
    /// Whether the scan holds one more bit of what other scans hold.
    refines: bool,
}

/// The next `count` bits.
pub(crate) fn bits(mut count: u32, from: &mut BitReader<'_>) -> u64 {
    let mut bits = 0;
    while count > 0 {
        let some = count.min(32);
        from.peek();
        bits = bits << some | u64::from(from.take(some));
        count -= some;
    }
    bits
}

impl<'c> Band<'c> {
    #[inline]
    pub(crate) fn of(table: &'c HuffmanTable, header: &ScanHeader) -> Self {
        Self {
            table,
            first: header.spectral_start,
            last: header.spectral_end,
            refines: header.approximation_high > 0,
        }
    }

    /// Reads the band of a block. `nonzero` has a bit for each coefficient that is not zero. The next
    /// `eob_run` blocks have no symbols.
    #[inline]
    pub(crate) fn read(
        &self,
        nonzero: &mut u64,
        eob_run: &mut u32,
        from: &mut BitReader<'_>,
        to: &mut impl Sink,
    ) -> Option<()> {
        if self.refines {
            self.refine(nonzero, eob_run, from, to)
        } else {
            self.begin(nonzero, eob_run, from, to)
        }
    }

    fn begin(
        &self,
        nonzero: &mut u64,
        eob_run: &mut u32,
        from: &mut BitReader<'_>,
        to: &mut impl Sink,
    ) -> Option<()> {
        let mut index = self.first;
        while *eob_run == 0 && index <= self.last {
            let (symbol, bits) = self.table.take(from)?;
            match run_and_size(symbol) {
                (15, 0) => index += 15,
                (size, 0) => {
                    *eob_run = read_eob_run(size, from);
                    break;
                }
                (run, _) => {
                    index += run;
                    if index > self.last {
                        return None;
                    }
                    *nonzero |= 1 << index;
                }
            }
            to.symbol(index, symbol, bits)?;
            index += 1;
        }
        if *eob_run > 0 {
            *eob_run -= 1;
            to.end(0, 0)?;
        }
        Some(())
    }

    fn refine(
        &self,
        nonzero: &mut u64,
        eob_run: &mut u32,
        from: &mut BitReader<'_>,
        to: &mut impl Sink,
    ) -> Option<()> {
        // The indices that are still to come.
        let mut left = u64::MAX >> (63 - self.last) & u64::MAX << self.first;
        while *eob_run == 0 && left != 0 {
            let (symbol, bit) = self.table.take(from)?;
            let (run, is_new) = match run_and_size(symbol) {
                (15, 0) => (15, false),
                (size, 0) => {
                    *eob_run = read_eob_run(size, from);
                    break;
                }
                (run, 1) => (run, true),
                _ => return None,
            };
            let mut candidates = left & !*nonzero;
            for _ in 0..run {
                candidates &= candidates.wrapping_sub(1);
            }
            let index = candidates.trailing_zeros();
            let behind = if index < 63 {
                u64::MAX << (index + 1)
            } else {
                0
            };
            let known = left & *nonzero & !behind;
            let more = bits(known.count_ones(), from);
            if is_new {
                *nonzero |= 1_u64.checked_shl(index)?;
            }
            to.symbol(index.to_le_bytes()[0], symbol, bit)?;
            to.refined(known, more)?;
            left &= behind;
        }
        if *eob_run > 0 {
            *eob_run -= 1;
            let known = left & *nonzero;
            to.end(known, bits(known.count_ones(), from))?;
        }
        Some(())
    }
}

/// How many blocks end here, this one included (EOBRUN).
fn read_eob_run(size: u8, from: &mut BitReader<'_>) -> u32 {
    from.peek();
    (1 << size) + from.take(size.into())
}

impl Sink for Nothing {
    fn symbol(&mut self, _index: u8, _symbol: u8, _bits: u32) -> Option<()> {
        Some(())
    }

    fn refined(&mut self, _nonzero: u64, _bits: u64) -> Option<()> {
        Some(())
    }

    fn end(&mut self, _nonzero: u64, _bits: u64) -> Option<()> {
        Some(())
    }
}

impl<'h> Collect<'h> {
    pub(crate) fn new(held: &'h mut HeldBlock, missing_bits: u8) -> Self {
        Self { held, missing_bits }
    }

    fn at(&mut self, index: u32) -> Option<&mut i16> {
        self.held.get_mut(*ZIGZAG.get(index as usize)?)
    }
}

impl Sink for Collect<'_> {
    fn symbol(&mut self, index: u8, symbol: u8, bits: u32) -> Option<()> {
        let (_, size) = run_and_size(symbol);
        if size > 0 {
            let coefficient = i32::from(extend(bits, size)) << self.missing_bits;
            *self.at(index.into())? = i16::try_from(coefficient).ok()?;
        }
        Some(())
    }

    fn refined(&mut self, mut nonzero: u64, bits: u64) -> Option<()> {
        let more = 1 << self.missing_bits;
        for number in (0..nonzero.count_ones()).rev() {
            let coefficient = self.at(nonzero.trailing_zeros())?;
            if bits >> number & 1 == 1 {
                *coefficient = coefficient.checked_add(more * coefficient.signum())?;
            }
            nonzero &= nonzero - 1;
        }
        Some(())
    }

    fn end(&mut self, nonzero: u64, bits: u64) -> Option<()> {
        self.refined(nonzero, bits)
    }
}
