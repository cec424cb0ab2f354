//! Symbols of small steps together with the bits that follow them, to be written at once.

use super::coding::shortened;
use super::huffman::Writing;

/// Steps below this, in either direction, are prepared.
const SMALL: i16 = 32;

/// A step, and the zeros before it, as they are written.
#[derive(Debug)]
pub(crate) struct Prepared(Vec<u32>);

/// Bits for their number, the lowest ones.
const COUNT: u32 = 5;

impl Prepared {
    pub(crate) fn of(writing: &Writing) -> Self {
        let steps = || -SMALL..SMALL;
        let all = (0..16).flat_map(|zeros| steps().map(move |step| (zeros, step)));
        let prepared = |(zeros, step)| prepared(writing, zeros, step).unwrap_or(0);
        Self(all.map(prepared).collect())
    }

    /// The bits of this step behind so many zeros, and how many they are. `None` if they are to be found
    /// out.
    #[inline]
    pub(crate) fn at(&self, zeros: u32, step: i16) -> Option<(u32, u32)> {
        let step = step.wrapping_add(SMALL).cast_unsigned();
        if step >= 2 * SMALL.cast_unsigned() {
            return None;
        }
        // There are fewer than sixteen zeros if it is found.
        let found = *self.0.get((zeros * 64) as usize + usize::from(step))?;
        (found != 0).then_some((found >> COUNT, found & ((1 << COUNT) - 1)))
    }
}

fn prepared(writing: &Writing, zeros: u8, step: i16) -> Option<u32> {
    let (bits, size) = shortened(step.into())?;
    let (code, length) = writing.code(zeros << 4 | size)?;
    let count = length + u32::from(size);
    (step != 0).then_some((code << size | bits) << COUNT | count)
}
