//! Reads the low frequencies of a block alone: those that a smaller picture shows.

use super::bits::BitReader;
use super::coding::Codings;
use crate::jpeg::table::{Table, ZIGZAG};

/// Behind all that are read, if any is not.
const ASIDE: u8 = 63;

/// Which frequencies are read.
#[derive(Debug)]
pub(crate) struct Low {
    /// Where each goes, in the order of the zigzag, and what a step of it stands for.
    steps: [(u8, f32); 64],
    /// The last one that is read.
    last: usize,
}

impl Low {
    /// The first `side` across and down of blocks that were quantised with `table`.
    pub(crate) fn of(side: usize, table: &Table) -> Self {
        let mut low = Self {
            steps: [(ASIDE, 0.0); 64],
            last: 0,
        };
        for (step, at) in ZIGZAG.into_iter().enumerate() {
            let (row, column) = (at / 8, at % 8);
            if row < side && column < side {
                let to = u8::try_from(row * side + column).unwrap_or(ASIDE);
                low.steps[step] = (to, table[at].into());
                low.last = step;
            }
        }
        low
    }

    /// Sets what a step stands for.
    #[inline]
    fn set(&self, place: usize, step: i16, frequencies: &mut [f32; 64]) {
        let (to, unit) = self.steps[place & 63];
        frequencies[usize::from(to) & 63] = f32::from(step) * unit;
    }
}

impl Codings {
    /// Reads the frequencies of a block that `low` names, in rows as long as it names in a row, and skips
    /// the others.
    pub(crate) fn read_low(
        &self,
        low: &Low,
        frequencies: &mut [f32; 64],
        last: &mut i32,
        from: &mut BitReader<'_>,
    ) -> Option<()> {
        *frequencies = [0.0; 64];
        let first = i16::try_from(self.read_dc(last, from)?).ok()?;
        frequencies[0] = f32::from(first) * low.steps[0].1;
        from.with(|from| self.read_low_rest(low, frequencies, from))
    }

    #[inline]
    fn read_low_rest(
        &self,
        low: &Low,
        frequencies: &mut [f32; 64],
        from: &mut BitReader<'_>,
    ) -> Option<()> {
        let set = |place, step| low.set(place, step, frequencies);
        let place = self.ac.steps(low.last, from, set)?;
        self.skip_rest(place, from)
    }
}
