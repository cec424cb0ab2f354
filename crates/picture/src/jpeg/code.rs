//! The code of picture data: Huffman symbols and bits, the blocks that they stand for, and the
//! scans that the blocks come in.

mod bits;
mod block;
mod coded;
mod coding;
mod huffman;
mod leap;
mod low;
mod number;
mod pair;
mod prepared;
mod scan;
mod tables;

pub(crate) use bits::{BitReader, BitWriter};
pub(crate) use block::{Block, Places, Steps};
pub(crate) use coded::{CodeStore, Coded};
pub(crate) use coding::{Coding, Codings, SIXTEEN_ZEROS};
pub(crate) use huffman::Class;
pub(crate) use low::Low;
pub(crate) use number::{extended, halves, shortened};
pub(crate) use scan::{Cursor, Part, Scan, Units};
pub(crate) use tables::Tables;
