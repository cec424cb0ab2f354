//! Encodes small coefficients: symbols and additional bits are looked up together.

use super::huffman::EncodeTable;
use super::magnitude::bits_and_size;

/// Coefficients below this, in either direction, are in the table.
const SMALL: i16 = 32;

/// The bits of a run of zeros with the coefficient behind it.
#[derive(Debug)]
pub(crate) struct RunLevelTable([[u32; 64]; 64]);

/// The lowest bits of an entry hold the number of the others.
const COUNT: u32 = 5;

impl RunLevelTable {
    pub(crate) fn of(table: &EncodeTable) -> Box<Self> {
        let mut all = Box::new(Self([[0; 64]; 64]));
        for (run, coefficients) in (0..16).zip(&mut all.0) {
            for (coefficient, found) in (-SMALL..SMALL).zip(coefficients) {
                *found = entry(table, run, coefficient).unwrap_or(0);
            }
        }
        all
    }

    /// The bits of this coefficient behind so many zeros, and how many they are. `None` if they are not in the
    /// table.
    #[inline]
    pub(crate) fn at(&self, run: u32, coefficient: i16) -> Option<(u32, u32)> {
        // Behind sixteen zeros and more there are none.
        let coefficient = coefficient.wrapping_add(SMALL).cast_unsigned();
        let found = *self.0[run as usize & 63].get(usize::from(coefficient))?;
        (found != 0).then_some((found >> COUNT, found & ((1 << COUNT) - 1)))
    }
}

fn entry(table: &EncodeTable, run: u8, coefficient: i16) -> Option<u32> {
    let (bits, size) = bits_and_size(coefficient.into())?;
    let (code, length) = table.code(run << 4 | size)?;
    let count = length + u32::from(size);
    (coefficient != 0).then_some((code << size | bits) << COUNT | count)
}
