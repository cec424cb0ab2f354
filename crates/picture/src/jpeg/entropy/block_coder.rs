//! Decodes, skips, copies and encodes single blocks.

use std::rc::Rc;

use super::bits::{BitReader, BitWriter, Sink};
use super::block::{Block, Permutation};
use super::block_store::{BlockStore, StoredBlock};
use super::huffman_table::HuffmanTable;
use super::magnitude::run_and_size;

/// EOB: the rest of a block is zero.
const END_OF_BLOCK: u8 = 0;

/// ZRL: a run of sixteen zeros.
pub(crate) const ZERO_RUN: u8 = 0xf0;

/// What the blocks of one component are coded with.
#[derive(Debug, Clone)]
pub(crate) struct BlockCoder {
    pub(crate) dc: Rc<HuffmanTable>,
    pub(crate) ac: Rc<HuffmanTable>,
    /// The largest DC coefficient in either direction. One beyond it comes of lost data.
    pub(crate) max_dc: u32,
}

impl BlockCoder {
    /// Whether the result has the same tables for both.
    pub(crate) fn encodes_like(&self, other: &Self) -> bool {
        self.dc.encodes_like(&other.dc) && self.ac.encodes_like(&other.ac)
    }

    /// Whether the result has the tables of the file.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.dc.is_unchanged() && self.ac.is_unchanged()
    }

    /// Writes both tables under this number, as DHT segments hold them.
    pub(crate) fn write_tables(&self, number: u8, file: &mut Vec<u8>) {
        for (class, table) in (0..).zip([&self.dc, &self.ac]) {
            file.push(class << 4 | number);
            table.write_spec(file);
        }
    }

    /// Copies a block. The predictions of its DC coefficient are what the block before has in the
    /// file and in the result; they differ where that block was drawn upon.
    pub(crate) fn copy(
        &self,
        (read, written): (&mut i32, &mut i32),
        from: &mut BitReader<'_>,
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        let dc = self.read_dc(read, from)?;
        self.dc.write_difference(dc, written, to)?;
        self.read_ac(from, |symbol, bits| self.ac.put(symbol, bits, to))
    }

    /// Reads a block and forgets it.
    pub(crate) fn skip(&self, prediction: &mut i32, from: &mut BitReader<'_>) -> Option<()> {
        self.read_dc(prediction, from)?;
        from.with(|from| self.skip_rest(0, from))
    }

    /// Skips the coefficients behind the zigzag index `index`.
    #[inline]
    pub(super) fn skip_rest(&self, mut index: usize, from: &mut BitReader<'_>) -> Option<()> {
        let table = self.ac.skip_table();
        while index < 63 {
            let skip = table.at(from.peek());
            let behind = index + usize::from(skip.advance);
            if behind < 63 {
                from.take(skip.bits.into());
                if skip.is_end {
                    return Some(());
                }
                index = behind;
                continue;
            }
            let symbol;
            (symbol, *from) = self.ac.skip(*from)?;
            index += match run_and_size(symbol) {
                (0, 0) => return Some(()),
                (run, 0) if run < 15 => return None,
                (run, _) => usize::from(run) + 1,
            };
        }
        (index == 63).then_some(())
    }

    /// Reads a block, with its coefficients permuted.
    pub(crate) fn read(
        &self,
        permutation: &Permutation,
        block: &mut Block,
        prediction: &mut i32,
        from: &mut BitReader<'_>,
    ) -> Option<()> {
        block.coefficients[0] = i16::try_from(self.read_dc(prediction, from)?).ok()?;
        from.with(|from| self.read_rest(permutation, block, from))
    }

    #[inline]
    fn read_rest(
        &self,
        permutation: &Permutation,
        block: &mut Block,
        from: &mut BitReader<'_>,
    ) -> Option<()> {
        let mut nonzero = 0;
        let set = |index, coefficient| {
            block.set_permuted(index, coefficient, permutation, &mut nonzero);
        };
        self.ac.coefficients(63, from, set)?;
        block.nonzero = nonzero;
        Some(())
    }

    /// Writes a block.
    pub(crate) fn write(
        &self,
        block: &Block,
        prediction: &mut i32,
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        let dc = block.coefficients[0].into();
        self.dc.write_difference(dc, prediction, to)?;
        to.with(|to| self.write_rest(block, to))
    }

    /// Encodes a block for later. `None` if a coefficient of it is too large.
    #[inline]
    pub(crate) fn store(&self, block: &Block, store: &mut BlockStore) -> Option<StoredBlock> {
        store.append(block.coefficients[0], |to| self.write_rest(block, to))
    }

    /// Writes a block that was stored; one that does not exist looks like the one before.
    #[inline]
    pub(crate) fn put(
        &self,
        stored: StoredBlock,
        store: &BlockStore,
        prediction: &mut i32,
        to: &mut BitWriter<'_>,
    ) -> Option<()> {
        if !stored.exists() {
            self.dc.put(0, 0, to)?;
            return self.ac.put(END_OF_BLOCK, 0, to);
        }
        self.dc.write_difference(stored.dc.into(), prediction, to)?;
        to.with(|to| store.copy(stored, to))
    }

    /// Writes the AC coefficients.
    #[inline]
    fn write_rest(&self, block: &Block, to: &mut impl Sink) -> Option<()> {
        let run_levels = self.ac.run_levels();
        let (mut rest, mut last) = (block.nonzero & !1, 0);
        while rest != 0 {
            let index = rest.trailing_zeros();
            let coefficient = block.coefficients[index as usize & 63];
            let run = index - last - 1;
            let (bits, count) = match run_levels.at(run, coefficient) {
                None if run > 15 => {
                    last += 16;
                    self.ac.code(ZERO_RUN)?
                }
                found => {
                    rest &= rest - 1;
                    last = index;
                    match found {
                        Some(found) => found,
                        None => self.ac.run_level(run, coefficient)?,
                    }
                }
            };
            to.put(bits.into(), count)?;
        }
        if last < 63 {
            self.ac.put(END_OF_BLOCK, 0, to)?;
        }
        Some(())
    }

    /// Calls `each` with every AC symbol of a block and its additional bits.
    #[inline]
    fn read_ac(
        &self,
        from: &mut BitReader<'_>,
        mut each: impl FnMut(u8, u32) -> Option<()>,
    ) -> Option<()> {
        let mut index = 0;
        while index < 63 {
            let (symbol, bits) = self.ac.take(from)?;
            index += match run_and_size(symbol) {
                (0, 0) => return each(symbol, bits),
                (run, 0) if run < 15 => return None,
                (run, _) => usize::from(run) + 1,
            };
            if index > 63 {
                return None;
            }
            each(symbol, bits)?;
        }
        Some(())
    }

    pub(super) fn read_dc(&self, prediction: &mut i32, from: &mut BitReader<'_>) -> Option<i32> {
        *prediction += self.dc.difference(from)?;
        (prediction.unsigned_abs() <= self.max_dc).then_some(*prediction)
    }
}
