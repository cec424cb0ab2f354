//! The steps of one block of 8 x 8 samples.

use crate::jpeg::table::ZIGZAG;

/// Place in the order of the zigzag of each step in rows of eight.
const PLACES: [u8; 64] = {
    let mut places = [0; 64];
    let mut place = 0;
    while place < 64 {
        places[ZIGZAG[place as usize]] = place;
        place += 1;
    }
    places
};

/// Steps of each frequency in rows of eight, as the file counts them.
pub(crate) type Steps = [i32; 64];

/// The steps of a block in the order of the zigzag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// A bit for each that is not zero, the first one lowest. The bit of the first does not count.
    pub(super) places: u64,
    /// The first one, and those that have a bit. The others mean nothing, so that a block is used
    /// again without being cleared.
    pub(super) steps: [i16; 64],
}

/// Where each step is to go, both in the order of the zigzag, and the sign by which it is
/// multiplied.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    at: [u8; 64],
    /// The bit of each place in [`Block::places`].
    bits: [u64; 64],
    signs: [i8; 64],
}

impl Places {
    /// All where they are.
    pub(crate) const STRAIGHT: Self = {
        let mut places = Self {
            at: [0; 64],
            bits: [0; 64],
            signs: [1; 64],
        };
        let mut place = 0;
        while place < 64 {
            places.at[place as usize] = place;
            places.bits[place as usize] = 1 << place;
            place += 1;
        }
        places
    };

    /// From a function of column and row: to another column and row, with a sign.
    pub(crate) fn of(turn: impl Fn(usize, usize) -> (usize, usize, i8)) -> Self {
        let mut places = Self::STRAIGHT;
        for (place, at) in ZIGZAG.into_iter().enumerate() {
            let (column, row, sign) = turn(at % 8, at / 8);
            let to = PLACES[8 * row + column];
            places.at[place] = to;
            places.bits[place] = 1 << to;
            places.signs[place] = sign;
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

    /// Makes all of it zero.
    pub(crate) fn clear(&mut self) {
        self.places = 0;
        self.steps[0] = 0;
    }

    /// From rows of eight. `None` if a step is too large.
    #[expect(clippy::cast_possible_truncation, reason = "no step is that large")]
    pub(crate) fn of(steps: &Steps) -> Option<Self> {
        // Gathers the lowest bits of eight bytes in the highest byte of the product.
        const GATHER: u64 = 0x0102_0408_1020_4080;
        let largest = steps.iter().fold(0, |all, step| all | step.unsigned_abs());
        i16::try_from(largest).ok()?;
        let mut block = Self::PLAIN;
        for (to, at) in block.steps.iter_mut().zip(ZIGZAG) {
            *to = steps[at] as i16;
        }
        let marks = block.steps.map(|step| u8::from(step != 0));
        for &marks in marks.as_chunks().0.iter().rev() {
            block.places = block.places << 8 | u64::from_le_bytes(marks).wrapping_mul(GATHER) >> 56;
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

    /// Sets the steps of row `row` of eight that are not zero. `None` if one is too large.
    #[inline]
    pub(crate) fn set_row(&mut self, row: usize, steps: &[i32; 8]) -> Option<()> {
        if steps.iter().fold(0, |all, step| all | step) == 0 {
            return Some(());
        }
        let mut columns = 0_u32;
        for (column, step) in steps.iter().enumerate() {
            columns |= u32::from(*step != 0) << column;
        }
        while columns != 0 {
            let column = columns.trailing_zeros() as usize & 7;
            columns &= columns - 1;
            let place = *PLACES.get(8 * row + column)?;
            self.set(place, i16::try_from(steps[column]).ok()?);
        }
        Some(())
    }

    /// Sets a step that is not zero, at a place in the order of the zigzag.
    #[inline]
    fn set(&mut self, place: u8, step: i16) {
        let place = usize::from(place) & 63;
        self.places |= 1 << place;
        self.steps[place] = step;
    }

    /// Sets a step that is not zero where `places` has it. `found` are those that were set before.
    #[inline]
    pub(super) fn turn(&mut self, from: usize, step: i16, places: &Places, found: &mut u64) {
        let from = from & 63;
        *found |= places.bits[from];
        self.steps[usize::from(places.at[from]) & 63] = i16::from(places.signs[from]) * step;
    }
}
