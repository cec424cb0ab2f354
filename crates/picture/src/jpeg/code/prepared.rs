//! Symbols of small steps together with the bits that follow them, to be written at once.

use super::huffman::Writing;
use super::number::shortened;

/// Steps below this, in either direction, are prepared.
const SMALL: i16 = 32;

/// A step, and the zeros before it, as they are written.
#[derive(Debug)]
pub(crate) struct Prepared([[u32; 64]; 64]);

/// Bits for their number, the lowest ones.
const COUNT: u32 = 5;

impl Prepared {
    pub(crate) fn of(writing: &Writing) -> Box<Self> {
        let mut all = Box::new(Self([[0; 64]; 64]));
        for (zeros, steps) in (0..16).zip(&mut all.0) {
            for (step, found) in (-SMALL..SMALL).zip(steps) {
                *found = prepared(writing, zeros, step).unwrap_or(0);
            }
        }
        all
    }

    /// The bits of this step behind so many zeros, and how many they are. `None` if they are to be found
    /// out.
    #[inline]
    pub(crate) fn at(&self, zeros: u32, step: i16) -> Option<(u32, u32)> {
        // Behind sixteen zeros and more there are none.
        let step = step.wrapping_add(SMALL).cast_unsigned();
        let found = *self.0[zeros as usize & 63].get(usize::from(step))?;
        (found != 0).then_some((found >> COUNT, found & ((1 << COUNT) - 1)))
    }
}

fn prepared(writing: &Writing, zeros: u8, step: i16) -> Option<u32> {
    let (bits, size) = shortened(step.into())?;
    let (code, length) = writing.code(zeros << 4 | size)?;
    let count = length + u32::from(size);
    (step != 0).then_some((code << size | bits) << COUNT | count)
}
