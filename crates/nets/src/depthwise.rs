//! Convolutions that keep channels apart.

use fearless_simd::f32x16;
use fearless_simd::prelude::*;

use crate::LANES;
use crate::weights::{BadWeights, Weights};

/// A convolution of each channel by itself, with windows of three by three pixels, a bias, and
/// negative outputs at zero.
#[derive(Clone, Debug)]
pub struct Depthwise {
    stride: usize,
    groups: Vec<Group>,
}

/// Weights and biases of [`LANES`] channels.
#[derive(Clone, Debug)]
struct Group {
    weights: [[f32; LANES]; 9],
    bias: [f32; LANES],
}

impl Depthwise {
    /// Reads weights (of each channel, by row and column) and then the biases; channels come in
    /// sixteens.
    ///
    /// # Errors
    /// When there are too few.
    pub fn read(
        weights: &mut Weights<'_>,
        channels: usize,
        stride: usize,
    ) -> Result<Self, BadWeights> {
        let values = weights.take(9 * channels)?;
        let biases = weights.take(channels)?;
        let (values, _) = values.as_chunks::<9>();
        let (values, _) = values.as_chunks::<LANES>();
        let (biases, rest) = biases.as_chunks::<LANES>();
        if !rest.is_empty() {
            return Err(BadWeights);
        }
        let group = |(values, &bias): (&[[f32; 9]; LANES], _)| Group {
            weights: std::array::from_fn(|place| values.map(|it| it[place])),
            bias,
        };
        Ok(Self {
            stride,
            groups: values.iter().zip(biases).map(group).collect(),
        })
    }

    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    pub(crate) fn channels(&self) -> usize {
        self.groups.len() * LANES
    }

    /// One row of output from three rows, which have a border.
    #[inline(always)]
    pub(crate) fn row<S: Simd>(&self, simd: S, rows: [&[f32]; 3], output: &mut [f32]) {
        let channels = self.channels();
        let step = self.stride * channels;
        for (number, group) in self.groups.iter().enumerate() {
            let first = number * LANES;
            let bias = f32x16::from_slice(simd, &group.bias);
            let mut weights = [bias; 9];
            for place in 0..9 {
                weights[place] = f32x16::from_slice(simd, &group.weights[place]);
            }
            for (x, pixel) in output.chunks_exact_mut(channels).enumerate() {
                let mut sum = bias;
                for place in 0..9 {
                    let at = x * step + place % 3 * channels + first;
                    let values = f32x16::from_slice(simd, &rows[place / 3][at..at + LANES]);
                    sum = values.mul_add(weights[place], sum);
                }
                sum.max(0.0).store_slice(&mut pixel[first..first + LANES]);
            }
        }
    }
}
