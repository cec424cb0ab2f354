//! Lays a sheet over the samples of one block.
//!
//! Of each pixel beneath the sheet a share stays, and a share of the sheet's colour is added. Both
//! are averaged over the pixels of a sample; blocks without a tile of the sheet stay as they are to
//! the last bit.

use std::ops::Range;

use image::Rgba;

use super::code::Steps;
use super::dct::{self, Square};
use super::frame::Component;
use super::structure::Structure;
use super::table::{Table, most_brightness};
use crate::colour::Space;
use crate::sheet::Sheet;

/// The brightness that is stored as zero.
const ZERO: f32 = 128.0;

/// Draws on the blocks of one component.
#[derive(Debug)]
pub(crate) struct Brush {
    space: Space,
    /// Which channel of the space this is.
    channel: usize,
    pub(crate) quantisation: Table,
    /// Pixels of a sample, across and down.
    pixels: (u32, u32),
}

impl Brush {
    /// One for each component.
    pub(crate) fn all(structure: &Structure<'_>) -> Vec<Self> {
        let (horizontal, vertical) = structure.sampling();
        let brush = |(channel, component): (usize, &Component)| Self {
            space: structure.space,
            channel,
            quantisation: component.table,
            pixels: (
                u32::from(horizontal / component.horizontal),
                u32::from(vertical / component.vertical),
            ),
        };
        structure.components.iter().enumerate().map(brush).collect()
    }

    /// The columns and rows of pixels of the block in `column` and `row`, counted in blocks.
    pub(crate) fn area(&self, column: u32, row: u32) -> (Range<u32>, Range<u32>) {
        let (across, down) = (8 * self.pixels.0, 8 * self.pixels.1);
        let columns = column * across..(column + 1) * across;
        (columns, row * down..(row + 1) * down)
    }

    /// Draws on the block in `column` and `row`, counted in blocks.
    pub(crate) fn draw(&self, steps: &mut Steps, column: u32, row: u32, sheet: &Sheet) {
        let (columns, rows) = self.area(column, row);
        if !sheet.touches(&columns, &rows) {
            return;
        }
        let mut colours = Channel::new(self.space, self.channel);
        let mut shares = [[Share::default(); 8]; 8];
        let tiles = (column * self.pixels.0, row * self.pixels.1);
        for down in 0..self.pixels.1 {
            for across in 0..self.pixels.0 {
                let tile = sheet.tile_pixels(tiles.0 + across, tiles.1 + down);
                let columns = samples_of(across, self.pixels.0);
                let rows = samples_of(down, self.pixels.1);
                for (line, row) in tile.as_chunks::<8>().0.iter().zip(rows) {
                    for (pixel, column) in line.iter().zip(columns) {
                        shares[row][column].add(*pixel, &mut colours);
                    }
                }
            }
        }
        let mut samples = self.samples(steps);
        for (sample, share) in samples.iter_mut().flatten().zip(shares.iter().flatten()) {
            *sample = share.over(*sample);
        }
        *steps = quantised(&dct::forward(&samples), &self.quantisation);
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "both factors have 16 bits at most"
    )]
    fn samples(&self, steps: &Steps) -> Square {
        let value = |at: usize| (steps[at] * i32::from(self.quantisation[at])) as f32;
        dct::inverse(&std::array::from_fn(|row| {
            std::array::from_fn(|column| value(8 * row + column))
        }))
    }
}

/// The samples along one side of a block in which the pixels of tile number `tile` lie, if each
/// sample has so many pixels.
fn samples_of(tile: u32, pixels: u32) -> [usize; 8] {
    let mut samples = [0; 8];
    for (at, sample) in (8 * tile..).zip(&mut samples) {
        *sample = (at / pixels) as usize % 8;
    }
    samples
}

/// The effect of the pixels above one sample.
#[derive(Debug, Default, Clone, Copy)]
struct Share {
    pixels: f32,
    /// The sum of the parts that stay.
    kept: f32,
    /// The sum of the colours, each as far as it covers.
    added: f32,
}

impl Share {
    fn add(&mut self, Rgba([r, g, b, opacity]): Rgba<u8>, colours: &mut Channel) {
        let share = f32::from(opacity) / 255.0;
        self.pixels += 1.0;
        self.kept += 1.0 - share;
        if opacity > 0 {
            self.added += colours.value([r, g, b]) * share;
        }
    }

    fn over(&self, sample: f32) -> f32 {
        (sample * self.kept + self.added) / self.pixels
    }
}

/// One channel of colours. Neighbours are mostly alike, so the last one is remembered.
struct Channel {
    space: Space,
    number: usize,
    last: ([u8; 3], f32),
}

impl Channel {
    fn new(space: Space, number: usize) -> Self {
        let black = [0; 3];
        Self {
            space,
            number,
            last: (black, value(space, number, black)),
        }
    }

    fn value(&mut self, colour: [u8; 3]) -> f32 {
        if self.last.0 != colour {
            self.last = (colour, value(self.space, self.number, colour));
        }
        self.last.1
    }
}

fn value(space: Space, channel: usize, colour: [u8; 3]) -> f32 {
    f32::from(space.pixel(colour)[channel]) - ZERO
}

/// The nearest steps. Bounded as those of a picture would be, so that any code for eight bits
/// will do.
pub(crate) fn quantised(frequencies: &Square, table: &Table) -> Steps {
    // Added to a number far below its own size, it makes the units the last bits of the sum.
    const UNITS: f32 = 12_582_912.0;
    let frequencies = frequencies.as_flattened();
    let mut steps: Steps = std::array::from_fn(|at| {
        let step = frequencies[at] / f32::from(table[at].max(1));
        let sum = step.clamp(-1023.0, 1023.0) + UNITS;
        sum.to_bits().cast_signed() - UNITS.to_bits().cast_signed()
    });
    let most = most_brightness(table).cast_signed();
    steps[0] = steps[0].clamp(-most, most);
    steps
}
