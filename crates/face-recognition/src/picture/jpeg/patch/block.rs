//! One block of 8 x 8 samples between its code and its code: as it is, or by its numbers.

use super::bits::{BitReader, BitWriter};
use super::huffman::{Reading, Writing};
use crate::picture::jpeg::structure::ZIGZAG;

/// Steps of each frequency in rows of eight, as the file counts them.
pub(super) type Steps = [i32; 64];

/// The rest of a block is zero.
const END_OF_BLOCK: u8 = 0;

/// As it says.
const SIXTEEN_ZEROS: u8 = 0xf0;

/// The code that a file uses, and the one of its result.
#[derive(Debug)]
pub(super) struct Coding {
    pub(super) reading: Reading,
    pub(super) writing: Writing,
}

/// Codings of the first frequency, which is the brightness of a block, and of the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Codings<'a> {
    pub(super) dc: &'a Coding,
    pub(super) ac: &'a Coding,
}

/// Brightness of the last block of a component, to which that of the next one is relative: in
/// the file and in the result, which differ behind a block that was drawn upon.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Last {
    read: i32,
    written: i32,
}

impl Codings<'_> {
    /// Copies a block.
    pub(super) fn copy(
        self,
        last: &mut Last,
        from: &mut BitReader<'_>,
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        let dc = self.read_dc(last, from)?;
        self.write_dc(dc, last, to)?;
        self.read_ac(from, |_place, symbol, bits| self.ac.put(symbol, bits, to))
    }

    /// Reads the steps of a block.
    pub(super) fn read(self, last: &mut Last, from: &mut BitReader<'_>) -> Option<Steps> {
        let mut steps = [0; 64];
        steps[0] = self.read_dc(last, from)?;
        self.read_ac(from, |place, symbol, bits| {
            let (_, size) = halves(symbol);
            if size > 0 {
                steps[ZIGZAG[place]] = extended(bits, size);
            }
            Some(())
        })?;
        Some(steps)
    }

    /// Writes the steps of a block.
    pub(super) fn write(
        self,
        steps: &Steps,
        last: &mut Last,
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        self.write_dc(steps[0], last, to)?;
        let mut zeros = 0;
        for value in ZIGZAG[1..].iter().map(|&place| steps[place]) {
            if value == 0 {
                zeros += 1;
                continue;
            }
            for _ in 0..zeros / 16 {
                self.ac.put(SIXTEEN_ZEROS, 0, to)?;
            }
            let (bits, size) = shortened(value)?;
            self.ac.put((zeros % 16) << 4 | size, bits, to)?;
            zeros = 0;
        }
        if zeros > 0 {
            self.ac.put(END_OF_BLOCK, 0, to)?;
        }
        Some(())
    }

    /// Calls `each` with the place, in the order of the zigzag, to which a symbol leads, with
    /// the symbol, and with the bits that follow it.
    #[inline]
    fn read_ac(
        self,
        from: &mut BitReader<'_>,
        mut each: impl FnMut(usize, u8, u32) -> Option<()>,
    ) -> Option<()> {
        let mut place = 0;
        while place < 63 {
            let (symbol, bits) = self.ac.take(from)?;
            place += match halves(symbol) {
                (0, 0) => return each(63, symbol, bits),
                (zeros, 0) if zeros < 15 => return None,
                (zeros, _) => usize::from(zeros) + 1,
            };
            if place > 63 {
                return None;
            }
            each(place, symbol, bits)?;
        }
        Some(())
    }

    fn read_dc(self, last: &mut Last, from: &mut BitReader<'_>) -> Option<i32> {
        let (size, bits) = self.dc.take(from)?;
        last.read = last.read.checked_add(extended(bits, size))?;
        Some(last.read)
    }

    fn write_dc(self, dc: i32, last: &mut Last, to: &mut BitWriter<'_>) -> Option<()> {
        let (bits, size) = shortened(dc.checked_sub(last.written)?)?;
        last.written = dc;
        self.dc.put(size, bits, to)
    }
}

impl Coding {
    /// A symbol and the bits that follow it, as many as its lower half says. Symbols of the
    /// first frequency have no upper half.
    #[inline]
    fn take(&self, from: &mut BitReader<'_>) -> Option<(u8, u32)> {
        let (symbol, length) = self.reading.symbol(from.peek())?;
        from.take(length);
        Some((symbol, from.take(halves(symbol).1.into())))
    }

    #[inline]
    fn put(&self, symbol: u8, bits: u32, to: &mut BitWriter<'_>) -> Option<()> {
        let (code, length) = self.writing.code(symbol)?;
        let size = u32::from(halves(symbol).1);
        to.put(code << size | bits, length + size);
        Some(())
    }
}

/// How many zeros to skip, and how many bits follow.
#[inline]
fn halves(symbol: u8) -> (u8, u8) {
    (symbol >> 4, symbol & 15)
}

/// The number that `size` bits stand for: those that begin with zero are negative.
#[inline]
fn extended(bits: u32, size: u8) -> i32 {
    let bits = bits.cast_signed();
    let negative = size > 0 && bits >> (size - 1) == 0;
    if negative {
        bits - (1 << size) + 1
    } else {
        bits
    }
}

/// The bits that stand for a number, and how many they are: at most 15.
#[inline]
fn shortened(value: i32) -> Option<(u32, u8)> {
    let size = 32 - value.unsigned_abs().leading_zeros();
    if size > 15 {
        return None;
    }
    let bits = if value < 0 { value - 1 } else { value };
    let bits = bits.cast_unsigned() & ((1 << size) - 1);
    Some((bits, u8::try_from(size).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_must_be() {
        let cases = [
            (0, 0, 0),
            (1, 1, 1),
            (-1, 0, 1),
            (3, 3, 2),
            (-3, 0, 2),
            (-2, 1, 2),
            (255, 255, 8),
        ];
        for (value, bits, size) in cases {
            assert_eq!(shortened(value), Some((bits, size)), "{value}");
            assert_eq!(extended(bits, size), value);
        }
        for value in -32_767..=32_767 {
            let (bits, size) = shortened(value).unwrap();
            assert_eq!(extended(bits, size), value);
        }
        assert_eq!(shortened(32_768), None);
        assert_eq!(shortened(i32::MIN), None);
    }
}
