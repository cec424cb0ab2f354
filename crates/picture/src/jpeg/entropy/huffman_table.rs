//! A Huffman table of the file, with the tables for fast decoding and encoding that are made of it.

use std::cell::OnceCell;

use super::bits::{BitReader, BitWriter, Sink};
use super::huffman::{Class, DecodeTable, EncodeTable, HuffmanSpec};
use super::magnitude::{bits_and_size, extend, run_and_size};
use super::pair_table::PairTable;
use super::run_level_table::RunLevelTable;
use super::skip_table::SkipTable;

/// A Huffman table of the file, and the one that the result has in its place.
#[derive(Debug)]
pub(crate) struct HuffmanTable {
    decode: DecodeTable,
    /// These three are made when first needed.
    skip: OnceCell<SkipTable>,
    pairs: OnceCell<Box<PairTable>>,
    run_levels: OnceCell<Box<RunLevelTable>>,
    encode: EncodeTable,
    /// The table of the result, as it is written.
    spec: HuffmanSpec,
    /// Whether the result has the table of the file.
    is_unchanged: bool,
}

impl HuffmanTable {
    /// Of a table that the file defines. Symbols that it lacks and drawing may need are added for the
    /// result.
    pub(crate) fn of(spec: &HuffmanSpec, class: Class) -> Self {
        let completed = spec.completed(class);
        Self {
            decode: DecodeTable::of(spec),
            skip: OnceCell::new(),
            pairs: OnceCell::new(),
            run_levels: OnceCell::new(),
            encode: EncodeTable::of(&completed),
            is_unchanged: completed == *spec,
            spec: completed,
        }
    }

    /// Whether the result has the table of the file.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.is_unchanged
    }

    /// Whether the result has the same table for both.
    pub(super) fn encodes_like(&self, other: &Self) -> bool {
        self.spec == other.spec
    }

    /// Writes the table of the result, as DHT segments hold it.
    pub(crate) fn write_spec(&self, file: &mut Vec<u8>) {
        self.spec.write(file);
    }

    #[inline]
    fn pairs(&self) -> &PairTable {
        self.pairs.get_or_init(|| PairTable::of(&self.decode))
    }

    #[inline]
    pub(super) fn skip_table(&self) -> &SkipTable {
        self.skip.get_or_init(|| SkipTable::of(&self.decode))
    }

    #[inline]
    pub(super) fn run_levels(&self) -> &RunLevelTable {
        self.run_levels
            .get_or_init(|| RunLevelTable::of(&self.encode))
    }

    /// Calls `found` with the zigzag index and the value of each AC coefficient that is not zero, up to
    /// the index `end` at least. Returns the last index that was reached, 63 if the block ended.
    #[inline]
    pub(super) fn coefficients(
        &self,
        end: usize,
        from: &mut BitReader<'_>,
        mut found: impl FnMut(usize, i16),
    ) -> Option<usize> {
        let pairs = self.pairs();
        let mut index = 0;
        while index < end {
            let pair = pairs.at(from.peek());
            let [one, two] = pair.advance.map(|advance| index + usize::from(advance));
            if two < 63 {
                from.take(pair.bits.into());
                if one == index {
                    return Some(63);
                }
                found(one, pair.coefficients[0]);
                found(two, pair.coefficients[1]);
                index = two;
                if pair.is_end {
                    return Some(63);
                }
            } else {
                let (advance, coefficient);
                (advance, coefficient, *from) = self.coefficient(*from)?;
                if advance == 0 {
                    return Some(63);
                }
                index += advance;
                if index > 63 {
                    return None;
                }
                if coefficient != 0 {
                    found(index, coefficient);
                }
            }
        }
        Some(index)
    }

    /// A symbol and its additional bits, as many as its lower half says. DC symbols have no upper
    /// half.
    #[expect(
        clippy::inline_always,
        reason = "called for each coefficient of a photo"
    )]
    #[inline(always)]
    pub(crate) fn take(&self, from: &mut BitReader<'_>) -> Option<(u8, u32)> {
        let (symbol, length) = self.decode.symbol(from.peek())?;
        let size = u32::from(run_and_size(symbol).1);
        let both = from.take(length + size);
        Some((symbol, both & ((1 << size) - 1)))
    }

    /// By how much the next symbol advances the zigzag index, 0 if it ends the block, and the
    /// coefficient there.
    #[cold]
    fn coefficient<'f>(&self, mut from: BitReader<'f>) -> Option<(usize, i16, BitReader<'f>)> {
        let (symbol, bits) = self.take(&mut from)?;
        match run_and_size(symbol) {
            (0, 0) => Some((0, 0, from)),
            (run, 0) if run < 15 => None,
            (run, size) => Some((usize::from(run) + 1, extend(bits, size), from)),
        }
    }

    /// The difference of a DC coefficient to its prediction.
    pub(crate) fn difference(&self, from: &mut BitReader<'_>) -> Option<i32> {
        let (size, bits) = self.take(from)?;
        Some(extend(bits, size).into())
    }

    /// Writes the difference of a DC coefficient to its prediction, and predicts the next one.
    pub(crate) fn write_difference(
        &self,
        dc: i32,
        prediction: &mut i32,
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        let (bits, size) = bits_and_size(dc.checked_sub(*prediction)?)?;
        *prediction = dc;
        self.put(size, bits, to)
    }

    /// A symbol; its additional bits are left out.
    #[cold]
    pub(super) fn skip<'f>(&self, mut from: BitReader<'f>) -> Option<(u8, BitReader<'f>)> {
        let (symbol, length) = self.decode.symbol(from.peek())?;
        from.take(length + u32::from(run_and_size(symbol).1));
        Some((symbol, from))
    }

    /// The code of a symbol of the result without additional bits, and how many bits it has.
    #[inline]
    pub(super) fn code(&self, symbol: u8) -> Option<(u32, u32)> {
        self.encode.code(symbol)
    }

    /// The bits of a coefficient behind a run of fewer than sixteen zeros, and how many they are.
    #[cold]
    pub(super) fn run_level(&self, run: u32, coefficient: i16) -> Option<(u32, u32)> {
        let (bits, size) = bits_and_size(coefficient.into())?;
        let (code, length) = self.encode.code(u8::try_from(run).ok()? << 4 | size)?;
        Some((code << size | bits, length + u32::from(size)))
    }

    /// Writes a symbol and its additional bits, as many as its lower half says.
    #[inline]
    pub(crate) fn put(&self, symbol: u8, bits: u32, to: &mut impl Sink) -> Option<()> {
        let (code, length) = self.encode.code(symbol)?;
        let size = u32::from(run_and_size(symbol).1);
        to.put((code << size | bits).into(), length + size)
    }
}
