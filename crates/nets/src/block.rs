//! Inverted residual blocks.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};

use crate::bands::in_bands;
use crate::conv::{Conv, Part, Target};
use crate::depthwise::Depthwise;
use crate::tensor::Tensor;

/// Pixels of output that a strip has at least, so that the weights are not read for a few.
const STRIP_PIXELS: usize = 120;

/// A convolution to more channels, one of each of these channels by itself, and one to fewer.
///
/// The convolution in the middle has a border of zeros, one pixel wide.
#[derive(Clone, Debug)]
pub struct Block {
    /// The first one, rectified.
    pub widen: Conv,
    /// The one in the middle.
    pub middle: Depthwise,
    /// The last one, which sees one pixel at a time.
    pub narrow: Conv,
    /// Whether the input is added to the output.
    pub residual: bool,
}

impl Block {
    /// Makes `output` the output, whatever it is before, by at most `threads` threads. Its memory is
    /// used again.
    pub fn run(&self, input: &Tensor, output: &mut Tensor, threads: usize) {
        self.run_at(Level::new(), input, output, threads);
    }

    pub(crate) fn run_at(&self, level: Level, input: &Tensor, output: &mut Tensor, threads: usize) {
        let (height, width) = self.widen.size(input);
        let stride = self.middle.stride();
        let outputs = self.narrow.outputs();
        output.reshape(height.div_ceil(stride), width.div_ceil(stride), outputs);
        in_bands(output, threads, |first, band| {
            dispatch!(level, simd => self.band(simd, input, first, band));
        });
    }

    /// Writes the rows of output from `first` on.
    #[inline(always)]
    fn band<S: Simd>(&self, simd: S, input: &Tensor, first: usize, band: &mut [f32]) {
        let stride = self.middle.stride();
        let channels = self.middle.channels();
        let (height, width) = self.widen.size(input);
        let out_width = width.div_ceil(stride);
        let out_row = out_width * self.narrow.outputs();
        let strip_rows = STRIP_PIXELS.div_ceil(out_width);
        let mut wide = Wide::new(width, channels, (strip_rows - 1) * stride + 3);
        let mut middle = vec![0.0; strip_rows * out_width * channels];
        for (number, strip) in band.chunks_mut(strip_rows * out_row).enumerate() {
            let top = first + number * strip_rows;
            let rows = strip.len() / out_row;
            // Rows of the wide tensor are counted from its border.
            let needed = top * stride..(top + rows - 1) * stride + 3;
            for y in wide.missing(needed.start)..needed.end {
                let row = wide.row(y);
                if (1..=height).contains(&y) {
                    let mut target = Target {
                        values: row,
                        start: channels,
                        row: 0,
                    };
                    self.widen.rows(simd, input, y - 1..y, &mut target, None);
                } else {
                    row.fill(0.0);
                }
            }
            let length = out_width * channels;
            for (y, row) in middle.chunks_exact_mut(length).take(rows).enumerate() {
                self.middle.row(simd, wide.three((top + y) * stride), row);
            }
            let part = Part {
                values: &middle,
                row: length,
                width: out_width,
                rows: 0..rows,
            };
            let start = top * out_row;
            let added = self
                .residual
                .then(|| &input.values()[start..start + strip.len()]);
            let mut target = Target {
                values: strip,
                start: 0,
                row: out_row,
            };
            self.narrow.part(simd, &part, &mut target, added);
        }
    }
}

/// The last rows of the wide tensor that were computed, with its border. Each new one takes the
/// place of the oldest.
struct Wide {
    values: Vec<f32>,
    /// Numbers of a row.
    length: usize,
    /// Rows that there is room for.
    count: usize,
    /// The number of the first row that is not yet computed.
    next: usize,
}

impl Wide {
    fn new(width: usize, channels: usize, count: usize) -> Self {
        let length = (width + 2) * channels;
        Self {
            values: vec![0.0; count * length],
            length,
            count,
            next: 0,
        }
    }

    /// The first row from `first` on that is not yet computed.
    fn missing(&self, first: usize) -> usize {
        self.next.max(first)
    }

    /// The row, which will be computed now.
    fn row(&mut self, number: usize) -> &mut [f32] {
        self.next = number + 1;
        let start = number % self.count * self.length;
        &mut self.values[start..start + self.length]
    }

    /// Three rows from this one on.
    fn three(&self, first: usize) -> [&[f32]; 3] {
        [first, first + 1, first + 2].map(|number| {
            let start = number % self.count * self.length;
            &self.values[start..start + self.length]
        })
    }
}
