//! The part that a scan has of one block beside its brightness: some frequencies, or one more bit
//! of them.

use super::blocks::Held;
use crate::jpeg::code::{BitReader, Coding, extended, halves};
use crate::jpeg::scan_header::ScanHeader;
use crate::jpeg::table::ZIGZAG;

/// Learns what a scan says of a block. `None` from it is damage.
pub(crate) trait Sink {
    /// A coefficient that ceases to be zero with the bits that stand for it, or sixteen zeros.
    fn symbol(&mut self, place: u8, symbol: u8, bits: u32) -> Option<()>;

    /// One more bit of each of the coefficients at `places`, the first one highest, on the way to
    /// the last symbol's place.
    fn known(&mut self, places: u64, bits: u64) -> Option<()>;

    /// The same for those behind the last symbol, of which none follows.
    fn end(&mut self, places: u64, bits: u64) -> Option<()>;
}

/// Forgets it.
pub(crate) struct Nothing;

/// Adds it to the coefficients of the block.
pub(crate) struct Collect<'h> {
    held: &'h mut Held,
    /// How many of the lowest bits are still to come behind this scan.
    behind: u8,
}

/// How a scan codes its part of blocks.
pub(crate) struct Band<'c> {
    code: &'c Coding,
    first: u8,
    last: u8,
    /// Whether it refines what other scans have told.
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
    pub(crate) fn of(code: &'c Coding, header: &ScanHeader) -> Self {
        Self {
            code,
            first: header.first,
            last: header.last,
            refines: header.before > 0,
        }
    }

    /// Reads the part of a block whose coefficients at `places` are known not to be zero. The next
    /// `run` blocks have no symbols.
    #[inline]
    pub(crate) fn read(
        &self,
        places: &mut u64,
        run: &mut u32,
        from: &mut BitReader<'_>,
        to: &mut impl Sink,
    ) -> Option<()> {
        if self.refines {
            self.refine(places, run, from, to)
        } else {
            self.begin(places, run, from, to)
        }
    }

    fn begin(
        &self,
        places: &mut u64,
        run: &mut u32,
        from: &mut BitReader<'_>,
        to: &mut impl Sink,
    ) -> Option<()> {
        let mut place = self.first;
        while *run == 0 && place <= self.last {
            let (symbol, bits) = self.code.take(from)?;
            match halves(symbol) {
                (15, 0) => place += 15,
                (size, 0) => {
                    *run = run_of(size, from);
                    break;
                }
                (zeros, _) => {
                    place += zeros;
                    if place > self.last {
                        return None;
                    }
                    *places |= 1 << place;
                }
            }
            to.symbol(place, symbol, bits)?;
            place += 1;
        }
        if *run > 0 {
            *run -= 1;
            to.end(0, 0)?;
        }
        Some(())
    }

    fn refine(
        &self,
        places: &mut u64,
        run: &mut u32,
        from: &mut BitReader<'_>,
        to: &mut impl Sink,
    ) -> Option<()> {
        // The places that are still to come.
        let mut left = u64::MAX >> (63 - self.last) & u64::MAX << self.first;
        while *run == 0 && left != 0 {
            let (symbol, bit) = self.code.take(from)?;
            let (zeros, is_new) = match halves(symbol) {
                (15, 0) => (15, false),
                (size, 0) => {
                    *run = run_of(size, from);
                    break;
                }
                (zeros, 1) => (zeros, true),
                _ => return None,
            };
            let mut candidates = left & !*places;
            for _ in 0..zeros {
                candidates &= candidates.wrapping_sub(1);
            }
            let place = candidates.trailing_zeros();
            let behind = if place < 63 {
                u64::MAX << (place + 1)
            } else {
                0
            };
            let known = left & *places & !behind;
            let more = bits(known.count_ones(), from);
            if is_new {
                *places |= 1_u64.checked_shl(place)?;
            }
            to.symbol(place.to_le_bytes()[0], symbol, bit)?;
            to.known(known, more)?;
            left &= behind;
        }
        if *run > 0 {
            *run -= 1;
            let known = left & *places;
            to.end(known, bits(known.count_ones(), from))?;
        }
        Some(())
    }
}

/// How many blocks, with this one, end here.
fn run_of(size: u8, from: &mut BitReader<'_>) -> u32 {
    from.peek();
    (1 << size) + from.take(size.into())
}

impl Sink for Nothing {
    fn symbol(&mut self, _place: u8, _symbol: u8, _bits: u32) -> Option<()> {
        Some(())
    }

    fn known(&mut self, _places: u64, _bits: u64) -> Option<()> {
        Some(())
    }

    fn end(&mut self, _places: u64, _bits: u64) -> Option<()> {
        Some(())
    }
}

impl<'h> Collect<'h> {
    pub(crate) fn new(held: &'h mut Held, behind: u8) -> Self {
        Self { held, behind }
    }

    fn at(&mut self, place: u32) -> Option<&mut i16> {
        self.held.get_mut(*ZIGZAG.get(place as usize)?)
    }
}

impl Sink for Collect<'_> {
    fn symbol(&mut self, place: u8, symbol: u8, bits: u32) -> Option<()> {
        let (_, size) = halves(symbol);
        if size > 0 {
            let step = i32::from(extended(bits, size)) << self.behind;
            *self.at(place.into())? = i16::try_from(step).ok()?;
        }
        Some(())
    }

    fn known(&mut self, mut places: u64, bits: u64) -> Option<()> {
        let more = 1 << self.behind;
        for number in (0..places.count_ones()).rev() {
            let step = self.at(places.trailing_zeros())?;
            if bits >> number & 1 == 1 {
                *step = step.checked_add(more * step.signum())?;
            }
            places &= places - 1;
        }
        Some(())
    }

    fn end(&mut self, places: u64, bits: u64) -> Option<()> {
        self.known(places, bits)
    }
}
