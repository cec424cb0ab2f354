//! A sequential JPEG, scaled down while its code is read.
//!
//! A block whose high frequencies are left out is a block of fewer samples, so that a large photo
//! never exists in full: its rows are averaged into the small picture as they come. Frequencies
//! that the small picture cannot show are not even read, only skipped.

use image::imageops::FilterType;
use image::{GrayImage, RgbImage, imageops};

use super::code::{BitReader, Cursor, Low, Part, Scan};
use super::dct::Reduced;
use super::file::Jpeg;
use super::frame::Component;
use super::scans;
use super::structure::Structure;
use crate::error::PictureError;
use crate::shrink::{self, Average};

/// The brightness that is stored as zero, and a half, so that cutting off rounds.
const ZERO: f32 = 128.5;

/// Samples along a side of which the last may be made of filling, too, without being noticed.
pub(super) const FEW: u32 = 16;

/// The upright picture in sRGB-like colours, no side above `max_side`.
///
/// # Errors
/// Damage.
pub(crate) fn rgb(jpeg: &Jpeg<'_>, max_side: u32) -> Result<RgbImage, PictureError> {
    let structure = &jpeg.structure;
    let (width, height) = (structure.width.into(), structure.height.into());
    let target = shrink::fit(width, height, max_side);
    let looks = structure.components.iter();
    let looks =
        looks.map(|component| Look::toward(stored(component, structure), component, target));
    let planes = read_all(jpeg, looks.collect())?;
    let planes: Vec<_> = planes.map(|plane| enlarged(plane, target)).collect();
    let mut colours = Vec::with_capacity(3 * target.0 as usize * target.1 as usize);
    for at in 0..target.0 as usize * target.1 as usize {
        let mut channels = [0; 4];
        for (channel, plane) in channels.iter_mut().zip(&planes) {
            *channel = plane.as_raw()[at];
        }
        colours.extend(structure.space.colour(channels));
    }
    Ok(shrink::turned(target, colours, jpeg.orientation))
}

/// The components as they are stored, each reduced to `side` samples of eight along a side.
///
/// # Errors
/// Damage.
pub(crate) fn planes(jpeg: &Jpeg<'_>, side: u8) -> Result<Vec<GrayImage>, PictureError> {
    Ok(read_all(jpeg, all_seen(jpeg, side))?.collect())
}

fn all_seen(jpeg: &Jpeg<'_>, side: u8) -> Vec<Look> {
    let structure = &jpeg.structure;
    let look = |component| {
        let stored = stored(component, structure);
        Look::new(stored, component, side, reduced(stored, side))
    };
    structure.components.iter().map(look).collect()
}

/// The same components, a row of units at a time.
pub(super) struct Rows<'f> {
    scan: Scan,
    cursor: Cursor<'f>,
    looks: Vec<Look>,
}

impl<'f> Rows<'f> {
    /// `None` if the picture comes in several scans.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn of(jpeg: &Jpeg<'f>, side: u8) -> Result<Option<Self>, PictureError> {
        if !jpeg.is_one_scan() {
            return Ok(None);
        }
        let (scan, data) = scans::only(jpeg)?;
        let mut looks = all_seen(jpeg, side);
        begin(&scan, &mut looks);
        Ok(Some(Self {
            scan,
            cursor: Cursor::new(data),
            looks,
        }))
    }

    /// The sizes of the components.
    pub(super) fn sizes(&self) -> Vec<(u32, u32)> {
        self.looks.iter().map(|look| look.target).collect()
    }

    /// The components in the next row of units.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn next(&mut self) -> Result<Vec<GrayImage>, PictureError> {
        read_row(&self.scan, &mut self.cursor, &mut self.looks)
            .ok_or_else(|| self.cursor.damage(&self.scan.units))?;
        Ok(self.looks.iter_mut().map(Look::take).collect())
    }

    /// To be called when all rows are read.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn end(&self) -> Result<(), PictureError> {
        scans::end(&self.cursor, &self.scan.units)
    }
}

/// Reads the components, each as its look sees it.
fn read_all(
    jpeg: &Jpeg<'_>,
    mut looks: Vec<Look>,
) -> Result<impl Iterator<Item = GrayImage>, PictureError> {
    scans::each(jpeg, |scan, cursor| read(&scan, cursor, &mut looks))?;
    Ok(looks.into_iter().map(Look::finish))
}

/// Samples of a component, across and down.
pub(super) fn stored(component: &Component, structure: &Structure<'_>) -> (u32, u32) {
    let (horizontal, vertical) = structure.sampling();
    let samples =
        |pixels: u16, own: u8, most: u8| (u32::from(pixels) * u32::from(own)).div_ceil(most.into());
    (
        samples(structure.width, component.horizontal, horizontal),
        samples(structure.height, component.vertical, vertical),
    )
}

/// A component in the size that is wanted of all.
fn enlarged(plane: GrayImage, wanted: (u32, u32)) -> GrayImage {
    if plane.dimensions() == wanted {
        plane
    } else {
        imageops::resize(&plane, wanted.0, wanted.1, FilterType::Triangle)
    }
}

