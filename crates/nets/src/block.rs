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
    /// The output, by at most `threads` threads.
    #[must_use]
    pub fn run(&self, input: &Tensor, threads: usize) -> Tensor {
        self.run_at(Level::new(), input, threads)
    }

    pub(crate) fn run_at(&self, level: Level, input: &Tensor, threads: usize) -> Tensor {
        let (height, width) = self.widen.size(input);
        let stride = self.middle.stride();
        let outputs = self.narrow.outputs();
        let mut output = Tensor::zeros(height.div_ceil(stride), width.div_ceil(stride), outputs);
        in_bands(&mut output, threads, |first, band| {
            dispatch!(level, simd => self.band(simd, input, first, band));
        });
        output
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
            for y in wide.forget_before(needed.start)..needed.end {
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
                let input = &wide.values[y * stride * wide.length..];
                self.middle.row(simd, input, wide.length, row);
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

/// A few rows of the wide tensor, with its border.
struct Wide {
    values: Vec<f32>,
    /// Numbers of a row.
    length: usize,
    /// The number of the first row, and of the first that is not yet computed.
    first: usize,
    next: usize,
}

impl Wide {
    fn new(width: usize, channels: usize, rows: usize) -> Self {
        let length = (width + 2) * channels;
        Self {
            values: vec![0.0; rows * length],
            length,
            first: 0,
            next: 0,
        }
    }

    /// Keeps what is computed from row `first` on; returns the first row that is not.
    fn forget_before(&mut self, first: usize) -> usize {
        if self.next > first {
            let kept = (first - self.first) * self.length..(self.next - self.first) * self.length;
            self.values.copy_within(kept, 0);
        } else {
            self.next = first;
        }
        self.first = first;
        self.next
    }

    /// The row, which will be computed now.
    fn row(&mut self, number: usize) -> &mut [f32] {
        self.next = number + 1;
        let start = (number - self.first) * self.length;
        &mut self.values[start..start + self.length]
    }
}
