//! A sequential JPEG, scaled down while its code is read.
//!
//! A block whose high frequencies are left out is a block of fewer samples, so that a large
//! photo never exists in full: its rows are averaged into the small picture as they come. What
//! the small picture needs no sharpness for is not even computed.

use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, RgbImage, imageops};

use super::code::{BitReader, Block, Cursor, Part, Places, Scan};
use super::dct::{Reduced, Square};
use super::scans::Scans;
use super::structure::{Component, Structure, Table};
use crate::colour::{self, Space};
use crate::shrink::{self, Average};
use crate::{Orientation, PictureError};

/// The brightness that is stored as zero, and what makes cutting off rounding.
const ZERO: f32 = 128.5;

/// Samples along a side of which the last may be made of filling, too, without being noticed.
const FEW: u32 = 16;

/// The upright picture in shades of grey, no side above `max_side`.
///
/// # Errors
/// Damage.
pub(super) fn luma(
    file: &[u8],
    structure: &Structure<'_>,
    orientation: Orientation,
    max_side: u32,
) -> Result<GrayImage, PictureError> {
    if matches!(structure.space, Space::Grey | Space::YCbCr) {
        let grey = planes(file, structure, max_side, 1)?
            .pop()
            .unwrap_or_default();
        return Ok(shrink::turned(DynamicImage::ImageLuma8(grey), orientation).into_luma8());
    }
    let colours = rgb(file, structure, orientation, max_side)?;
    let grey = colours.pixels().map(|pixel| colour::luma(pixel.0));
    let (width, height) = colours.dimensions();
    Ok(GrayImage::from_raw(width, height, grey.collect()).unwrap_or_default())
}

/// The upright picture in sRGB-like colours, no side above `max_side`.
///
/// # Errors
/// Damage.
pub(super) fn rgb(
    file: &[u8],
    structure: &Structure<'_>,
    orientation: Orientation,
    max_side: u32,
) -> Result<RgbImage, PictureError> {
    let planes = planes(file, structure, max_side, structure.components.len())?;
    let (width, height) = planes.first().map_or((0, 0), GrayImage::dimensions);
    let mut colours = RgbImage::new(width, height);
    for (at, pixel) in colours.pixels_mut().enumerate() {
        let mut channels = [0; 4];
        for (channel, plane) in channels.iter_mut().zip(&planes) {
            *channel = plane.as_raw()[at];
        }
        pixel.0 = structure.space.colour(channels);
    }
    Ok(shrink::turned(DynamicImage::ImageRgb8(colours), orientation).into_rgb8())
}

/// The first `count` components as they are stored, all in the size of the small picture.
fn planes(
    file: &[u8],
    structure: &Structure<'_>,
    max_side: u32,
    count: usize,
) -> Result<Vec<GrayImage>, PictureError> {
    let stored = (u32::from(structure.width), u32::from(structure.height));
    let target = shrink::fit(stored.0, stored.1, max_side);
    let components = structure.components.iter().take(count);
    let mut looks: Vec<_> = components
        .map(|component| Look::new(component, structure, target))
        .collect();
    let mut scans = Scans::of(file, structure);
    while let Some((scan, mut cursor)) = scans.next()? {
        read(&scan, &mut cursor, &mut looks).ok_or_else(|| cursor.damage(&scan.units))?;
        scans.resume(&scan, &cursor)?;
    }
    Ok(looks.into_iter().map(|look| look.finish(target)).collect())
}

/// Reads a scan, row by row.
fn read(scan: &Scan, cursor: &mut Cursor<'_>, looks: &mut [Look]) -> Option<()> {
    for part in &scan.parts {
        if let Some(look) = looks.get_mut(part.component) {
            look.begin(scan.units.count.0, part.blocks);
        }
    }
    for _ in 0..scan.units.count.1 {
        for column in 0..scan.units.count.0 {
            cursor.next(&scan.units)?;
            for (part, last) in scan.parts.iter().zip(&mut cursor.last) {
                match looks.get_mut(part.component) {
                    Some(look) => look.unit(column, (part, last, &mut cursor.from))?,
                    None => part.skip(last, &mut cursor.from)?,
                }
            }
        }
        for part in &scan.parts {
            if let Some(look) = looks.get_mut(part.component) {
                look.end_row();
            }
        }
    }
    Some(())
}

