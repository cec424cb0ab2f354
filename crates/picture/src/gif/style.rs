//! What a result has of its source, and how it is written.

use std::borrow::Cow;

use gif::Frame;

use super::blocks::Extensions;
use crate::palette::Rgba;
use crate::raster::Raster;

/// The signature and the screen: sides, flags, the number of a background, the shape of a pixel.
const HEAD: usize = 13;

/// Where the sides of the screen are. They stay as they were, also where the picture exceeds them:
/// some programs show all of it, others cut it off, and both shall do so with the result.
const SCREEN: std::ops::Range<usize> = 6..10;

/// Flags of the screen and of a frame: it has a table of colours, and how many bits a colour of
/// the original had.
const HAS_TABLE: u8 = 0x80;
const RESOLUTION: u8 = 0x70;
/// Flag of a frame.
const IS_INTERLACED: u8 = 0x40;
/// Flag of a control.
const HAS_CLEAR: u8 = 1;

/// Where the rows of each pass of an interlaced picture begin, and how far they are apart.
const PASSES: [(usize, usize); 4] = [(0, 8), (4, 8), (2, 4), (1, 2)];

/// What a result has of its source.
#[derive(Debug)]
pub(crate) struct GifStyle {
    head: [u8; HEAD],
    /// The table of the file, if the frame has one of its own.
    table: Option<Vec<u8>>,
    extensions: Extensions,
    is_interlaced: bool,
}

impl GifStyle {
    /// Of a file with this first frame and this table.
    pub(super) fn of(file: &[u8], frame: &Frame<'_>, table: Option<&[u8]>) -> Self {
        let has_own = frame.palette.is_some();
        Self {
            head: file.first_chunk().copied().unwrap_or([0; HEAD]),
            table: table.filter(|_| has_own).map(<[u8]>::to_vec),
            extensions: Extensions::of(file),
            is_interlaced: frame.interlaced,
        }
    }

    /// Leaves out metadata.
    pub(crate) fn strip(&mut self) {
        self.extensions.before.clear();
        self.extensions.behind.clear();
    }
}

/// A file of these indices.
pub(crate) fn encode(raster: Raster, style: &GifStyle) -> Vec<u8> {
    let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX).to_le_bytes();
    let sides = [side(raster.width), side(raster.height)].concat();
    let colours = raster.palette.map(|palette| palette.colours);
    let colours = colours.unwrap_or_default();
    let clear = colours.iter().position(|colour| colour[3] == 0);
    let (own_bits, own_table) = table(&colours);
    let [.., flags, background, aspect] = style.head;

    let mut file = b"GIF89a".to_vec();
    file.extend(&style.head[SCREEN]);
    if let Some(table) = &style.table {
        file.extend([flags, background, aspect]);
        file.extend(table);
    } else {
        file.extend([own_bits | flags & RESOLUTION, background, aspect]);
        file.extend(&own_table);
    }
    file.extend(&style.extensions.before);
    if clear.is_some() || style.extensions.control.is_some() {
        let [flags, delay @ .., _] = style.extensions.control.unwrap_or_default();
        let clear = clear.and_then(|number| u8::try_from(number).ok());
        let flags = flags & !HAS_CLEAR | if clear.is_some() { HAS_CLEAR } else { 0 };
        file.extend([b'!', 0xf9, 4, flags]);
        file.extend(delay);
        file.extend([clear.unwrap_or(0), 0]);
    }
    file.extend(b",\0\0\0\0");
    file.extend(&sides);
    let interlaced = if style.is_interlaced {
        IS_INTERLACED
    } else {
        0
    };
    if style.table.is_some() {
        file.push(own_bits | interlaced);
        file.extend(&own_table);
    } else {
        file.push(interlaced);
    }
    let rows = raster.width as usize;
    pack(
        if style.is_interlaced {
            interlace(&raster.data, rows)
        } else {
            raster.data
        },
        &mut file,
    );
    file.extend(&style.extensions.behind);
    file.push(b';');
    file
}

/// A table of as many colours as a table can have, and the flags that announce it.
fn table(colours: &[Rgba]) -> (u8, Vec<u8>) {
    if colours.is_empty() {
        return (0, vec![]);
    }
    let length = colours.len().next_power_of_two().max(2);
    let mut table: Vec<u8> = colours.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
    table.resize(3 * length, 0);
    let bits = u8::try_from(length.trailing_zeros()).unwrap_or(8);
    (HAS_TABLE | (bits - 1), table)
}

/// Rows of this length in the order of an interlaced file.
fn interlace(data: &[u8], length: usize) -> Vec<u8> {
    let rows: Vec<&[u8]> = data.chunks_exact(length.max(1)).collect();
    let passes = PASSES.into_iter();
    passes
        .flat_map(|(first, step)| rows.iter().skip(first).step_by(step))
        .flat_map(|row| row.iter().copied())
        .collect()
}

/// Appends packed indices, in pieces that each tell their length.
fn pack(data: Vec<u8>, file: &mut Vec<u8>) {
    let mut frame = Frame {
        buffer: Cow::Owned(data),
        ..Frame::default()
    };
    frame.make_lzw_pre_encoded();
    let (code_size, packed) = frame.buffer.split_at(1);
    file.extend(code_size);
    for piece in packed.chunks(usize::from(u8::MAX)) {
        file.extend(u8::try_from(piece.len()));
        file.extend(piece);
    }
    file.push(0);
}
