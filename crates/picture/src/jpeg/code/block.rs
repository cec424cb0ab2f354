//! Reads, skips, copies and writes the code of one block of 8 x 8 samples.

use std::rc::Rc;

use super::bits::{BitReader, BitWriter};
use super::huffman::{Class, Code, Reading, Writing};
use crate::jpeg::table::ZIGZAG;

/// Steps of each frequency in rows of eight, as the file counts them.
pub(crate) type Steps = [i32; 64];

/// The rest of a block is zero.
const END_OF_BLOCK: u8 = 0;

/// As it says.
pub(crate) const SIXTEEN_ZEROS: u8 = 0xf0;

/// The code that a file uses, and the one of its result.
#[derive(Debug)]
pub(crate) struct Coding {
    reading: Reading,
    writing: Writing,
    written: Code,
}

/// Codings of the first frequency, which is the brightness of a block, and of the others.
#[derive(Debug, Clone)]
pub(crate) struct Codings {
    pub(crate) dc: Rc<Coding>,
    pub(crate) ac: Rc<Coding>,
    /// The largest first step in either direction. A brightness beyond it comes of lost data.
    pub(crate) most: u32,
}

/// The steps of a block in the order of the zigzag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// A bit for each that is not zero, the first one lowest. The bit of the first does not count.
    places: u64,
    /// The first one, and those that have a bit. The others mean nothing, so that a block is used
    /// again without being cleared.
    steps: [i16; 64],
}

/// Where each step is to go, both in the order of the zigzag, and the sign by which it is
/// multiplied.
#[derive(Debug, Clone)]
pub(crate) struct Places([(u8, i8); 64]);

impl Places {
    /// All where they are.
    pub(crate) const STRAIGHT: Self = {
        let mut places = [(0, 1); 64];
        let mut place = 0;
        while place < 64 {
            places[place as usize].0 = place;
            place += 1;
        }
        Self(places)
    };

    /// From a function of column and row: to another column and row, with a sign.
    pub(crate) fn of(turn: impl Fn(usize, usize) -> (usize, usize, i8)) -> Self {
        let mut places = Self::STRAIGHT;
        for (to, &at) in places.0.iter_mut().zip(&ZIGZAG) {
            let (column, row, sign) = turn(at % 8, at / 8);
            let place = (0..).zip(ZIGZAG).find(|&(_, at)| at == 8 * row + column);
            *to = (place.map_or(0, |(place, _)| place), sign);
        }
        places
    }
}

impl Block {
    /// Of zeros.
    pub(crate) const PLAIN: Self = Self {
        places: 0,
        steps: [0; 64],
    };

    /// From rows of eight.
    pub(crate) fn of(steps: &Steps) -> Option<Self> {
        let mut block = Self::PLAIN;
        for (place, &at) in ZIGZAG.iter().enumerate() {
            block.steps[place] = i16::try_from(steps[at]).ok()?;
            block.places |= u64::from(steps[at] != 0) << place;
        }
        Some(block)
    }

    /// In rows of eight.
    pub(crate) fn steps(&self) -> Steps {
        let mut steps = [0; 64];
        self.each(|at, step| steps[at] = step.into());
        steps
    }

    /// Calls `each` with every step that is not zero and its place in rows of eight; with the
    /// first one in any case.
    #[inline]
    pub(crate) fn each(&self, mut each: impl FnMut(usize, i16)) {
        let mut places = self.places | 1;
        while places != 0 {
            let place = places.trailing_zeros() as usize;
            places &= places - 1;
            each(ZIGZAG[place], self.steps[place]);
        }
    }

    /// Sets a step that is not zero, at a place in the order of the zigzag.
    #[inline]
    fn set(&mut self, place: u8, step: i16) {
        let place = usize::from(place) & 63;
        self.places |= 1 << place;
        self.steps[place] = step;
    }
}

impl Codings {
    /// Whether results can use one for the other.
    pub(crate) fn is_written_like(&self, other: &Self) -> bool {
        self.dc.written == other.dc.written && self.ac.written == other.ac.written
    }

    /// Writes both codes under this number, as a file has them.
    pub(crate) fn write_codes(&self, number: u8, file: &mut Vec<u8>) {
        for (class, coding) in (0..).zip(self.both()) {
            file.push(class << 4 | number);
            coding.write_code(file);
        }
    }

    /// The coding of the first frequency, and that of the others.
    pub(crate) fn both(&self) -> [&Rc<Coding>; 2] {
        [&self.dc, &self.ac]
    }

    /// Copies a block. Its brightness is stored as a difference to the block before it, which is
    /// another one in the file than in the result where that block was drawn upon.
    pub(crate) fn copy(
        &self,
        (read, written): (&mut i32, &mut i32),
        from: &mut BitReader<'_>,
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        let dc = self.read_dc(read, from)?;
        self.dc.write_difference(dc, written, to)?;
        self.read_ac(from, |_place, symbol, bits| self.ac.put(symbol, bits, to))
    }

    /// Reads a block and forgets it.
    pub(crate) fn skip(&self, last: &mut i32, from: &mut BitReader<'_>) -> Option<()> {
        self.read_dc(last, from)?;
        let mut place = 0;
        while place < 63 {
            place += match halves(self.ac.skip(from)?) {
                (0, 0) => return Some(()),
                (zeros, 0) if zeros < 15 => return None,
                (zeros, _) => usize::from(zeros) + 1,
            };
        }
        (place == 63).then_some(())
    }