/// Reads a scan, row by row.
fn read(scan: &Scan, cursor: &mut Cursor<'_>, looks: &mut [Look]) -> Option<()> {
    begin(scan, looks);
    (0..scan.units.count.1).try_for_each(|_| read_row(scan, cursor, looks))
}

fn begin(scan: &Scan, looks: &mut [Look]) {
    for part in &scan.parts {
        looks[part.component].begin(scan.units.count.0, part.blocks);
    }
}

fn read_row(scan: &Scan, cursor: &mut Cursor<'_>, looks: &mut [Look]) -> Option<()> {
    for column in 0..scan.units.count.0 {
        cursor.next(&scan.units)?;
        for (part, last) in scan.parts.iter().zip(&mut cursor.last) {
            let look = &mut looks[part.component];
            (look.unit)(look, column, (part, last, &mut cursor.from))?;
        }
    }
    for part in &scan.parts {
        looks[part.component].end_row();
    }
    Some(())
}

/// How the blocks of one component become samples.
struct Look {
    /// Samples along a side of each block that are seen.
    side: usize,
    /// Reads the blocks of one unit.
    unit: fn(&mut Self, u32, Source<'_, '_>) -> Option<()>,
    low: Low,
    reduced: Reduced,
    /// Samples in a row that are seen.
    seen: usize,
    average: Average<1>,
    /// The size of the result of `average`.
    target: (u32, u32),
    /// The samples of one row of units, and how many are in a line.
    rows: Vec<f32>,
    row: usize,
}

/// Where a unit is read from: its part of the scan, and the brightness of the block before.
type Source<'c, 'f> = (&'c Part, &'c mut i32, &'c mut BitReader<'f>);

impl Look {
    /// Sees no more than is needed for `target`, or all that there is.
    fn toward(stored: (u32, u32), component: &Component, target: (u32, u32)) -> Self {
        // Coarse components may have fewer samples than are wanted.
        let target = (target.0.min(stored.0), target.1.min(stored.1));
        let suffices = |&side: &u8| {
            let seen = reduced(stored, side);
            let is_enough = seen.0 >= target.0 && seen.1 >= target.1;
            is_enough && seen.0.min(seen.1) >= FEW
        };
        let side = [1, 2, 4].into_iter().find(suffices).unwrap_or(8);
        Self::new(stored, component, side, target)
    }

    /// Sees `side` samples a side of each block.
    fn new(stored: (u32, u32), component: &Component, side: u8, target: (u32, u32)) -> Self {
        let seen = reduced(stored, side);
        Self {
            side: side.into(),
            unit: match side {
                1 => Self::unit::<1>,
                2 => Self::unit::<2>,
                3 => Self::unit::<3>,
                4 => Self::unit::<4>,
                5 => Self::unit::<5>,
                6 => Self::unit::<6>,
                7 => Self::unit::<7>,
                _ => Self::unit::<8>,
            },
            low: Low::of(side.into(), &component.table),
            reduced: Reduced::to(side),
            seen: seen.0 as usize,
            average: Average::new(seen, target),
            target,
            rows: Vec::new(),
            row: 0,
        }
    }

    /// Makes room for a row of units with so many blocks each.
    fn begin(&mut self, units: u32, (across, down): (u32, u32)) {
        self.row = (units * across) as usize * self.side;
        self.rows = vec![0.0; self.row * down as usize * self.side];
    }

    /// Reads the blocks of one unit.
    fn unit<const SIDE: usize>(
        &mut self,
        column: u32,
        (part, last, from): Source<'_, '_>,
    ) -> Option<()> {
        let mut frequencies = [0.0; 64];
        let (wide, high) = (part.blocks.0 as usize, part.blocks.1 as usize);
        for down in 0..high {
            for across in 0..wide {
                part.codings
                    .read_low(&self.low, &mut frequencies, last, from)?;
                let left = (column as usize * wide + across) * SIDE;
                let samples = self.reduced.samples::<SIDE>(&frequencies);
                for (line, samples) in (down * SIDE..).zip(samples) {
                    let line = self.rows.get_mut(line * self.row + left..)?;
                    *line.first_chunk_mut()? = samples;
                }
            }
        }
        Some(())
    }

    fn end_row(&mut self) {
        for line in self.rows.chunks_exact(self.row) {
            let seen = line.get(..self.seen).unwrap_or(line);
            self.average.push(seen.iter().map(|&sample| [grey(sample)]));
        }
    }

    /// The rows that are finished, and were not taken yet.
    fn take(&mut self) -> GrayImage {
        let rows = self.average.take();
        let height = rows.len() / self.seen.max(1);
        GrayImage::from_raw(self.target.0, u32::try_from(height).unwrap_or(0), rows)
            .unwrap_or_default()
    }

    fn finish(self) -> GrayImage {
        let (width, height) = self.target;
        GrayImage::from_raw(width, height, self.average.finish()).unwrap_or_default()
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
