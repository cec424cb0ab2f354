//! The brightness of a JPEG, scaled down while its code is read.
//!
//! A block whose high frequencies are left out is a block of fewer samples, so that a large
//! photo never exists in full: its rows are averaged into the small picture as they come. What
//! the small picture needs no sharpness for is not even computed.

use image::{DynamicImage, GrayImage};

use super::code::{BitReader, Block, Cursor, Part, Places, Scan, Tables};
use super::dct::{Reduced, Square};
use super::structure::{
    END_OF_IMAGE, HUFFMAN, RESTART_INTERVAL, START_OF_IMAGE, START_OF_SCAN, Structure, Table,
    next_marker, segment,
};
use crate::picture::Orientation;
use crate::picture::shrink::{self, Average};

/// The brightness that is stored as zero, and what makes cutting off rounding.
const ZERO: f32 = 128.5;

/// Samples along a side of which the last may be made of filling, too, without being noticed.
const FEW: u32 = 16;

/// The upright picture, no side above `max_side`, of a file whose first component is its
/// brightness. `None` if the file is out of the ordinary, or damaged.
pub(super) fn luma(
    file: &[u8],
    structure: &Structure<'_>,
    orientation: Orientation,
    max_side: u32,
) -> Option<GrayImage> {
    let luma = structure.components.first()?;
    if structure.progressive || (luma.horizontal, luma.vertical) != structure.sampling() {
        return None;
    }
    let (scan, data) = scan_of_first(file, structure)?;
    let stored = (u32::from(structure.width), u32::from(structure.height));
    let target = shrink::fit(stored.0, stored.1, max_side);
    let suffices = |&side: &u8| {
        let seen = reduced(stored, side);
        let is_enough = seen.0 >= target.0 && seen.1 >= target.1;
        is_enough && seen.0.min(seen.1) >= FEW
    };
    let side = [1, 2, 4].into_iter().find(suffices).unwrap_or(8);
    let look = Look {
        table: structure.tables[usize::from(luma.table)]?,
        reduced: Reduced::to(side),
        width: reduced(stored, side).0 as usize,
    };
    let mut average = Average::new(reduced(stored, side), target, 1);
    look.read(&scan, data, &mut average)?;
    let grey = GrayImage::from_raw(target.0, target.1, average.finish())?;
    Some(shrink::turned(DynamicImage::ImageLuma8(grey), orientation).into_luma8())
}

/// The size of a picture of which each block has `side` samples a side.
fn reduced((width, height): (u32, u32), side: u8) -> (u32, u32) {
    let reduced = |pixels: u32| (pixels * u32::from(side)).div_ceil(8);
    (reduced(width), reduced(height))
}

/// The scan that holds the first component, and what follows its header.
fn scan_of_first<'f>(file: &'f [u8], structure: &Structure<'_>) -> Option<(Scan, &'f [u8])> {
    let mut tables = Tables::default();
    let mut scanned = vec![false; structure.components.len()];
    let mut rest = file;
    loop {
        let (marker, after) = next_marker(rest)?;
        rest = after;
        if matches!(marker, START_OF_IMAGE | 0xd0..=0xd7) {
            continue;
        }
        if marker == END_OF_IMAGE {
            return None;
        }
        let (payload, after) = segment(rest)?;
        rest = after;
        match marker {
            HUFFMAN => drop(tables.read_codes(payload)?),
            RESTART_INTERVAL => tables.read_restart_interval(payload)?,
            START_OF_SCAN => {
                let scan = Scan::of(payload, structure, &tables, &mut scanned)?;
                if scan.parts.iter().any(|part| part.component == 0) {
                    return Some((scan, rest));
                }
            }
            _ => {}
        }
    }
}

/// How blocks become samples.
struct Look {
    table: Table,
    reduced: Reduced,
    /// Samples in a row that are seen.
    width: usize,
}

impl Look {
    fn read(&self, scan: &Scan, data: &[u8], average: &mut Average) -> Option<()> {
        let mut cursor = Cursor::new(data);
        let first = scan.parts.iter().find(|part| part.component == 0)?;
        let (across, down) = first.blocks;
        let row = (scan.units.0 * across) as usize * self.reduced.side();
        let mut rows = vec![0; row * down as usize * self.reduced.side()];
        for _ in 0..scan.units.1 {
            for column in 0..scan.units.0 {
                cursor.next(scan)?;
                for (part, last) in scan.parts.iter().zip(&mut cursor.last) {
                    if part.component == 0 {
                        let unit = (column * across) as usize * self.reduced.side();
                        let rows = rows.get_mut(unit..)?;
                        self.unit((part, last, &mut cursor.from), rows, row)?;
                    } else {
                        part.skip(last, &mut cursor.from)?;
                    }
                }
            }
            for line in rows.chunks_exact(row) {
                average.push(line.iter().take(self.width).map(|&grey| [grey, 0, 0]));
            }
        }
        cursor.from.finish().map(drop)
    }

    /// Reads the blocks of one unit into `rows`, which begin where it does, `row` apart.
    fn unit(
        &self,
        (part, last, from): (&Part, &mut i32, &mut BitReader<'_>),
        rows: &mut [u8],
        row: usize,
    ) -> Option<()> {
        let side = self.reduced.side();
        let mut block = Block::PLAIN;
        for down in 0..part.blocks.1 as usize {
            for across in 0..part.blocks.0 as usize {
                part.codings
                    .read(&Places::STRAIGHT, &mut block, last, from)?;
                let samples = self.samples(&block);
                for (line, samples) in samples.iter().enumerate().take(side) {
                    let begin = (down * side + line) * row + across * side;
                    let line = rows.get_mut(begin..begin + side)?;
                    for (to, &sample) in line.iter_mut().zip(samples) {
                        *to = grey(sample);
                    }
                }
            }
        }
        Some(())
    }

    fn samples(&self, block: &Block) -> Square {
        let mut lines = [[0.0; 8]; 8];
        block.each(|at, step| {
            let value = f32::from(step) * f32::from(self.table[at]);
            self.reduced.add(at, value, &mut lines);
        });
        self.reduced.samples(&lines)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded before"
)]
fn grey(sample: f32) -> u8 {
    (sample + ZERO).clamp(0.0, 255.0) as u8
}