    /// Reads a block, putting its steps in `places`.
    pub(crate) fn read(
        &self,
        places: &Places,
        block: &mut Block,
        last: &mut i32,
        from: &mut BitReader<'_>,
    ) -> Option<()> {
        block.places = 0;
        block.steps[0] = i16::try_from(self.read_dc(last, from)?).ok()?;
        self.read_ac(from, |place, symbol, bits| {
            let (_, size) = halves(symbol);
            if size > 0 {
                let (place, sign) = places.0[place & 63];
                block.set(place, i16::from(sign) * extended(bits, size));
            }
            Some(())
        })
    }

    /// Writes a block.
    pub(crate) fn write(
        &self,
        block: &Block,
        last: &mut i32,
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        self.dc.write_difference(block.steps[0].into(), last, to)?;
        let mut places = block.places & !1;
        let mut before = 0;
        while places != 0 {
            let place = places.trailing_zeros();
            places &= places - 1;
            let zeros = place - before - 1;
            for _ in 0..zeros / 16 {
                self.ac.put(SIXTEEN_ZEROS, 0, to)?;
            }
            let (bits, size) = shortened(block.steps[place as usize & 63].into())?;
            self.ac
                .put(u8::try_from(zeros % 16).ok()? << 4 | size, bits, to)?;
            before = place;
        }
        if before < 63 {
            self.ac.put(END_OF_BLOCK, 0, to)?;
        }
        Some(())
    }

    /// Calls `each` with the place, in the order of the zigzag, to which a symbol leads, with
    /// the symbol, and with the bits that follow it.
    #[inline]
    fn read_ac(
        &self,
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

    fn read_dc(&self, last: &mut i32, from: &mut BitReader<'_>) -> Option<i32> {
        *last += self.dc.difference(from)?;
        (last.unsigned_abs() <= self.most).then_some(*last)
    }
}

impl Coding {
    /// Of the code that a file uses.
    pub(crate) fn of(code: &Code, class: Class) -> Self {
        let written = code.completed(class);
        Self {
            reading: Reading::of(code),
            writing: Writing::of(&written),
            written,
        }
    }

    /// Writes the code of results, as a file has it.
    pub(crate) fn write_code(&self, file: &mut Vec<u8>) {
        self.written.write(file);
    }

    /// A symbol and the bits that follow it, as many as its lower half says. Symbols of the
    /// first frequency have no upper half.
    #[expect(clippy::inline_always, reason = "called for each number of a photo")]
    #[inline(always)]
    pub(crate) fn take(&self, from: &mut BitReader<'_>) -> Option<(u8, u32)> {
        let (symbol, length) = self.reading.symbol(from.peek())?;
        let size = u32::from(halves(symbol).1);
        let both = from.take(length + size);
        Some((symbol, both & ((1 << size) - 1)))
    }

    /// By how much a first step differs from the one before.
    pub(crate) fn difference(&self, from: &mut BitReader<'_>) -> Option<i32> {
        let (size, bits) = self.take(from)?;
        Some(extended(bits, size).into())
    }

    /// Writes by how much a first step differs from the one before.
    pub(crate) fn write_difference(
        &self,
        dc: i32,
        last: &mut i32,
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        let (bits, size) = shortened(dc.checked_sub(*last)?)?;
        *last = dc;
        self.put(size, bits, to)
    }

    /// A symbol; the bits that follow it are left out.
    #[inline]
    fn skip(&self, from: &mut BitReader<'_>) -> Option<u8> {
        let (symbol, length) = self.reading.symbol(from.peek())?;
        from.take(length + u32::from(halves(symbol).1));
        Some(symbol)
    }

    /// Writes a symbol and the bits that follow it, as many as its lower half says.
    #[inline]
    pub(crate) fn put(&self, symbol: u8, bits: u32, to: &mut BitWriter<'_>) -> Option<()> {
        let (code, length) = self.writing.code(symbol)?;
        let size = u32::from(halves(symbol).1);
        to.put(code << size | bits, length + size);
        Some(())
    }
}

/// How many zeros to skip, and how many bits follow.
#[inline]
pub(crate) fn halves(symbol: u8) -> (u8, u8) {
    (symbol >> 4, symbol & 15)
}

/// The number that `size` bits stand for, at most 15: it is negative if they begin with zero.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "15 bits and a sign")]
pub(crate) fn extended(bits: u32, size: u8) -> i16 {
    let bits = bits.cast_signed();
    let negative = size > 0 && bits >> (size - 1) == 0;
    if negative {
        (bits - (1 << size) + 1) as i16
    } else {
        bits as i16
    }
}

/// The bits that stand for a number, and how many they are: at most 15.
#[inline]
pub(crate) fn shortened(value: i32) -> Option<(u32, u8)> {
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
            assert_eq!(i32::from(extended(bits, size)), value);
        }
        for value in -32_767..=32_767 {
            let (bits, size) = shortened(value).unwrap();
            assert_eq!(i32::from(extended(bits, size)), value);
        }
        assert_eq!(shortened(32_768), None);
        assert_eq!(shortened(i32::MIN), None);
    }
}
