//! Skips the rest of a block, several symbols at a time: most of a photo is copied without being
//! decoded.

use super::huffman::DecodeTable;
use super::magnitude::run_and_size;

/// Bits that are looked up at once.
const DIRECT: u32 = 12;

const ENTRIES: usize = 1 << DIRECT;

/// The symbols that can be skipped at once, by the next bits.
#[derive(Debug)]
pub(crate) struct SkipTable(Box<[Skip; ENTRIES]>);

/// Some symbols with their additional bits.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(4))]
pub(crate) struct Skip {
    /// How many bits they are.
    pub(crate) bits: u8,
    /// By how much they advance the zigzag index; 63 if there is no symbol that can be skipped
    /// without a closer look.
    pub(crate) advance: u8,
    /// Whether the last one ends the block.
    pub(crate) is_end: bool,
}

impl SkipTable {
    pub(crate) fn of(table: &DecodeTable) -> Self {
        let mut skips = Box::new([Skip::default(); ENTRIES]);
        for (bits, skip) in (0..).zip(skips.iter_mut()) {
            *skip = Skip::of(table, bits);
        }
        Self(skips)
    }

    /// As many symbols as the next bits, of which these are the first, surely hold.
    #[inline]
    pub(crate) fn at(&self, bits: u16) -> Skip {
        self.0[usize::from(bits >> (16 - DIRECT))]
    }
}

impl Skip {
    fn of(table: &DecodeTable, bits: u16) -> Self {
        let mut skip = Self {
            bits: 0,
            advance: 0,
            is_end: false,
        };
        while u32::from(skip.bits) < DIRECT {
            let rest = bits << (16 - DIRECT) << skip.bits;
            let Some((symbol, length)) = table.symbol(rest) else {
                break;
            };
            let (run, size) = run_and_size(symbol);
            let is_damage = size == 0 && !matches!(run, 0 | 15);
            let Ok(length) = u8::try_from(length) else {
                break;
            };
            if u32::from(skip.bits + length) > DIRECT || is_damage || skip.advance > 63 - 16 {
                break;
            }
            skip.bits += length + size;
            if symbol == 0 {
                skip.is_end = true;
                break;
            }
            skip.advance += run + 1;
        }
        if skip.bits == 0 {
            skip.advance = 63;
        }
        skip
    }
}
