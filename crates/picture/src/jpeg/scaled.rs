//! A sequential JPEG, scaled down while it is decoded.
//!
//! A block whose high frequencies are left out is a block of fewer samples, so that a large photo
//! never exists in full: its rows are averaged into the small picture as they come. Frequencies
//! that the small picture cannot show are skipped.

use image::imageops::FilterType;
use image::{GrayImage, RgbImage, imageops};

use super::dct::Reduced;
use super::entropy::{BitReader, Cursor, LowFrequencies, Scan, ScanComponent};
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
    let components = structure.components.iter();
    let components = components
        .map(|component| ScaledComponent::toward(stored(component, structure), component, target));
    let planes = read_all(jpeg, components.collect())?;
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
    Ok(read_all(jpeg, all_reduced(jpeg, side))?.collect())
}

fn all_reduced(jpeg: &Jpeg<'_>, side: u8) -> Vec<ScaledComponent> {
    let structure = &jpeg.structure;
    let scaled = |component| {
        let stored = stored(component, structure);
        ScaledComponent::new(stored, component, side, reduced(stored, side))
    };
    structure.components.iter().map(scaled).collect()
}

/// The same components, a row of MCUs at a time.
pub(super) struct Rows<'f> {
    scan: Scan,
    cursor: Cursor<'f>,
    components: Vec<ScaledComponent>,
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
        let mut components = all_reduced(jpeg, side);
        begin(&scan, &mut components);
        Ok(Some(Self {
            scan,
            cursor: Cursor::new(data),
            components,
        }))
    }

    /// The sizes of the components.
    pub(super) fn sizes(&self) -> Vec<(u32, u32)> {
        self.components.iter().map(|one| one.target).collect()
    }

    /// The components in the next row of MCUs.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn next(&mut self) -> Result<Vec<GrayImage>, PictureError> {
        read_row(&self.scan, &mut self.cursor, &mut self.components)
            .ok_or_else(|| self.cursor.damage(&self.scan.mcus))?;
        Ok(self
            .components
            .iter_mut()
            .map(ScaledComponent::take)
            .collect())
    }

    /// To be called when all rows are read.
    ///
    /// # Errors
    /// Damage.
    pub(super) fn end(&self) -> Result<(), PictureError> {
        scans::end(&self.cursor, &self.scan.mcus)
    }
}

/// Reads the components, each scaled in its own way.
fn read_all(
    jpeg: &Jpeg<'_>,
    mut components: Vec<ScaledComponent>,
) -> Result<impl Iterator<Item = GrayImage>, PictureError> {
    scans::each(jpeg, |scan, cursor| read(&scan, cursor, &mut components))?;
    Ok(components.into_iter().map(ScaledComponent::finish))
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
fn read(scan: &Scan, cursor: &mut Cursor<'_>, scaled: &mut [ScaledComponent]) -> Option<()> {
    begin(scan, scaled);
    (0..scan.mcus.count.1).try_for_each(|_| read_row(scan, cursor, scaled))
}

fn begin(scan: &Scan, scaled: &mut [ScaledComponent]) {
    for component in &scan.components {
        scaled[component.index].begin(scan.mcus.count.0, component.blocks);
    }
}

fn read_row(scan: &Scan, cursor: &mut Cursor<'_>, scaled: &mut [ScaledComponent]) -> Option<()> {
    for column in 0..scan.mcus.count.0 {
        cursor.next(&scan.mcus)?;
        for (component, prediction) in scan.components.iter().zip(&mut cursor.predictions) {
            let scaled = &mut scaled[component.index];
            (scaled.read_mcu)(scaled, column, (component, prediction, &mut cursor.from))?;
        }
    }
    for component in &scan.components {
        scaled[component.index].end_row();
    }
    Some(())
}

/// A component, and how its blocks become samples.
struct ScaledComponent {
    /// Samples along a side of each reduced block.
    side: usize,
    /// Reads the blocks of one MCU.
    read_mcu: fn(&mut Self, u32, Source<'_, '_>) -> Option<()>,
    low: LowFrequencies,
    reduced: Reduced,
    /// Reduced samples in a row of the picture.
    width: usize,
    average: Average<1>,
    /// The size of the result of `average`.
    target: (u32, u32),
    /// The samples of one row of MCUs, and how many are in a line.
    rows: Vec<f32>,
    row: usize,
}

/// Where an MCU is read from: its component of the scan, and the prediction of its DC coefficient.
type Source<'c, 'f> = (&'c ScanComponent, &'c mut i32, &'c mut BitReader<'f>);

impl ScaledComponent {
    /// Reduced no further than `target` allows.
    fn toward(stored: (u32, u32), component: &Component, target: (u32, u32)) -> Self {
        // Coarse components may have fewer samples than are wanted.
        let target = (target.0.min(stored.0), target.1.min(stored.1));
        let suffices = |&side: &u8| {
            let size = reduced(stored, side);
            let is_enough = size.0 >= target.0 && size.1 >= target.1;
            is_enough && size.0.min(size.1) >= FEW
        };
        let side = [1, 2, 4].into_iter().find(suffices).unwrap_or(8);
        Self::new(stored, component, side, target)
    }

    /// Reduced to `side` samples a side of each block.
    fn new(stored: (u32, u32), component: &Component, side: u8, target: (u32, u32)) -> Self {
        let reduced_size = reduced(stored, side);
        Self {
            side: side.into(),
            read_mcu: match side {
                1 => Self::read_mcu::<1>,
                2 => Self::read_mcu::<2>,
                3 => Self::read_mcu::<3>,
                4 => Self::read_mcu::<4>,
                5 => Self::read_mcu::<5>,
                6 => Self::read_mcu::<6>,
                7 => Self::read_mcu::<7>,
                _ => Self::read_mcu::<8>,
            },
            low: LowFrequencies::of(side.into(), &component.table),
            reduced: Reduced::to(side),
            width: reduced_size.0 as usize,
            average: Average::new(reduced_size, target),
            target,
            rows: Vec::new(),
            row: 0,
        }
    }

    /// Makes room for a row of MCUs with so many blocks each.
    fn begin(&mut self, mcus: u32, (across, down): (u32, u32)) {
        self.row = (mcus * across) as usize * self.side;
        self.rows = vec![0.0; self.row * down as usize * self.side];
    }

    /// Reads the blocks of one MCU.
    fn read_mcu<const SIDE: usize>(
        &mut self,
        column: u32,
        (component, prediction, from): Source<'_, '_>,
    ) -> Option<()> {
        let mut frequencies = [0.0; 64];
        let (wide, high) = (component.blocks.0 as usize, component.blocks.1 as usize);
        for down in 0..high {
            for across in 0..wide {
                component
                    .coder
                    .read_low(&self.low, &mut frequencies, prediction, from)?;
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
            let line = line.get(..self.width).unwrap_or(line);
            self.average.push(line.iter().map(|&sample| [grey(sample)]));
        }
    }

    /// The rows that are finished, and were not taken yet.
    fn take(&mut self) -> GrayImage {
        let rows = self.average.take();
        let height = rows.len() / self.width.max(1);
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
