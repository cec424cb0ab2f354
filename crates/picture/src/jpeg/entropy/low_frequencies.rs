//! Decodes the low frequencies of a block alone: those that a smaller picture shows.

use super::bits::BitReader;
use super::block_coder::BlockCoder;
use crate::jpeg::table::{Table, ZIGZAG};

/// Where coefficients go that are not wanted: behind all others, or onto the last one, if all are
/// wanted.
const UNWANTED: u8 = 63;

/// Which coefficients are wanted, and how they are dequantised.
#[derive(Debug)]
pub(crate) struct LowFrequencies {
    /// Where each goes, and the quantisation step of it, in zigzag order.
    entries: [(u8, f32); 64],
    /// The zigzag index of the last one that is wanted.
    last: usize,
}

impl LowFrequencies {
    /// The first `side` across and down of blocks that were quantised with `table`.
    pub(crate) fn of(side: usize, table: &Table) -> Self {
        let mut low = Self {
            entries: [(UNWANTED, 0.0); 64],
            last: 0,
        };
        for (index, at) in ZIGZAG.into_iter().enumerate() {
            let (row, column) = (at / 8, at % 8);
            if row < side && column < side {
                let to = u8::try_from(row * side + column).unwrap_or(UNWANTED);
                low.entries[index] = (to, table[at].into());
                low.last = index;
            }
        }
        low
    }

    /// Dequantises the coefficient at a zigzag index.
    #[inline]
    fn set(&self, index: usize, coefficient: i16, frequencies: &mut [f32; 64]) {
        let (to, step) = self.entries[index & 63];
        frequencies[usize::from(to) & 63] = f32::from(coefficient) * step;
    }
}

impl BlockCoder {
    /// Reads the wanted frequencies of a block, in rows of those that are wanted, and skips
    /// the others.
    pub(crate) fn read_low(
        &self,
        low: &LowFrequencies,
        frequencies: &mut [f32; 64],
        prediction: &mut i32,
        from: &mut BitReader<'_>,
    ) -> Option<()> {
        *frequencies = [0.0; 64];
        let dc = i16::try_from(self.read_dc(prediction, from)?).ok()?;
        frequencies[0] = f32::from(dc) * low.entries[0].1;
        from.with(|from| self.read_low_rest(low, frequencies, from))
    }

    #[inline]
    fn read_low_rest(
        &self,
        low: &LowFrequencies,
        frequencies: &mut [f32; 64],
        from: &mut BitReader<'_>,
    ) -> Option<()> {
        let set = |index, coefficient| low.set(index, coefficient, frequencies);
        let index = self.ac.coefficients(low.last, from, set)?;
        self.skip_rest(index, from)
    }
}
