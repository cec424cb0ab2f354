//! Symbols that are short together with the bits that follow them, as most of a photo's are: looked
//! up as the steps that they stand for.

use super::coding::{extended, halves};
use super::huffman::Reading;

/// Bits that are looked up at once.
pub(super) const DIRECT: u32 = 12;

/// Places in a table of all of them.
pub(super) const ROOM: usize = 1 << DIRECT;

/// The first symbol with the bits that follow it, by its first bits.
#[derive(Debug)]
pub(crate) struct Shorts(Box<[Short; ROOM]>);

/// A symbol with the bits that follow it, in one number: how many bits they are, by how many places they
/// lead on, and the step there.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Short(u32);

impl Shorts {
    pub(crate) fn of(reading: &Reading) -> Self {
        let mut shorts = Box::new([Short::default(); ROOM]);
        for (first, short) in (0_u16..).zip(shorts.iter_mut()) {
            *short = Short::of(reading, first << (16 - DIRECT)).unwrap_or_default();
        }
        Self(shorts)
    }

    #[inline]
    pub(crate) fn at(&self, bits: u16) -> Short {
        self.0[usize::from(bits >> (16 - DIRECT))]
    }
}

impl Short {
    fn of(reading: &Reading, first: u16) -> Option<Self> {
        let (symbol, length) = reading.symbol(first)?;
        let (zeros, size) = halves(symbol);
        let bits = length + u32::from(size);
        if bits > DIRECT || size == 0 && symbol != 0 {
            return None;
        }
        let following = u32::from(first) >> (16 - bits) & ((1 << size) - 1);
        let on = if symbol == 0 { 0 } else { u32::from(zeros) + 1 };
        let step = extended(following, size).cast_unsigned();
        Some(Self(u32::from(step) << 16 | on << 8 | bits))
    }

    /// How many bits they are; 0 if they are more than are looked up, or stand for zeros alone, or are
    /// damaged.
    #[inline]
    pub(crate) fn bits(self) -> u32 {
        self.0 & 0xff
    }

    /// By how many places they lead on; 0 if they end the block.
    #[inline]
    pub(crate) fn on(self) -> usize {
        (self.0 >> 8 & 0xff) as usize
    }

    /// The step there, which is not zero.
    #[inline]
    pub(crate) fn step(self) -> i16 {
        ((self.0 >> 16) as u16).cast_signed()
    }
}
