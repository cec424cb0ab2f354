//! Lays an overlay over the samples of one block.
//!
//! Of each pixel beneath the overlay a share stays, and a share of the overlay's colour is added. Both
//! are averaged over the pixels of a sample; blocks without a tile of the overlay stay as they are to
//! the last bit.

use std::ops::Range;

use image::Rgba;

use super::dct::{self, Square};
use super::entropy::Coefficients;
use super::frame::Component;
use super::structure::Structure;
use super::table::{Table, max_dc};
use crate::colour::Space;
use crate::overlay::{Overlay, Shown};

/// The value of a sample that is stored as zero.
const ZERO: f32 = 128.0;

/// Draws on the blocks of one component.
#[derive(Debug)]
pub(crate) struct Brush {
    space: Space,
    /// Which channel of the space this is.
    channel: usize,
    pub(crate) quantisation: Table,
    pub(crate) divisors: Divisors,
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
            divisors: Divisors::of(&component.table),
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

    /// Whether anything is drawn on the block in `column` and `row`, counted in blocks.
    pub(crate) fn touches(&self, column: u32, row: u32, overlay: &Overlay) -> bool {
        let (columns, rows) = self.area(column, row);
        overlay.touches(&columns, &rows)
    }

    /// Draws on the block in `column` and `row`, counted in blocks.
    pub(crate) fn draw(
        &self,
        coefficients: &mut Coefficients,
        column: u32,
        row: u32,
        overlay: &Overlay,
    ) {
        if let Some([r, g, b]) = self.ground(column, row, overlay) {
            // Nothing is left of what is beneath.
            let mut frequencies = [0.0; 8];
            frequencies[0] = 8.0 * value(self.space, self.channel, [r, g, b]);
            *coefficients = [0; 64];
            coefficients[0] = self.divisors.quantised_row(0, &frequencies)[0];
            return;
        }
        let mut shares = Shares {
            colours: Channel::new(self.space, self.channel),
            kept: [[0.0; 8]; 8],
            added: [[0.0; 8]; 8],
        };
        for (at, tile) in self.tiles(column, row, overlay) {
            shares.add(&tile, at, self.pixels);
        }
        #[expect(clippy::cast_precision_loss, reason = "16 at most")]
        let pixels = (self.pixels.0 * self.pixels.1) as f32;
        let is_covered = shares.kept.as_flattened().iter().all(|kept| *kept == 0.0);
        let mut samples = if is_covered {
            [[0.0; 8]; 8]
        } else {
            self.samples(coefficients)
        };
        let sums = shares.kept.iter().zip(&shares.added);
        for (line, (kept, added)) in samples.iter_mut().zip(sums) {
            for (sample, (kept, added)) in line.iter_mut().zip(kept.iter().zip(added)) {
                *sample = (*sample * kept + added) / pixels;
            }
        }
        *coefficients = self.divisors.quantised(&dct::forward(&samples));
    }

