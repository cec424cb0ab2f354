//! Skips the rest of a block, several symbols at a time: most of a photo is copied without being
//! looked at.

use super::huffman::Reading;
use super::number::halves;

/// Bits that are looked up at once.
const DIRECT: u32 = 12;

/// Places in a table of all of them.
const ROOM: usize = 1 << DIRECT;

/// The symbols that can be skipped at once, by the bits of the first ones.
#[derive(Debug)]
pub(crate) struct Leaps(Box<[Leap; ROOM]>);

/// Some symbols, each with the bits that follow it.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(4))]
pub(crate) struct Leap {
    /// How many they are.
    pub(crate) bits: u8,
    /// How many steps they stand for; those of a whole block if there is no symbol that can be skipped
    /// without a closer look.
    pub(crate) places: u8,
    /// Whether the last one ends the block.
    pub(crate) ends: bool,
}

impl Leaps {
    pub(crate) fn of(reading: &Reading) -> Self {
        let mut leaps = Box::new([Leap::default(); ROOM]);
        for (first, leap) in (0..).zip(leaps.iter_mut()) {
            *leap = Leap::of(reading, first);
        }
        Self(leaps)
    }

    /// As many symbols as the next bits, of which these are the first, surely hold.
    #[inline]
    pub(crate) fn at(&self, bits: u16) -> Leap {
        self.0[usize::from(bits >> (16 - DIRECT))]
    }
}

impl Leap {
    fn of(reading: &Reading, first: u16) -> Self {
        let mut leap = Self {
            bits: 0,
            places: 0,
            ends: false,
        };
        while u32::from(leap.bits) < DIRECT {
            let rest = first << (16 - DIRECT) << leap.bits;
            let Some((symbol, length)) = reading.symbol(rest) else {
                break;
            };
            let (zeros, size) = halves(symbol);
            let is_damage = size == 0 && !matches!(zeros, 0 | 15);
            let Ok(length) = u8::try_from(length) else {
                break;
            };
            if u32::from(leap.bits + length) > DIRECT || is_damage || leap.places > 63 - 16 {
                break;
            }
            leap.bits += length + size;
            if symbol == 0 {
                leap.ends = true;
                break;
            }
            leap.places += zeros + 1;
        }
        if leap.bits == 0 {
            leap.places = 63;
        }
        leap
    }
}
