//! The quantised coefficients of one block of 8 x 8 samples.

use crate::jpeg::table::ZIGZAG;

/// The zigzag index of each coefficient in rows of eight.
const ZIGZAG_INDEX: [u8; 64] = {
    let mut indices = [0; 64];
    let mut index = 0;
    while index < 64 {
        indices[ZIGZAG[index as usize]] = index;
        index += 1;
    }
    indices
};

/// Quantised coefficients in rows of eight.
pub(crate) type Coefficients = [i32; 64];

/// The quantised coefficients of a block in zigzag order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// A bit for each that is not zero, that of DC lowest. The bit of DC does not count.
    pub(super) nonzero: u64,
    /// DC, and those that have a bit. The others mean nothing, so that a block is used
    /// again without being cleared.
    pub(super) coefficients: [i16; 64],
}

/// Where each coefficient goes, both in zigzag order, and the sign by which it is multiplied.
#[derive(Debug, Clone)]
pub(crate) struct Permutation {
    to: [u8; 64],
    /// The bit of each target in [`Block::nonzero`].
    bits: [u64; 64],
    signs: [i8; 64],
}

impl Permutation {
    /// All stay where they are.
    pub(crate) const IDENTITY: Self = {
        let mut identity = Self {
            to: [0; 64],
            bits: [0; 64],
            signs: [1; 64],
        };
        let mut index = 0;
        while index < 64 {
            identity.to[index as usize] = index;
            identity.bits[index as usize] = 1 << index;
            index += 1;
        }
        identity
    };

    /// From a function of column and row: to another column and row, with a sign.
    pub(crate) fn of(turn: impl Fn(usize, usize) -> (usize, usize, i8)) -> Self {
        let mut permutation = Self::IDENTITY;
        for (index, at) in ZIGZAG.into_iter().enumerate() {
            let (column, row, sign) = turn(at % 8, at / 8);
            let to = ZIGZAG_INDEX[8 * row + column];
            permutation.to[index] = to;
            permutation.bits[index] = 1 << to;
            permutation.signs[index] = sign;
        }
        permutation
    }
}

impl Block {
    pub(crate) const ZERO: Self = Self {
        nonzero: 0,
        coefficients: [0; 64],
    };

    /// Makes all coefficients zero.
    pub(crate) fn clear(&mut self) {
        self.nonzero = 0;
        self.coefficients[0] = 0;
    }

    /// From rows of eight. `None` if a coefficient is too large.
    #[expect(clippy::cast_possible_truncation, reason = "none is that large")]
    pub(crate) fn of(coefficients: &Coefficients) -> Option<Self> {
        // Gathers the lowest bits of eight bytes in the highest byte of the product.
        const GATHER: u64 = 0x0102_0408_1020_4080;
        let sizes = coefficients.iter().map(|one| one.unsigned_abs());
        // At least as large as the largest.
        i16::try_from(sizes.fold(0, |all, size| all | size)).ok()?;
        let mut block = Self::ZERO;
        for (to, at) in block.coefficients.iter_mut().zip(ZIGZAG) {
            *to = coefficients[at] as i16;
        }
        let marks = block.coefficients.map(|one| u8::from(one != 0));
        for &marks in marks.as_chunks().0.iter().rev() {
            let bits = u64::from_le_bytes(marks).wrapping_mul(GATHER) >> 56;
            block.nonzero = block.nonzero << 8 | bits;
        }
        Some(block)
    }

    /// In rows of eight.
    pub(crate) fn coefficients(&self) -> Coefficients {
        let mut coefficients = [0; 64];
        self.each(|at, coefficient| coefficients[at] = coefficient.into());
        coefficients
    }

    /// Calls `each` with every coefficient that is not zero and where it is in rows of eight; with
    /// DC in any case.
    #[inline]
    pub(crate) fn each(&self, mut each: impl FnMut(usize, i16)) {
        let mut rest = self.nonzero | 1;
        while rest != 0 {
            let index = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            each(ZIGZAG[index], self.coefficients[index]);
        }
    }

    /// Sets the coefficients of row `row` of eight that are not zero. `None` if one is too large.
    #[inline]
    pub(crate) fn set_row(&mut self, row: usize, coefficients: &[i32; 8]) -> Option<()> {
        if coefficients.iter().fold(0, |all, one| all | one) == 0 {
            return Some(());
        }
        let mut columns = 0_u32;
        for (column, coefficient) in coefficients.iter().enumerate() {
            columns |= u32::from(*coefficient != 0) << column;
        }
        while columns != 0 {
            let column = columns.trailing_zeros() as usize & 7;
            columns &= columns - 1;
            let index = *ZIGZAG_INDEX.get(8 * row + column)?;
            self.set(index, i16::try_from(coefficients[column]).ok()?);
        }
        Some(())
    }

    /// Sets a coefficient that is not zero, by its zigzag index.
    #[inline]
    fn set(&mut self, index: u8, coefficient: i16) {
        let index = usize::from(index) & 63;
        self.nonzero |= 1 << index;
        self.coefficients[index] = coefficient;
    }

    /// Sets a coefficient that is not zero where `permutation` puts it, and its bit in `nonzero`.
    #[inline]
    pub(super) fn set_permuted(
        &mut self,
        from: usize,
        coefficient: i16,
        permutation: &Permutation,
        nonzero: &mut u64,
    ) {
        let from = from & 63;
        *nonzero |= permutation.bits[from];
        let to = usize::from(permutation.to[from]) & 63;
        self.coefficients[to] = i16::from(permutation.signs[from]) * coefficient;
    }
}
