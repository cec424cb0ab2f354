//! The code of picture data: Huffman symbols and bits, the blocks that they stand for, and the
//! scans that the blocks come in. Reads and writes what baseline files hold, and nothing else.

mod bits;
mod block;
mod huffman;
mod scan;
mod standard;
mod tables;

pub(super) use bits::{BitReader, BitWriter};
pub(super) use block::{Block, Coding, Codings, Places, Steps};
pub(super) use scan::{Cursor, Part, Scan, Units};
pub(super) use tables::Tables;