/// How the blocks of one component become samples.
struct Look {
    table: Table,
    reduced: Reduced,
    /// Samples in a row that are seen.
    seen: usize,
    average: Average,
    /// What comes of `average`.
    target: (u32, u32),
    /// Those of one row of units, and how many are in a line.
    rows: Vec<u8>,
    row: usize,
}

impl Look {
    fn new(component: &Component, structure: &Structure<'_>, target: (u32, u32)) -> Self {
        let (horizontal, vertical) = structure.sampling();
        let samples = |pixels: u16, own: u8, most: u8| {
            (u32::from(pixels) * u32::from(own)).div_ceil(most.into())
        };
        let stored = (
            samples(structure.width, component.horizontal, horizontal),
            samples(structure.height, component.vertical, vertical),
        );
        // Coarse components may have fewer samples than are wanted.
        let target = (target.0.min(stored.0), target.1.min(stored.1));
        let suffices = |&side: &u8| {
            let seen = reduced(stored, side);
            let is_enough = seen.0 >= target.0 && seen.1 >= target.1;
            is_enough && seen.0.min(seen.1) >= FEW
        };
        let side = [1, 2, 4].into_iter().find(suffices).unwrap_or(8);
        let seen = reduced(stored, side);
        Self {
            table: component.table,
            reduced: Reduced::to(side),
            seen: seen.0 as usize,
            average: Average::new(seen, target, 1),
            target,
            rows: Vec::new(),
            row: 0,
        }
    }

    /// Makes room for a row of units with so many blocks each.
    fn begin(&mut self, units: u32, (across, down): (u32, u32)) {
        self.row = (units * across) as usize * self.reduced.side();
        self.rows = vec![0; self.row * down as usize * self.reduced.side()];
    }

    /// Reads the blocks of one unit.
    fn unit(
        &mut self,
        column: u32,
        (part, last, from): (&Part, &mut i32, &mut BitReader<'_>),
    ) -> Option<()> {
        let side = self.reduced.side();
        let mut block = Block::PLAIN;
        let (wide, high) = (part.blocks.0 as usize, part.blocks.1 as usize);
        for down in 0..high {
            for across in 0..wide {
                part.codings
                    .read(&Places::STRAIGHT, &mut block, last, from)?;
                let samples = self.samples(&block);
                for (line, samples) in samples.iter().enumerate().take(side) {
                    let left = (column as usize * wide + across) * side;
                    let begin = (down * side + line) * self.row + left;
                    let line = self.rows.get_mut(begin..begin + side)?;
                    for (to, &sample) in line.iter_mut().zip(samples) {
                        *to = grey(sample);
                    }
                }
            }
        }
        Some(())
    }

    fn end_row(&mut self) {
        for line in self.rows.chunks_exact(self.row) {
            self.average
                .push(line.iter().take(self.seen).map(|&grey| [grey, 0, 0]));
        }
    }

    /// The component in the size that is wanted of all.
    fn finish(self, wanted: (u32, u32)) -> GrayImage {
        let (width, height) = self.target;
        let plane = GrayImage::from_raw(width, height, self.average.finish()).unwrap_or_default();
        if self.target == wanted {
            plane
        } else {
            imageops::resize(&plane, wanted.0, wanted.1, FilterType::Triangle)
        }
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

/// The size of a component of which each block has `side` samples a side.
fn reduced((width, height): (u32, u32), side: u8) -> (u32, u32) {
    let reduced = |samples: u32| (samples * u32::from(side)).div_ceil(8);
    (reduced(width), reduced(height))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded before"
)]
fn grey(sample: f32) -> u8 {
    (sample + ZERO).clamp(0.0, 255.0) as u8
}