    /// The tiles above a block, each with its column and row among them.
    fn tiles<'o>(
        &self,
        column: u32,
        row: u32,
        overlay: &'o Overlay,
    ) -> impl Iterator<Item = ((u32, u32), Shown<'o>)> + use<'o> {
        let (wide, high) = self.pixels;
        let places = (0..high).flat_map(move |down| (0..wide).map(move |across| (across, down)));
        places.map(move |(across, down)| {
            let tile = overlay.shown(column * wide + across, row * high + down);
            ((across, down), tile)
        })
    }

    /// The one opaque colour of all tiles above a block, if they have no other.
    fn ground(&self, column: u32, row: u32, overlay: &Overlay) -> Option<[u8; 3]> {
        let opaque = |tile: &Shown<'_>| match tile {
            Shown::Even(Rgba([r, g, b, 255])) => Some([*r, *g, *b]),
            _ => None,
        };
        let mut tiles = self.tiles(column, row, overlay).map(|(_, tile)| tile);
        let ground = opaque(&tiles.next()?)?;
        tiles
            .all(|tile| opaque(&tile) == Some(ground))
            .then_some(ground)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "both factors have 16 bits at most"
    )]
    fn samples(&self, coefficients: &Coefficients) -> Square {
        let value = |at: usize| (coefficients[at] * i32::from(self.quantisation[at])) as f32;
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

/// The effect of one pixel.
#[derive(Debug, Clone, Copy)]
struct Share {
    /// The part that stays.
    kept: f32,
    /// Its colour, as far as it covers.
    added: f32,
}

/// The sums of the shares of the pixels above each sample of a block.
struct Shares {
    colours: Channel,
    kept: Square,
    added: Square,
}

impl Shares {
    /// Adds a tile that lies in this column and row of those above the block, each sample of which has so
    /// many pixels.
    fn add(&mut self, tile: &Shown<'_>, (across, down): (u32, u32), pixels: (u32, u32)) {
        let columns = samples_of(across, pixels.0);
        let rows = samples_of(down, pixels.1);
        match tile {
            Shown::Even(colour) => {
                let share = self.colours.share(*colour);
                for row in rows {
                    let (kept, added) = (&mut self.kept[row & 7], &mut self.added[row & 7]);
                    for column in columns {
                        kept[column & 7] += share.kept;
                        added[column & 7] += share.added;
                    }
                }
            }
            Shown::Each(tile) => {
                for (line, row) in tile.as_chunks::<8>().0.iter().zip(rows) {
                    let (kept, added) = (&mut self.kept[row & 7], &mut self.added[row & 7]);
                    for (pixel, column) in line.iter().zip(columns) {
                        let share = self.colours.share(*pixel);
                        kept[column & 7] += share.kept;
                        added[column & 7] += share.added;
                    }
                }
            }
        }
    }
}

/// One channel of colours. Neighbours are mostly alike, so the last one is remembered.
struct Channel {
    space: Space,
    number: usize,
    last: (Rgba<u8>, Share),
}

impl Channel {
    fn new(space: Space, number: usize) -> Self {
        let clear = Share {
            kept: 1.0,
            added: 0.0,
        };
        Self {
            space,
            number,
            last: (Rgba([0; 4]), clear),
        }
    }

    /// The effect of one pixel.
    #[inline]
    fn share(&mut self, pixel: Rgba<u8>) -> Share {
        if self.last.0 != pixel {
            self.last = (pixel, self.other(pixel));
        }
        self.last.1
    }

    fn other(&self, Rgba([r, g, b, opacity]): Rgba<u8>) -> Share {
        let share = f32::from(opacity) / 255.0;
        let value = value(self.space, self.number, [r, g, b]);
        Share {
            kept: 1.0 - share,
            added: value * share,
        }
    }
}

fn value(space: Space, channel: usize, colour: [u8; 3]) -> f32 {
    f32::from(space.pixel(colour)[channel]) - ZERO
}

/// What frequencies are divided by to be quantised, in rows of eight.
#[derive(Debug)]
pub(crate) struct Divisors {
    rows: Square,
    /// The largest DC coefficient.
    max_dc: i32,
}

impl Divisors {
    pub(crate) fn of(table: &Table) -> Self {
        let number = |at: usize| f32::from(table[at].max(1));
        Self {
            rows: std::array::from_fn(|row| std::array::from_fn(|column| number(8 * row + column))),
            max_dc: max_dc(table).cast_signed(),
        }
    }

    /// The nearest coefficients. Bounded as those of a picture would be, so that the Huffman tables of any
    /// baseline file have symbols for them.
    pub(crate) fn quantised(&self, frequencies: &Square) -> Coefficients {
        let mut coefficients = [0; 64];
        for (row, coefficients) in coefficients.as_chunks_mut().0.iter_mut().enumerate() {
            *coefficients = self.quantised_row(row, &frequencies[row]);
        }
        coefficients
    }

    /// The same of row `row`.
    #[inline]
    pub(crate) fn quantised_row(&self, row: usize, frequencies: &[f32; 8]) -> [i32; 8] {
        // Added to a number far below its own size, it makes the units the last bits of the sum.
        const UNITS: f32 = 12_582_912.0;
        let divisors = &self.rows[row];
        let mut coefficients: [i32; 8] = std::array::from_fn(|column| {
            let coefficient = frequencies[column] / divisors[column];
            let sum = coefficient.clamp(-1023.0, 1023.0) + UNITS;
            sum.to_bits().cast_signed() - UNITS.to_bits().cast_signed()
        });
        if row == 0 {
            coefficients[0] = coefficients[0].clamp(-self.max_dc, self.max_dc);
        }
        coefficients
    }
}
