//! Entropy-coded data: bits, Huffman symbols, the blocks that they stand for, and the scans that the
//! blocks come in.

mod bits;
mod block;
mod block_coder;
mod block_store;
mod huffman;
mod huffman_table;
mod low_frequencies;
mod magnitude;
mod pair_table;
mod run_level_table;
mod scan;
mod skip_table;
mod tables;

pub(crate) use bits::{BitReader, BitWriter};
pub(crate) use block::{Block, Coefficients, Permutation};
pub(crate) use block_coder::{BlockCoder, ZERO_RUN};
pub(crate) use block_store::{BlockStore, StoredBlock};
pub(crate) use huffman::Class;
pub(crate) use huffman_table::HuffmanTable;
pub(crate) use low_frequencies::LowFrequencies;
pub(crate) use magnitude::{bits_and_size, extend, run_and_size};
pub(crate) use scan::{Cursor, McuGrid, Scan, ScanComponent};
pub(crate) use tables::Tables;
