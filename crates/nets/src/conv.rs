//! Convolutions.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, f32x16};

use crate::LANES;
use crate::bands::in_bands;
use crate::tensor::Tensor;
use crate::weights::{BadWeights, Weights};

/// What a convolution goes from and to.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Channels of its input.
    pub inputs: usize,
    /// Channels of its output.
    pub outputs: usize,
    /// Pixels along each side of its window.
    pub side: usize,
    /// Pixels of the input from one window to the next.
    pub stride: usize,
}

impl Shape {
    /// Of a convolution that sees one pixel at a time.
    #[must_use]
    pub fn pointwise(inputs: usize, outputs: usize) -> Self {
        Self {
            inputs,
            outputs,
            side: 1,
            stride: 1,
        }
    }
}

/// A convolution, with a bias for each of its outputs.
#[derive(Clone, Debug)]
pub struct Conv {
    shape: Shape,
    rectified: bool,
    panels: Vec<Panel>,
}

/// The weights of [`LANES`] outputs, in the order in which the input lies in memory.
#[derive(Clone, Debug)]
struct Panel {
    weights: Vec<[f32; LANES]>,
    bias: [f32; LANES],
}

/// Rows of pixels that are written.
pub(crate) struct Target<'a> {
    pub(crate) values: &'a mut [f32],
    /// Where the first pixel is.
    pub(crate) start: usize,
    /// Numbers from row to row.
    pub(crate) row: usize,
}

impl Conv {
    /// Reads weights (of each output, by input, row and column) and then the biases.
    ///
    /// # Errors
    /// When there are too few.
    pub fn read(weights: &mut Weights<'_>, shape: Shape) -> Result<Self, BadWeights> {
        let window = shape.side * shape.side;
        let values = weights.take(shape.outputs * shape.inputs * window)?;
        let biases = weights.take(shape.outputs)?;
        Ok(Self::new(shape, &values, &biases))
    }

    pub(crate) fn new(shape: Shape, values: &[f32], biases: &[f32]) -> Self {
        let window = shape.side * shape.side;
        let depth = window * shape.inputs;
        let mut panels = Vec::new();
        for (values, biases) in values.chunks(LANES * depth).zip(biases.chunks(LANES)) {
            let mut panel = Panel {
                weights: vec![[0.0; LANES]; depth],
                bias: [0.0; LANES],
            };
            panel.bias[..biases.len()].copy_from_slice(biases);
            for (lane, values) in values.chunks_exact(depth).enumerate() {
                for (input, values) in values.chunks_exact(window).enumerate() {
                    for (place, &value) in values.iter().enumerate() {
                        panel.weights[place * shape.inputs + input][lane] = value;
                    }
                }
            }
            panels.push(panel);
        }
        Self {
            shape,
            rectified: false,
            panels,
        }
    }

    /// With negative outputs at zero.
    #[must_use]
    pub fn rectified(self) -> Self {
        Self {
            rectified: true,
            ..self
        }
    }

    /// The output for an input that has its border already, by at most `threads` threads.
    #[must_use]
    pub fn run(&self, input: &Tensor, threads: usize) -> Tensor {
        self.run_at(Level::new(), input, threads)
    }

    pub(crate) fn run_at(&self, level: Level, input: &Tensor, threads: usize) -> Tensor {
        let (height, width) = self.size(input);
        let mut output = Tensor::zeros(height, width, self.shape.outputs);
        let row = output.row_length();
        in_bands(&mut output, threads, |first, band| {
            let rows = first..first + band.len() / row;
            let mut target = Target {
                values: band,
                start: 0,
                row,
            };
            dispatch!(level, simd => self.rows(simd, input, rows, &mut target, None));
        });
        output
    }

    /// Rows and columns of the output.
    pub(crate) fn size(&self, input: &Tensor) -> (usize, usize) {
        let along = |length: usize| (length - self.shape.side) / self.shape.stride + 1;
        (along(input.height()), along(input.width()))
    }

    pub(crate) fn outputs(&self) -> usize {
        self.shape.outputs
    }

    /// Writes these rows of the output; `added`, which lies as the target does, is added to them.
    #[inline(always)]
    pub(crate) fn rows<S: Simd>(
        &self,
        simd: S,
        input: &Tensor,
        rows: Range<usize>,
        target: &mut Target<'_>,
        added: Option<&[f32]>,
    ) {
        let part = Part {
            values: input.values(),
            row: input.row_length(),
            width: self.size(input).1,
            rows,
        };
        self.part(simd, &part, target, added);
    }

    /// As [`rows`](Self::rows), of numbers that lie in no tensor.
    #[inline(always)]
    pub(crate) fn part<S: Simd>(
        &self,
        simd: S,
        input: &Part<'_>,
        target: &mut Target<'_>,
        added: Option<&[f32]>,
    ) {
        // As many sums as there are registers for.
        simd.vectorize(
            #[inline(always)]
            || {
                if <S::f32s as SimdBase<S>>::LEN == LANES {
                    self.tiles::<S, 12, 2>(simd, input, target, added);
                } else {
                    self.tiles::<S, 6, 1>(simd, input, target, added);
                }
            },
        );
    }

