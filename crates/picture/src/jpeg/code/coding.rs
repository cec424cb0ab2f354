//! Reads, skips, copies and writes the code of one block.

use std::cell::OnceCell;
use std::rc::Rc;

use super::bits::{BitReader, BitWriter, Sink};
use super::block::{Block, Places};
use super::coded::{CodeStore, Coded};
use super::huffman::{Class, Code, Reading, Writing};
use super::leap::Leaps;
use super::number::{extended, halves, shortened};
use super::pair::Pairs;
use super::prepared::Prepared;

/// The rest of a block is zero.
const END_OF_BLOCK: u8 = 0;

/// As it says.
pub(crate) const SIXTEEN_ZEROS: u8 = 0xf0;

/// The code that a file uses, and the one of its result.
#[derive(Debug)]
pub(crate) struct Coding {
    reading: Reading,
    /// Made when first needed.
    leaps: OnceCell<Leaps>,
    pairs: OnceCell<Box<Pairs>>,
    writing: Writing,
    prepared: OnceCell<Box<Prepared>>,
    written: Code,
    /// Whether both are the same.
    is_kept: bool,
}

/// Codings of the first frequency, which is the brightness of a block, and of the others.
#[derive(Debug, Clone)]
pub(crate) struct Codings {
    pub(crate) dc: Rc<Coding>,
    pub(crate) ac: Rc<Coding>,
    /// The largest first step in either direction. A brightness beyond it comes of lost data.
    pub(crate) most: u32,
}

impl Codings {
    /// Whether results can use one for the other.
    pub(crate) fn is_written_like(&self, other: &Self) -> bool {
        self.dc.written == other.dc.written && self.ac.written == other.ac.written
    }

    /// Whether the result has the code of the file.
    pub(crate) fn are_kept(&self) -> bool {
        self.dc.is_kept && self.ac.is_kept
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
        from.with(|from| self.skip_rest(0, from))
    }

