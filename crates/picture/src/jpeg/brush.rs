//! What a drawing does to the samples of one block.
//!
//! Every layer mixes its colour into what lies beneath, so that whatever was there before, all
//! layers together leave a share of it and add something. Both are found per pixel and then
//! averaged over the pixels of a sample; what no layer covers stays as it is to the last bit.

use std::ops::Range;

use super::code::Steps;
use super::dct::{self, Square};
use super::structure::{Component, Structure, Table, most_brightness};
use crate::colour::Space;
use crate::sheet::Layer;

/// The brightness that is stored as zero.
const ZERO: f32 = 128.0;

/// One component, as far as drawing is concerned.
#[derive(Debug)]
pub(super) struct Brush {
    pub(super) space: Space,
    /// Which channel of the space this is.
    pub(super) channel: usize,
    pub(super) quantisation: Table,
    /// Pixels of a sample, across and down.
    pub(super) pixels: (u32, u32),
}

impl Brush {
    /// One for each component.
    pub(super) fn all(structure: &Structure<'_>) -> Vec<Self> {
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

    /// Draws what `layers` have on the block in `column` and `row`, counted in blocks.
    pub(super) fn draw(&self, steps: &mut Steps, column: u32, row: u32, layers: &[&Layer]) {
        let (across, down) = (8 * self.pixels.0, 8 * self.pixels.1);
        let columns = column * across..(column + 1) * across;
        let rows = row * down..(row + 1) * down;
        let mut layers = layers
            .iter()
            .filter(|layer| layer.reaches(&columns, &rows))
            .peekable();
        if layers.peek().is_none() {
            return;
        }
        let mut tile = Tile::new(columns.clone(), rows.clone());
        for layer in layers {
            let value = self.space.pixel(layer.colour())[self.channel];
            tile.cover(layer, f32::from(value) - ZERO);
        }
        let mut samples = self.samples(steps);
        tile.apply(&mut samples, self.pixels);
        *steps = self.steps(&samples);
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

    fn steps(&self, samples: &Square) -> Steps {
        quantised(&dct::forward(samples), &self.quantisation)
    }
}

/// The nearest steps. Bounded as those of a picture would be, so that any code for eight bits
/// will do.
pub(super) fn quantised(frequencies: &Square, table: &Table) -> Steps {
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

/// The pixels of a block: the share of each that stays, and what is added.
struct Tile {
    columns: Range<u32>,
    rows: Range<u32>,
    pixels: Vec<(f32, f32)>,
}

impl Tile {
    fn new(columns: Range<u32>, rows: Range<u32>) -> Self {
        Self {
            pixels: vec![(1.0, 0.0); columns.len() * rows.len()],
            columns,
            rows,
        }
    }

    fn cover(&mut self, layer: &Layer, value: f32) {
        let width = self.columns.len();
        let lines = self.rows.clone().zip(self.pixels.chunks_exact_mut(width));
        for (y, line) in lines {
            for (x, (kept, added)) in self.columns.clone().zip(line) {
                let share = f32::from(layer.coverage(x, y)) / 255.0;
                *kept *= 1.0 - share;
                *added += (value - *added) * share;
            }
        }
    }

    /// Samples are as many `pixels` wide and high as given.
    #[expect(clippy::cast_precision_loss, reason = "few pixels")]
    fn apply(&self, samples: &mut Square, (wide, high): (u32, u32)) {
        let (wide, high) = (wide as usize, high as usize);
        let share = 1.0 / (wide * high) as f32;
        for (y, line) in samples.iter_mut().enumerate() {
            for (x, sample) in line.iter_mut().enumerate() {
                let rows = self.pixels.chunks_exact(8 * wide).skip(y * high).take(high);
                let pixels = rows.flat_map(|row| &row[x * wide..(x + 1) * wide]);
                let (kept, added) = pixels.fold((0.0, 0.0), |(kept, added), pixel| {
                    (kept + pixel.0, added + pixel.1)
                });
                *sample = (*sample * kept + added) * share;
            }
        }
    }
}
