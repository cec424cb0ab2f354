//! Decodes short symbols, as most of a photo's are: looked up with their additional bits, as the
//! coefficients that they stand for, two at a time.

use super::huffman::DecodeTable;
use super::magnitude::{extend, run_and_size};

/// Bits that are looked up at once.
const DIRECT: u32 = 11;

const ENTRIES: usize = 1 << DIRECT;

/// The next coefficients, by the next bits.
#[derive(Debug)]
pub(crate) struct PairTable([Pair; ENTRIES]);

/// One or two coefficients, and the end of the block if it comes next.
#[derive(Debug, Clone, Copy)]
#[repr(align(8))]
pub(crate) struct Pair {
    /// By how much they advance the zigzag index, the second one together with the first; 0 if there is
    /// but the end. A single coefficient is there twice.
    pub(crate) advance: [u8; 2],
    pub(crate) coefficients: [i16; 2],
    /// How many bits all this takes.
    pub(crate) bits: u8,
    /// Whether the block ends.
    pub(crate) is_end: bool,
}

/// A symbol with its additional bits.
struct Short {
    bits: u8,
    /// By how much it advances the zigzag index; 0 if it ends the block.
    advance: u8,
    coefficient: i16,
}

impl PairTable {
    pub(crate) fn of(table: &DecodeTable) -> Box<Self> {
        let mut pairs = Box::new(Self([Pair::NONE; ENTRIES]));
        for (first, pair) in (0_u16..).zip(&mut pairs.0) {
            *pair = Pair::of(table, first << (16 - DIRECT));
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
        advance: [64; 2],
        coefficients: [0; 2],
        bits: 0,
        is_end: false,
    };

    fn of(table: &DecodeTable, first: u16) -> Self {
        let next = |bits: u8| Short::of(table, first << bits, DIRECT - u32::from(bits));
        let Some(one) = next(0) else {
            return Self::NONE;
        };
        let mut pair = Self {
            advance: [one.advance; 2],
            coefficients: [one.coefficient; 2],
            bits: one.bits,
            is_end: one.advance == 0,
        };
        if let Some(two) = next(pair.bits).filter(|two| two.advance > 0 && !pair.is_end) {
            pair.advance[1] += two.advance;
            pair.coefficients[1] = two.coefficient;
            pair.bits += two.bits;
        }
        if let Some(end) = next(pair.bits).filter(|end| end.advance == 0 && !pair.is_end) {
            pair.bits += end.bits;
            pair.is_end = true;
        }
        pair
    }
}

impl Short {
    /// `None` if these are more than `most` bits, or stand for zeros alone, or are damaged.
    fn of(table: &DecodeTable, first: u16, most: u32) -> Option<Self> {
        let (symbol, length) = table.symbol(first)?;
        let (run, size) = run_and_size(symbol);
        let bits = u8::try_from(length).ok()? + size;
        if u32::from(bits) > most || size == 0 && symbol != 0 {
            return None;
        }
        let following = u32::from(first) >> (16 - bits) & ((1 << size) - 1);
        Some(Self {
            bits,
            advance: if symbol == 0 { 0 } else { run + 1 },
            coefficient: extend(following, size),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::entropy::huffman::HuffmanSpec;

    #[test]
    fn two_coefficients_and_the_end_are_found_at_once() {
        // Two bits each for the end, for a coefficient of one bit, and for the same behind a zero.
        let counts = [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let payload = [&counts[..], &[0x00, 0x01, 0x11]].concat();
        let spec = HuffmanSpec::take(&mut payload.as_slice()).unwrap();
        let pairs = PairTable::of(&DecodeTable::of(&spec));
        let cases = [
            ("the end", "00 011", [0; 2], [0; 2], 2, true),
            ("one coefficient", "011 11", [1; 2], [1; 2], 3, false),
            (
                "one coefficient and the end",
                "100 00",
                [2; 2],
                [-1; 2],
                5,
                true,
            ),
            ("two coefficients", "010 101 11", [1, 3], [-1, 1], 6, false),
            ("both and the end", "011 011 00", [1, 2], [1, 1], 8, true),
            ("no symbol", "11 00", [64; 2], [0; 2], 0, false),
        ];
        for (name, code, advance, coefficients, bits, is_end) in cases {
            let digits = code.replace(' ', "");
            let first = u16::from_str_radix(&format!("{digits:0<16}"), 2).unwrap();
            let pair = pairs.at(first);
            let found = (pair.advance, pair.coefficients, pair.bits, pair.is_end);
            assert_eq!(found, (advance, coefficients, bits, is_end), "{name}");
        }
    }
}