    /// Skips the steps behind `place`, in the order of the zigzag.
    #[inline]
    pub(super) fn skip_rest(&self, mut place: usize, from: &mut BitReader<'_>) -> Option<()> {
        let leaps = self.ac.leaps.get_or_init(|| Leaps::of(&self.ac.reading));
        while place < 63 {
            let leap = leaps.at(from.peek());
            let behind = place + usize::from(leap.places);
            if behind < 63 {
                from.take(leap.bits.into());
                if leap.ends {
                    return Some(());
                }
                place = behind;
                continue;
            }
            let symbol;
            (symbol, *from) = self.ac.skip(*from)?;
            place += match halves(symbol) {
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
        block.steps[0] = i16::try_from(self.read_dc(last, from)?).ok()?;
        from.with(|from| self.read_rest(places, block, from))
    }

    #[inline]
    fn read_rest(
        &self,
        places: &Places,
        block: &mut Block,
        from: &mut BitReader<'_>,
    ) -> Option<()> {
        let mut found = 0;
        let turn = |place, step| block.turn(place, step, places, &mut found);
        self.ac.steps(63, from, turn)?;
        block.places = found;
        Some(())
    }

    /// Writes a block.
    pub(crate) fn write(
        &self,
        block: &Block,
        last: &mut i32,
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        self.dc.write_difference(block.steps[0].into(), last, to)?;
        to.with(|to| self.write_rest(block, to))
    }

    /// Codes a block for later. `None` if a step of it is too large.
    #[inline]
    pub(crate) fn store(&self, block: &Block, store: &mut CodeStore) -> Option<Coded> {
        store.append(block.steps[0], |to| self.write_rest(block, to))
    }

    /// Writes a block that was stored; one that does not exist looks like the one before.
    #[inline]
    pub(crate) fn put(
        &self,
        coded: Coded,
        store: &CodeStore,
        last: &mut i32,
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        if !coded.exists() {
            self.dc.put(0, 0, to)?;
            return self.ac.put(END_OF_BLOCK, 0, to);
        }
        self.dc.write_difference(coded.first.into(), last, to)?;
        to.with(|to| store.copy(coded, to))
    }

    #[inline]
    fn write_rest(&self, block: &Block, to: &mut impl Sink) -> Option<()> {
        let prepared: &Prepared = self
            .ac
            .prepared
            .get_or_init(|| Prepared::of(&self.ac.writing));
        // From the second one on.
        let (mut rest, mut last) = (block.places & !1, 0);
        while rest != 0 {
            let place = rest.trailing_zeros();
            let step = block.steps[place as usize & 63];
            let zeros = place - last - 1;
            let (bits, count) = match prepared.at(zeros, step) {
                None if zeros > 15 => {
                    last += 16;
                    self.ac.writing.code(SIXTEEN_ZEROS)?
                }
                found => {
                    rest &= rest - 1;
                    last = place;
                    match found {
                        Some(found) => found,
                        None => self.ac.bits(zeros, step)?,
                    }
                }
            };
            to.put(bits.into(), count)?;
        }
        if last < 63 {
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

    pub(super) fn read_dc(&self, last: &mut i32, from: &mut BitReader<'_>) -> Option<i32> {
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
            leaps: OnceCell::new(),
            pairs: OnceCell::new(),
            writing: Writing::of(&written),
            prepared: OnceCell::new(),
            is_kept: written == *code,
            written,
        }
    }

    #[inline]
    fn pairs(&self) -> &Pairs {
        self.pairs.get_or_init(|| Pairs::of(&self.reading))
    }

    /// Hands over the steps of a block that are not zero, each with its place in the order of the zigzag,
    /// up to the place `end` at least. Returns the last place that was reached, 63 if the block ended.
    #[inline]
    pub(super) fn steps(
        &self,
        end: usize,
        from: &mut BitReader<'_>,
        mut found: impl FnMut(usize, i16),
    ) -> Option<usize> {
        let pairs = self.pairs();
        let mut place = 0;
        while place < end {
            let pair = pairs.at(from.peek());
            let [one, two] = pair.on.map(|on| place + usize::from(on));
            if two < 63 {
                from.take(pair.bits.into());
                if one == place {
                    return Some(63);
                }
                found(one, pair.steps[0]);
                found(two, pair.steps[1]);
                place = two;
                if pair.ends {
                    return Some(63);
                }
            } else {
                let (on, step);
                (on, step, *from) = self.step(*from)?;
                if on == 0 {
                    return Some(63);
                }
                place += on;
                if place > 63 {
                    return None;
                }
                if step != 0 {
                    found(place, step);
                }
            }
        }
        Some(place)
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

    /// By how many places the next symbol leads on, none if it ends the block, and the step there.
    #[cold]
    fn step<'f>(&self, mut from: BitReader<'f>) -> Option<(usize, i16, BitReader<'f>)> {
        let (symbol, bits) = self.take(&mut from)?;
        match halves(symbol) {
            (0, 0) => Some((0, 0, from)),
            (zeros, 0) if zeros < 15 => None,
            (zeros, size) => Some((usize::from(zeros) + 1, extended(bits, size), from)),
        }
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
    #[cold]
    fn skip<'f>(&self, mut from: BitReader<'f>) -> Option<(u8, BitReader<'f>)> {
        let (symbol, length) = self.reading.symbol(from.peek())?;
        from.take(length + u32::from(halves(symbol).1));
        Some((symbol, from))
    }

    /// The bits of a step behind fewer than sixteen zeros, and how many they are.
    #[cold]
    fn bits(&self, zeros: u32, step: i16) -> Option<(u32, u32)> {
        let (bits, size) = shortened(step.into())?;
        let (code, length) = self.writing.code(u8::try_from(zeros).ok()? << 4 | size)?;
        Some((code << size | bits, length + u32::from(size)))
    }

    /// Writes a symbol and the bits that follow it, as many as its lower half says.
    #[inline]
    pub(crate) fn put(&self, symbol: u8, bits: u32, to: &mut impl Sink) -> Option<()> {
        let (code, length) = self.writing.code(symbol)?;
        let size = u32::from(halves(symbol).1);
        to.put((code << size | bits).into(), length + size)
    }
}
