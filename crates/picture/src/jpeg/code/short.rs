//! Symbols that are short together with the bits that follow them, as most of a photo's are: looked
//! up as the steps that they stand for.

use super::coding::{extended, halves};
use super::huffman::Reading;

/// Bits that are looked up at once.
const DIRECT: u32 = 12;

/// The first symbol with the bits that follow it, by its first bits.
#[derive(Debug)]
pub(crate) struct Shorts(Vec<Short>);

/// A symbol with the bits that follow it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Short {
    /// How many they are; 0 if they are more than are looked up, or damaged.
    pub(crate) bits: u8,
    /// By how many places they lead on; 0 if they end the block.
    pub(crate) on: u8,
    /// The step there.
    pub(crate) step: i16,
}

impl Shorts {
    pub(crate) fn of(reading: &Reading) -> Self {
        let short = |first: u16| Short::of(reading, first << (16 - DIRECT));
        Self(
            (0..1 << DIRECT)
                .map(|first| short(first).unwrap_or_default())
                .collect(),
        )
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
        Some(Self {
            bits: u8::try_from(bits).ok()?,
            on: if symbol == 0 { 0 } else { zeros + 1 },
            step: extended(following, size),
        })
    }
}
