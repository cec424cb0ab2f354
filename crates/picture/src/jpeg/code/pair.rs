//! Symbols that are short together with the bits that follow them, as most of a photo's are: looked
//! up as the steps that they stand for, two at a time.

use super::huffman::Reading;
use super::number::{extended, halves};

/// Bits that are looked up at once.
const DIRECT: u32 = 11;

/// Places in a table of all of them.
const ROOM: usize = 1 << DIRECT;

/// The first steps, by the first bits.
#[derive(Debug)]
pub(crate) struct Pairs([Pair; ROOM]);

/// One or two steps, and the end of the block if it comes next.
#[derive(Debug, Clone, Copy)]
#[repr(align(8))]
pub(crate) struct Pair {
    /// By how many places they lead on, the second one together with the first; 0 if there is but the
    /// end. A single step is there twice.
    pub(crate) on: [u8; 2],
    pub(crate) steps: [i16; 2],
    /// How many bits all this takes.
    pub(crate) bits: u8,
    /// Whether the block ends.
    pub(crate) ends: bool,
}

/// A symbol with the bits that follow it.
struct Short {
    bits: u8,
    /// By how many places it leads on; 0 if it ends the block.
    on: u8,
    step: i16,
}

impl Pairs {
    pub(crate) fn of(reading: &Reading) -> Box<Self> {
        let mut pairs = Box::new(Self([Pair::NONE; ROOM]));
        for (first, pair) in (0_u16..).zip(&mut pairs.0) {
            *pair = Pair::of(reading, first << (16 - DIRECT));
        }
        pairs
    }

    #[inline]
    pub(crate) fn at(&self, bits: u16) -> &Pair {
        &self.0[usize::from(bits >> (16 - DIRECT))]
    }
}

impl Pair {
    /// The first symbol is to be read by itself: this would lead behind any block.
    const NONE: Self = Self {
        on: [64; 2],
        steps: [0; 2],
        bits: 0,
        ends: false,
    };

    fn of(reading: &Reading, first: u16) -> Self {
        let next = |bits: u8| Short::of(reading, first << bits, DIRECT - u32::from(bits));
        let Some(one) = next(0) else {
            return Self::NONE;
        };
        let mut pair = Self {
            on: [one.on; 2],
            steps: [one.step; 2],
            bits: one.bits,
            ends: one.on == 0,
        };
        if let Some(two) = next(pair.bits).filter(|two| two.on > 0 && !pair.ends) {
            pair.on[1] += two.on;
            pair.steps[1] = two.step;
            pair.bits += two.bits;
        }
        if let Some(end) = next(pair.bits).filter(|end| end.on == 0 && !pair.ends) {
            pair.bits += end.bits;
            pair.ends = true;
        }
        pair
    }
}

impl Short {
    /// `None` if these are more than `most` bits, or stand for zeros alone, or are damaged.
    fn of(reading: &Reading, first: u16, most: u32) -> Option<Self> {
        let (symbol, length) = reading.symbol(first)?;
        let (zeros, size) = halves(symbol);
        let bits = u8::try_from(length).ok()? + size;
        if u32::from(bits) > most || size == 0 && symbol != 0 {
            return None;
        }
        let following = u32::from(first) >> (16 - bits) & ((1 << size) - 1);
        Some(Self {
            bits,
            on: if symbol == 0 { 0 } else { zeros + 1 },
            step: extended(following, size),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::code::huffman::Code;

    #[test]
    fn two_steps_and_the_end_are_found_at_once() {
        // Two bits each for the end, for a step of one bit, and for the same behind a zero.
        let counts = [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let payload = [&counts[..], &[0x00, 0x01, 0x11]].concat();
        let code = Code::take(&mut payload.as_slice()).unwrap();
        let pairs = Pairs::of(&Reading::of(&code));
        let cases = [
            ("the end", "00 011", [0; 2], [0; 2], 2, true),
            ("one step", "011 11", [1; 2], [1; 2], 3, false),
            ("one step and the end", "100 00", [2; 2], [-1; 2], 5, true),
            ("two steps", "010 101 11", [1, 3], [-1, 1], 6, false),
            ("both and the end", "011 011 00", [1, 2], [1, 1], 8, true),
            ("no symbol", "11 00", [64; 2], [0; 2], 0, false),
        ];
        for (name, code, on, steps, bits, ends) in cases {
            let digits = code.replace(' ', "");
            let first = u16::from_str_radix(&format!("{digits:0<16}"), 2).unwrap();
            let pair = pairs.at(first);
            let found = (pair.on, pair.steps, pair.bits, pair.ends);
            assert_eq!(found, (on, steps, bits, ends), "{name}");
        }
    }
}