    /// `PIXELS` pixels by `PANELS` panels at a time.
    #[inline(always)]
    fn tiles<S: Simd, const PIXELS: usize, const PANELS: usize>(
        &self,
        simd: S,
        input: &Part<'_>,
        target: &mut Target<'_>,
        added: Option<&[f32]>,
    ) {
        let Shape {
            inputs,
            outputs,
            side,
            stride,
        } = self.shape;
        let count = input.rows.len() * input.width;
        let (groups, others) = self.panels.as_chunks::<PANELS>();
        for first in (0..count).step_by(PIXELS) {
            let mut starts = [0; PIXELS];
            let mut places = [0; PIXELS];
            for (number, (start, place)) in starts.iter_mut().zip(&mut places).enumerate() {
                // What is beyond the last pixel is computed and not written.
                let at = (first + number).min(count - 1);
                let (y, x) = (at / input.width, at % input.width);
                *start = (input.rows.start + y) * stride * input.row + x * stride * inputs;
                *place = target.start + y * target.row + x * outputs;
            }
            let places = &places[..PIXELS.min(count - first)];
            let windows = Windows {
                values: input.values,
                starts: &starts,
                row: input.row,
                rows: side,
                depth: side * inputs,
            };
            for (number, panels) in groups.iter().enumerate() {
                let sums = windows.sums(simd, panels);
                for (panel, sums) in sums.iter().enumerate() {
                    let mut output = self.output(number * PANELS + panel, target.values, added);
                    for (place, sums) in places.iter().zip(sums) {
                        output.write(simd, *place, sums);
                    }
                }
            }
            for (number, panel) in others.iter().enumerate() {
                let [sums] = windows.sums(simd, std::array::from_ref(panel));
                let number = groups.len() * PANELS + number;
                let mut output = self.output(number, target.values, added);
                for (place, sums) in places.iter().zip(&sums) {
                    output.write(simd, *place, sums);
                }
            }
        }
    }

    fn output<'a>(
        &self,
        panel: usize,
        values: &'a mut [f32],
        added: Option<&'a [f32]>,
    ) -> Output<'a> {
        let channel = panel * LANES;
        Output {
            values,
            added,
            rectified: self.rectified,
            channel,
            lanes: LANES.min(self.shape.outputs - channel),
        }
    }
}

/// What a panel's sums become.
struct Output<'a> {
    values: &'a mut [f32],
    added: Option<&'a [f32]>,
    rectified: bool,
    /// The first channel.
    channel: usize,
    /// The number of channels.
    lanes: usize,
}

impl Output<'_> {
    #[inline(always)]
    fn write<S: Simd>(&mut self, simd: S, place: usize, sums: &[f32; LANES]) {
        let at = place + self.channel;
        if self.lanes == LANES {
            let mut sum = f32x16::from_slice(simd, sums);
            if let Some(added) = self.added {
                sum += f32x16::from_slice(simd, &added[at..at + LANES]);
            }
            if self.rectified {
                sum = sum.max(0.0);
            }
            sum.store_slice(&mut self.values[at..at + LANES]);
            return;
        }
        for (lane, value) in self.values[at..at + self.lanes].iter_mut().enumerate() {
            let sum = sums[lane] + self.added.map_or(0.0, |added| added[at + lane]);
            *value = if self.rectified { sum.max(0.0) } else { sum };
        }
    }
}

/// Rows of an input.
pub(crate) struct Part<'a> {
    pub(crate) values: &'a [f32],
    /// Numbers from row to row.
    pub(crate) row: usize,
    /// Pixels of a row of the output.
    pub(crate) width: usize,
    /// Rows of the output.
    pub(crate) rows: Range<usize>,
}

/// What several pixels of the output are made of.
struct Windows<'a, const PIXELS: usize> {
    values: &'a [f32],
    starts: &'a [usize; PIXELS],
    /// Numbers from row to row.
    row: usize,
    /// Rows of a window.
    rows: usize,
    /// Numbers of a row of a window.
    depth: usize,
}

impl<const PIXELS: usize> Windows<'_, PIXELS> {
    /// The outputs of each panel, of each pixel.
    #[inline(always)]
    fn sums<S: Simd, const PANELS: usize>(
        &self,
        simd: S,
        panels: &[Panel; PANELS],
    ) -> [[[f32; LANES]; PIXELS]; PANELS] {
        let zero = f32x16::splat(simd, 0.0);
        let mut sums = [[zero; PIXELS]; PANELS];
        for panel in 0..PANELS {
            sums[panel] = [f32x16::from_slice(simd, &panels[panel].bias); PIXELS];
        }
        for row in 0..self.rows {
            let mut pixels: [&[f32]; PIXELS] = [&[]; PIXELS];
            for pixel in 0..PIXELS {
                let start = self.starts[pixel] + row * self.row;
                pixels[pixel] = &self.values[start..start + self.depth];
            }
            let mut weights: [&[[f32; LANES]]; PANELS] = [&[]; PANELS];
            for panel in 0..PANELS {
                weights[panel] = &panels[panel].weights[row * self.depth..(row + 1) * self.depth];
            }
            for at in 0..self.depth {
                let mut factors = [zero; PANELS];
                for panel in 0..PANELS {
                    factors[panel] = f32x16::from_slice(simd, &weights[panel][at]);
                }
                for pixel in 0..PIXELS {
                    let value = f32x16::splat(simd, pixels[pixel][at]);
                    for panel in 0..PANELS {
                        sums[panel][pixel] = value.mul_add(factors[panel], sums[panel][pixel]);
                    }
                }
            }
        }
        // Only what is copied stays in registers until here.
        let mut outputs = [[[0.0; LANES]; PIXELS]; PANELS];
        for panel in 0..PANELS {
            for pixel in 0..PIXELS {
                sums[panel][pixel].store_slice(&mut outputs[panel][pixel]);
            }
        }
        outputs
    }
}
