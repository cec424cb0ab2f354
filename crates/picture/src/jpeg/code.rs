//! The code of picture data: Huffman symbols and bits, the blocks that they stand for, and the
//! scans that the blocks come in.

mod bits;
mod block;
mod huffman;
mod scan;
mod tables;

pub(crate) use bits::{BitReader, BitWriter};
pub(crate) use block::{
    Block, Coding, Codings, Places, SIXTEEN_ZEROS, Steps, extended, halves, shortened,
};
pub(crate) use huffman::Class;
pub(crate) use scan::{Cursor, Part, Scan, Units};
pub(crate) use tables::Tables;
